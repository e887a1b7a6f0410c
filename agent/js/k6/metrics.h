// The module `k6/metrics`: the classes Counter, Gauge, Rate and Trend.
#pragma once

#include <v8.h>

#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// The module's exports as properties of an object. `vu` outlives the context.
v8::Local<v8::Object> MakeMetricsModule(Context context, ApiVu& vu);

}  // namespace lockstep::agent
