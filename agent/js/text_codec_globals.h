// The globals TextEncoder and TextDecoder: the standard's, for UTF-8, UTF-16 and windows-1252 (latin1).
#pragma once

#include <v8.h>

namespace lockstep::agent {

void InstallTextCodecs(v8::Local<v8::Context> context);

}  // namespace lockstep::agent
