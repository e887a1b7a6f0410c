// The exit codes of `lockstep`, which are those of k6 and one of our own. Agents name them in their reports, too.
#pragma once

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

}  // namespace lockstep
