// The parameters of a request: the last argument of the functions of `k6/http`.
#pragma once

#include <v8.h>

#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/http_draft.h"

namespace lockstep::agent {

// Reads `params` (undefined and null are none) into the draft. False with `draft.fault` set, or
// with a pending exception.
bool ReadHttpParams(Context context, ApiVu& vu, v8::Local<v8::Value> params, RequestDraft& draft);

}  // namespace lockstep::agent
