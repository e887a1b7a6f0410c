// The native functions behind WebCrypto's pairs of keys; agent/js/web/crypto_pairs.js calls them.
#pragma once

#include <v8.h>

namespace lockstep::agent {

// Adds them to `functions`. A key is an object that only these functions can read.
void AddKeyPairFunctions(v8::Local<v8::Context> context, v8::Local<v8::Object> functions);

}  // namespace lockstep::agent
