// The events of a connection, which a script gets as calls of one of its functions, each in its own
// turn.
#pragma once

#include <utility>

#include <v8.h>

#include "absl/functional/any_invocable.h"

#include "agent/js/bind/values.h"
#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// The next event is always announced, so that the iteration lasts as long as the connection.
class ScriptEvents {
 public:
  // `vu` outlives the events. `emit` is the script's function.
  ScriptEvents(ApiVu& vu, v8::Isolate* isolate, v8::Local<v8::Function> emit)
      : vu_(vu), isolate_(isolate), emit_(isolate, emit), next_(vu.Expect()) {}
  ScriptEvents(const ScriptEvents&) = delete;
  ScriptEvents& operator=(const ScriptEvents&) = delete;

  v8::Isolate* isolate() const { return isolate_; }
  Context context() const { return isolate_->GetCurrentContext(); }

  // Has `task` run when the script waits for nothing else. Nothing comes after the last.
  void Announce(ApiVu::Task task) {
    if (next_ != nullptr) {
      std::exchange(next_, vu_.Expect())(std::move(task));
    }
  }
  // The same of the last event, which may destroy the connection.
  void Last(ApiVu::Task task) {
    if (next_ != nullptr) {
      std::exchange(next_, nullptr)(std::move(task));
    }
  }

  // Within a task: calls the script's function with these values, as ToJs has them. Nothing: an
  // exception is pending, which is reported like one of the iteration.
  template <class... Values>
  v8::MaybeLocal<v8::Value> Emit(const Values&... values) {
    v8::Local<v8::Value> arguments[] = {ToJs(context(), values)...};
    return emit_.Get(isolate_)->Call(context(), v8::Undefined(isolate_),
                                     static_cast<int>(sizeof...(values)), arguments);
  }

 private:
  ApiVu& vu_;
  v8::Isolate* const isolate_;
  v8::Global<v8::Function> emit_;
  absl::AnyInvocable<void(ApiVu::Task)> next_;  // null: the last event is announced
};

}  // namespace lockstep::agent
