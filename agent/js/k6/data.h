// The module `k6/data`: the class SharedArray.
#pragma once

#include <v8.h>

#include "agent/data/shared_array.h"
#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// The module's exports as properties of an object. `vu` and `store` outlive the context.
v8::Local<v8::Object> MakeDataModule(v8::Local<v8::Context> context, ApiVu& vu,
                                     SharedArrayStore& store);

}  // namespace lockstep::agent
