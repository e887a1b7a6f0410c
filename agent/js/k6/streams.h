// The module `k6/experimental/streams`: the standard's ReadableStream, WritableStream and
// TransformStream with their readers, writers, controllers and strategies.
#pragma once

#include <v8.h>

namespace lockstep::agent {

// The exports, the same in each call for a context: a stream is an instance of one class wherever
// it comes from.
v8::Local<v8::Object> MakeStreamsModule(v8::Local<v8::Context> context);

}  // namespace lockstep::agent
