// What goes wrong in a VU's script, for people: what it throws, what it rejects, what it aborts,
// and what it blocks. Inside the isolate, on the worker's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <v8.h>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "agent/js/world.h"
#include "agent/run/script_host.h"
#include "agent/vu/worker.h"
#include "common/options/options.h"

namespace lockstep::agent {

class VuFaults {
 public:
  // Of the VU that has this number in the whole test. `worker` outlives it.
  VuFaults(Worker& worker, int64_t vu_in_test) : worker_(worker), vu_in_test_(vu_in_test) {}
  VuFaults(const VuFaults&) = delete;
  VuFaults& operator=(const VuFaults&) = delete;

  // From now on it is an iteration of `scenario` that is at fault, which is borrowed; null: of
  // none.
  void SetScenario(const ScenarioConfig* scenario) { scenario_ = scenario; }

  // Logs and counts what was thrown, and resets `caught`.
  void LogException(Context context, v8::TryCatch& caught);
  // The same for the reason of a promise.
  void LogRejection(Context context, v8::Local<v8::Value> reason);
  // What the caught exception means for the run; `caught` is reset.
  ScriptFailure FailureOf(Context context, v8::TryCatch& caught, bool interrupted);
  // What promises that were rejected mean for the run, if nobody has heard of one by now: the first
  // one fails what was called, the others are logged.
  std::optional<ScriptFailure> FailureOfRejections(World& world);

  // exec.test.abort() was called, with this message.
  void NoteAbort(std::string message) { aborted_ = std::move(message); }
  bool aborted() const { return !aborted_.empty(); }

  // The running iteration has kept the worker for `limit`: ends it where it is, and takes that
  // down. From an interrupt of V8, which allows a stack trace, but no script.
  void InterruptBlock(v8::Isolate* isolate, absl::Duration limit);
  bool blocked() const { return blocked_.has_value(); }
  // Logs and forgets what InterruptBlock has taken down, and counts it: for the generator's health,
  // and in the table of errors.
  void ReportBlock();

 private:
  struct Block {
    absl::Duration limit;  // that it computed for without waiting
    std::string where;     // "file:///dir/script.js:3:9", as V8 knows it; "" if it does not
  };

  // The row of the table of errors of what was thrown; `text` with its stack.
  void CountThrown(absl::string_view text);
  void LogFault(std::string text);

  Worker& worker_;
  const int64_t vu_in_test_;
  const ScenarioConfig* scenario_ = nullptr;
  std::optional<Block> blocked_;  // how the present iteration kept its worker; unset: it did not
  std::string aborted_;           // the message; empty: it was not
};

}  // namespace lockstep::agent
