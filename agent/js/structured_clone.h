// The global function structuredClone.
#pragma once

#include <v8.h>

namespace lockstep::agent {

// structuredClone(value, { transfer }): a deep copy; what cannot be copied is a DataCloneError.
// ArrayBuffers in `transfer` are moved and not copied.
void StructuredClone(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace lockstep::agent
