// The module `k6/encoding`: base64 in four alphabets.
#pragma once

#include <v8.h>

namespace lockstep::agent {

// The module's exports as properties of an object. Needs no VU.
v8::Local<v8::Object> MakeEncodingModule(v8::Local<v8::Context> context);

}  // namespace lockstep::agent
