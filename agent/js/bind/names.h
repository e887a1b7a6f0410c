// Short names for what nearly every function between V8 and C++ takes.
#pragma once

#include <v8.h>

namespace lockstep::agent {

using Context = v8::Local<v8::Context>;
using Info = v8::FunctionCallbackInfo<v8::Value>;

}  // namespace lockstep::agent
