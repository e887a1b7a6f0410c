// The module `k6/secrets`: secrets of the sources that the coordinator knows, asynchronously.
#pragma once

#include <v8.h>

#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// The module's exports as properties of an object. `vu` outlives the context.
v8::Local<v8::Object> MakeSecretsModule(Context context, ApiVu& vu);

}  // namespace lockstep::agent
