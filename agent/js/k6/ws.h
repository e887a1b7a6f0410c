// The module `k6/ws`: connect(), which waits until its connection is closed and calls the script's
// handlers meanwhile.
#pragma once

#include <v8.h>

#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// The module's exports as properties of an object. `vu` outlives the context.
v8::Local<v8::Object> MakeWsModule(Context context, ApiVu& vu);

}  // namespace lockstep::agent
