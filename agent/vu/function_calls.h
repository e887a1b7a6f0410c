// Calls of the script's own functions, and the look at what it exports (script_calls.h): each in a
// VU that evaluates the init code, runs the one function and ends.
//
// Conductor's loop only, but for the functions, which run on the worker's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

#include "agent/run/script_host.h"
#include "agent/vu/worker.h"
#include "common/base/event_loop.h"
#include "common/base/exit_code.h"

namespace lockstep::agent {

class FunctionCalls {
 public:
  // How long a function may take, the init code before it apart.
  struct Limit {
    const char* function;  // its name, for the message
    absl::Duration time;
    ExitCode exit_code;  // of the failure
  };

  // `conductor` outlives this.
  explicit FunctionCalls(EventLoop& conductor) : conductor_(conductor) {}
  ~FunctionCalls() { ForgetAll(); }
  FunctionCalls(const FunctionCalls&) = delete;
  FunctionCalls& operator=(const FunctionCalls&) = delete;

  // Runs `function` on `worker`, which stays until it has ended or is forgotten, and calls `done`
  // with what it returned or how it failed. Returns the call's number.
  template <class T>
  uint64_t Call(Worker& worker, std::optional<Limit> limit,
                absl::AnyInvocable<ScriptResult<T>(ScriptVu&)> function,
                absl::AnyInvocable<void(ScriptResult<T>)> done);
  // Interrupts the function of a call that has a limit: now, or when it begins. Nothing happens to
  // a call that is over.
  void Interrupt(uint64_t call);
  // No `done` is called any more.
  void ForgetAll();

 private:
  struct Pending {
    TimerId timer = TimerId::kNone;
    bool timed_out = false;
    bool interrupted = false;
    absl::AnyInvocable<void()> interrupt;  // once the function has begun
  };
  // The function begins now.
  void OnBegun(uint64_t call, absl::Duration time, Worker& worker, VuKey key);

  EventLoop& conductor_;
  uint64_t next_ = 1;
  std::map<uint64_t, Pending> pending_;
};

}  // namespace lockstep::agent
