// A run with all that it stands on: what `run`, `coordinator`, `inspect` and `plan` have in common.
#pragma once

#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

#include "common/base/epoll_loop.h"
#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "common/trust/credentials.h"
#include "coordinator/app/commands.h"
#include "coordinator/app/fleet_host.h"
#include "coordinator/app/run_face.h"
#include "coordinator/app/signals.h"
#include "coordinator/app/test_loader.h"
#include "coordinator/console/log_sink.h"
#include "coordinator/core/run.h"
#include "coordinator/results/results.h"
#include "coordinator/secrets/secret_store.h"
#include "coordinator/sources/remote_modules.h"

namespace lockstep::coordinator {

struct RunRequest {
  TestSettings test;
  RunSettingsFlags run = {};
  // Empty: agents are started here and reached over a Unix socket. Else they come from elsewhere.
  std::string listen = {};
  std::string listen_source = {};               // the flag or variable that says so
  std::optional<Credentials> credentials = {};  // of a `listen` address; none: plain text
  absl::Duration wait_for_agents = absl::InfiniteDuration();
  bool no_color = false;  // of the summary; a terminal gets colours without it
  LogSettings log = {};   // whose files are not to be written by anything else
  // By one agent: the run ends once the test is planned, or is told to be wrong.
  bool inspect_only = false;
};

// Says why a command cannot begin; returns its exit code.
ExitCode Refuse(const absl::Status& status, ExitCode code, Logger& logger);
// Logs what is noteworthy about a test that has been read.
void TellOf(const TestFiles& files, Logger& logger);

// Made before any thread of gRPC's starts, as it takes SIGINT, SIGTERM and SIGHUP: they interrupt
// the run, and the third one ends the process at once. Loop-bound.
class Rig {
 public:
  // All references are borrowed.
  Rig(const RunRequest& request, const TestFiles& files, const Environment& environment,
      RunLogger& logger, TestLoader::OnTest on_test);

  // After `run().Begin`: lets agents in or starts them, and returns after End.
  absl::Status Play();
  // The outcome of a script's fault with the line of the script that it names.
  RunOutcome WithCode(RunOutcome outcome) const;
  // At the run's end: tells of wrong options that the script's own failure has hidden.
  void TellOfOptions();
  // Once the run is done: says farewell to the agents, if it is to linger after the next signal.
  void End(bool linger);

  EpollLoop& loop() { return loop_; }
  Results& results() { return results_; }
  const RemoteModules& modules() const { return modules_; }
  Run& run() { return run_; }
  Fleet& fleet() { return host_.fleet(); }
  RunFace& face() { return face_; }
  const PlannedTest& test() const { return loader_.test(); }
  // What to type to make the run `verb`, once Play has begun: "lockstep resume 127.0.0.1:7411".
  std::string ControlLine(absl::string_view verb) const;
  bool interrupted() const { return signals_seen_ > 0; }
  // Called after each signal that interrupts the run; `quits`: before the process ends at once.
  void SetOnSignal(absl::AnyInvocable<void(bool quits)> on_signal) {
    on_signal_ = std::move(on_signal);
  }
  // Called before the process stands still, and when it goes on.
  void SetOnStandStill(absl::AnyInvocable<void(bool still)> on_stand_still) {
    on_stand_still_ = std::move(on_stand_still);
  }

 private:
  void OnSignal(const std::string& name);
  // Ctrl+Z: the agents come to rest first; the process stops then, and goes on with `fg`.
  void OnSuspend();
  void StandStill();

  const RunRequest& request_;
  const TestFiles& files_;
  Logger& logger_;
  int signals_seen_ = 0;
  bool lingering_ = false;
  absl::AnyInvocable<void(bool quits)> on_signal_ = [](bool) {};
  absl::AnyInvocable<void(bool still)> on_stand_still_ = [](bool) {};
  EpollLoop loop_;
  Signals signals_;
  FleetHost host_;
  Results results_;
  RemoteModules modules_;
  SecretStore secrets_;
  TestLoader loader_;
  Run run_;
  RunFace face_;
};

}  // namespace lockstep::coordinator
