// The module `k6/crypto/x509`: parse, getAltNames, getIssuer and getSubject of a certificate in
// PEM.
#pragma once

#include <v8.h>

namespace lockstep::agent {

v8::Local<v8::Object> MakeX509Module(v8::Local<v8::Context> context);

}  // namespace lockstep::agent
