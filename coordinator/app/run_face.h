// The run as the status and control service and the REST face see it.
#pragma once

#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"

#include "coordinator/core/control.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/run.h"
#include "coordinator/results/results.h"

namespace lockstep::coordinator {

// Loop-bound. All three are borrowed.
class RunFace final : public RunControl {
 public:
  RunFace(Run& run, const Fleet& fleet, const Results& results)
      : run_(run), fleet_(fleet), results_(results) {}

  v1::RunStatus Snapshot() const override {
    v1::RunStatus status = run_.Snapshot();
    results_.DescribeMetrics(run_.measured(), &status);
    status.mutable_refused()->insert(fleet_.refusals().counts().begin(),
                                     fleet_.refusals().counts().end());
    return status;
  }
  SummaryGroup Groups() const override { return results_.Groups(); }
  std::string SetupData() const override { return results_.Shown(run_.setup_data()); }
  bool done() const override { return run_.state() == v1::RunStatus::DONE; }
  absl::Status Pause() override { return Kept(run_.Pause()); }
  absl::Status Resume() override { return Kept(run_.Resume()); }
  absl::Status Scale(int64_t vus, int64_t max_vus) override {
    return Kept(run_.Scale(vus, max_vus));
  }
  absl::Status ScaleAgents(int64_t agents) override { return Kept(run_.ScaleAgents(agents)); }
  absl::Status MayScaleAgents(int64_t agents) const override { return run_.MayScaleAgents(agents); }
  absl::Status Stop(Stopping how) override { return Kept(run_.Stop(how)); }

  // `keep` puts on disk what the run has come to, and calls what it is given then.
  using Keep = absl::AnyInvocable<void(absl::AnyInvocable<void()> then)>;
  void KeepWishes(Keep keep) { keep_ = std::move(keep); }
  void WhenKept(absl::AnyInvocable<void()> then) override {
    if (std::exchange(granted_, false) && keep_) {
      keep_(std::move(then));
    } else {
      then();
    }
  }

 private:
  absl::Status Kept(absl::Status granted) {
    granted_ = granted_ || granted.ok();
    return granted;
  }

  Run& run_;
  const Fleet& fleet_;
  const Results& results_;
  Keep keep_;
  bool granted_ = false;  // something was, and nobody has asked whether it is kept
};

}  // namespace lockstep::coordinator
