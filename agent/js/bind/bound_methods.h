// Methods that know whose they are, as those of k6's objects do: `const { json } = response`,
// `list.forEach(counter.add)`. Each function is made when a script takes it off its object.
#pragma once

#include <initializer_list>
#include <utility>

#include <v8.h>

#include "absl/strings/string_view.h"

#include "agent/js/bind/names.h"

namespace lockstep::agent {

using BoundMethods = std::initializer_list<std::pair<const char*, v8::FunctionCallback>>;

// Gives each instance of `type`, which needs internal fields, the methods as properties of its own,
// and their object as This() at every call. V8 lists properties that are made lazily, these among
// them, the last of a template first: add those that are to stand behind others before them.
// `methods` themselves keep their order.
void SetOwnMethods(v8::Isolate* isolate, v8::Local<v8::FunctionTemplate> type,
                   BoundMethods methods);

// The same on the prototype of `type`, so that classes of scripts that extend it may have their
// own. What is taken off the prototype itself is called on a receiver, which must be of `type`.
void SetPrototypeMethods(v8::Isolate* isolate, v8::Local<v8::FunctionTemplate> type,
                         BoundMethods methods);

// Gives one object a method now.
void SetBoundMethod(Context context, v8::Local<v8::Object> object, absl::string_view name,
                    v8::FunctionCallback method);

}  // namespace lockstep::agent
