// What the global `crypto` of scripts (agent/js/web/crypto.js) needs from C++: bytes in, bytes out.
#pragma once

#include <v8.h>

namespace lockstep::agent {

// The functions random, hash, hmac, equal, aes, pbkdf2 and hkdf as properties of an object. Bytes
// go in as ArrayBuffers or views and come out as ArrayBuffers; what is impossible is an exception
// whose message says what is allowed. Needs no VU.
v8::Local<v8::Object> MakeWebCryptoFunctions(v8::Local<v8::Context> context);

}  // namespace lockstep::agent
