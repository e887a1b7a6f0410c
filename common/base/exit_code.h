// The exit codes of `lockstep`, which are those of k6 and one of our own. Agents name them in their
// reports, too.
#pragma once

#include "absl/status/status.h"

namespace lockstep {

enum class ExitCode : int {
  kSuccess = 0,
  kThresholdsHaveFailed = 99,
  kSetupTimeout = 100,
  kTeardownTimeout = 101,
  kGenericTimeout = 102,
  kScriptStoppedFromRestApi = 103,
  kInvalidConfig = 104,
  kExternalAbort = 105,
  kCannotStartRestApi = 106,
  kScriptException = 107,
  kScriptAborted = 108,
  kInternalError = 109,
  kMarkedAsFailed = 110,
  kGeneratorSuspect = 112,  // ours: --fail-on-suspect
  kOther = 255,
};

// What is refused before anything runs. InvalidArgument says that the test's options contradict
// themselves or what there is: kInvalidConfig. Everything else, a command line that cannot be read
// or a file that cannot be read or written, is kOther. deploy/docs/using.md has the table.
ExitCode ExitCodeOf(const absl::Status& refusal);

}  // namespace lockstep
