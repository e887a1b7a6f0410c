// The module `k6/execution`: facts about the run, the scenario and the VU, the VU's tags, and how
// to end the test.
#pragma once

#include <v8.h>

#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// The module's exports as properties of an object. `vu` outlives the context.
v8::Local<v8::Object> MakeExecutionModule(Context context, ApiVu& vu);

}  // namespace lockstep::agent
