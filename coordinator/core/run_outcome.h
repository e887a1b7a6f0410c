// How a run ends: the first fault decides, then exec.test.fail(), then failed thresholds. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

#include "common/base/exit_code.h"

namespace lockstep::coordinator {

struct RunOutcome {
  ExitCode exit_code = ExitCode::kSuccess;
  std::string message;        // for people; empty on success
  bool script_fault = false;  // the message is the script's: it has a stack trace
  bool refused = false;       // the run was not to start at all: its options or flags are wrong
  bool logged = false;        // the log has told of it when it happened
};

// Of the faults of a run, the one that decides.
class RunFaults {
 public:
  // What the outcome is made of where agents' losses decide; no agents: they do not.
  struct Losses {
    std::vector<std::string> agents;  // in the order in which they were lost
    std::string reason;               // why the first of these was
  };

  struct State {
    RunOutcome outcome = {};
    bool marked = false;
    bool judged = false;
    Losses losses = {};
  };

  RunFaults() = default;
  // As another one was.
  explicit RunFaults(State state) : state_(std::move(state)) {}

  // Reports why the run fails. The first reason stays.
  void Record(RunOutcome fault);
  // Agents whose loss ends the run, and has been logged: of several, all are named.
  void RecordLoss(const std::string& agent, absl::string_view reason);
  // The script called exec.test.fail(), and its message has been logged.
  void Mark() { state_.marked = true; }
  // At the end, once all results have been merged. `crossed` judges the thresholds for the last
  // time and returns the reason to fail, if there is one; it is called only the first time.
  void Judge(absl::FunctionRef<std::optional<std::string>()> crossed);

  // Success as long as nothing has been recorded.
  const RunOutcome& outcome() const { return state_.outcome; }
  const State& state() const { return state_; }

 private:
  State state_;
};

}  // namespace lockstep::coordinator
