// The module `k6/experimental/csv`: parse(), which makes an array for all VUs of a whole file, and
// Parser, which goes through it row by row. Both are given a File of k6/experimental/fs. What they
// share in a process is the file's content and where its rows begin; rows become values when a VU
// gets them.
#pragma once

#include <v8.h>

#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// `vu` outlives the context.
v8::Local<v8::Object> MakeCsvModule(Context context, ApiVu& vu);

}  // namespace lockstep::agent
