// The module `k6/data`: the class SharedArray.
#pragma once

#include <cstdint>

#include <v8.h>

#include "agent/data/shared_array.h"
#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// The module's exports as properties of an object. `vu` and `store` outlive the context.
v8::Local<v8::Object> MakeDataModule(Context context, ApiVu& vu, SharedArrayStore& store);

// An array as SharedArray makes them: it cannot be changed, has `length` elements, and its element
// i is what `load` returns for i, frozen. Empty with a pending exception.
v8::MaybeLocal<v8::Value> MakeSharedArray(Context context, v8::Local<v8::Function> load,
                                          int64_t length);

}  // namespace lockstep::agent
