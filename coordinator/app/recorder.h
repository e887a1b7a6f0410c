// Keeps what pages and files show of a run: feeds its timeline each second, and puts the rest
// around it (log, environment, options).
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "common/base/clock.h"
#include "coordinator/app/planned_test.h"
#include "coordinator/console/log_sink.h"
#include "coordinator/core/control.h"
#include "coordinator/core/run.h"
#include "coordinator/http/dashboard.h"
#include "coordinator/journal/kept_charts.h"
#include "coordinator/results/results.h"

namespace lockstep::coordinator {

// Loop-bound.
class Recorder final : public DashboardSource {
 public:
  // All are borrowed. `script` is its name as the user gave it.
  struct Parts {
    const Run& run;
    const RunControl& face;
    Results& results;
    RunLogger& logger;  // whose last lines are shown
    const Clock& clock;
  };
  Recorder(Parts parts, std::string script) : parts_(parts), script_(std::move(script)) {}

  // From now on there is something to record. Before the first batch.
  void Begin() { parts_.results.RecordTimeline(); }
  // Of a run that goes on: what another process has recorded; nothing: that is nowhere.
  void GoOnWith(std::optional<History> past) { past_ = std::move(past); }
  bool begun() const { return parts_.results.timeline() != nullptr; }
  // The test is known.
  void OnPlanned(const PlannedTest& test);
  // The run goes to `state`, or goes on in it where another process has left it.
  void OnState(RunState state);
  // Each second of the run.
  void Tick();

  // ---- after Begin ----
  PageModel Model(uint64_t first) const override;
  uint64_t TakeChanged() override {
    return parts_.results.timeline()->TakeChanged(Timeline::kPage);
  }
  // For a journal.
  ChartsNow Charts();
  // For files, once the run is over.
  History Whole() const;

 private:
  // The load's T0 is a moment ahead; or has passed, in another process.
  void BeginTimeline();
  void Describe(const v1::RunStatus& status, History* history) const;

  const Parts parts_;
  const std::string script_;
  std::string options_json_;
  bool timeline_begun_ = false;
  absl::Duration recorded_from_;  // since T0
  std::optional<History> past_;   // until then; given away once it goes on
  bool past_lost_ = false;
};

}  // namespace lockstep::coordinator
