// The classes TextEncoder and TextDecoder: the standard's, for UTF-8, UTF-16 and windows-1252
// (latin1).
#pragma once

#include <v8.h>

namespace lockstep::agent {

// Gives `holder` both. False with a pending exception, which only a terminated or exhausted isolate
// has. `context` need not be a World's.
bool SetTextCodecs(v8::Local<v8::Context> context, v8::Local<v8::Object> holder);

}  // namespace lockstep::agent
