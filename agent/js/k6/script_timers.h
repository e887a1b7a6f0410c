// Timers that a module's script sets. Each keeps the iteration from ending until it is due or
// cancelled.
#pragma once

#include <cstdint>
#include <memory>

#include <v8.h>

#include "absl/container/flat_hash_map.h"

#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

class ScriptTimers {
 public:
  // `vu` outlives the timers.
  explicit ScriptTimers(ApiVu& vu);
  ~ScriptTimers();
  ScriptTimers(const ScriptTimers&) = delete;
  ScriptTimers& operator=(const ScriptTimers&) = delete;

  // Adds after(milliseconds, callback), which returns a number, and cancel(number) to `native`.
  void AddFunctions(Context context, v8::Local<v8::Object> native);
  // Forgets all: the iteration is over.
  void Clear();

 private:
  struct Timer;

  uint64_t Start(v8::Isolate* isolate, absl::Duration delay, v8::Local<v8::Function> callback);
  void Fire(v8::Isolate* isolate, uint64_t number);

  ApiVu& vu_;
  uint64_t last_ = 0;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Timer>> timers_;
};

}  // namespace lockstep::agent
