// The module `k6/crypto`: hashes, HMAC, random bytes.
#pragma once

#include <v8.h>

namespace lockstep::agent {

// The module's exports as properties of an object. Needs no VU.
v8::Local<v8::Object> MakeCryptoModule(v8::Local<v8::Context> context);

}  // namespace lockstep::agent
