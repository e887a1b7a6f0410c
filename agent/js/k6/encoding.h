// The module `k6/encoding`: base64 in four alphabets.
#pragma once

#include <v8.h>

#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// The module's exports as properties of an object.
v8::Local<v8::Object> MakeEncodingModule(Context context, ApiVu& vu);

}  // namespace lockstep::agent
