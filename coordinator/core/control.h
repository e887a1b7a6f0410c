// What the status and control service and the REST API may ask for and do. The coordinator's
// composition implements it on top of its Run. All methods are called on the coordinator's loop.
#pragma once

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "lockstep/v1/status.pb.h"

#include "common/summary/summary.h"
#include "coordinator/core/stopping.h"

namespace lockstep::coordinator {

class RunControl {
 public:
  virtual ~RunControl() = default;
  // With metrics and loads.
  virtual v1::RunStatus Snapshot() const = 0;
  // Groups and checks so far.
  virtual SummaryGroup Groups() const = 0;
  // What setup() returned, as JSON; empty: nothing, or nothing yet.
  virtual std::string SetupData() const = 0;
  virtual bool done() const = 0;
  virtual absl::Status Pause() = 0;
  virtual absl::Status Resume() = 0;
  virtual absl::Status Scale(int64_t vus, int64_t max_vus) = 0;
  virtual absl::Status ScaleAgents(int64_t agents) = 0;
  // What ScaleAgents would answer, without doing anything.
  virtual absl::Status MayScaleAgents(int64_t agents) const = 0;
  virtual absl::Status Stop(Stopping how) = 0;
  // Whoever has asked for something may hear of it when `then` is called: at once, or as soon as a
  // journal holds it.
  virtual void WhenKept(absl::AnyInvocable<void()> then) { then(); }
};

}  // namespace lockstep::coordinator
