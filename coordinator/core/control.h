// What the status and control service and the REST face can ask and tell. Implemented by the
// coordinator's composition on its Run. All methods on the coordinator's loop.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "lockstep/v1/status.pb.h"

#include "common/summary/summary.h"

namespace lockstep::coordinator {

class RunControl {
 public:
  virtual ~RunControl() = default;
  // With metrics and loads.
  virtual v1::RunStatus Snapshot() const = 0;
  // Groups and checks so far.
  virtual SummaryGroup Groups() const = 0;
  // What setup() has returned, as JSON; empty: nothing, or not yet.
  virtual std::string SetupData() const = 0;
  virtual bool done() const = 0;
  virtual absl::Status Pause() = 0;
  virtual absl::Status Resume() = 0;
  virtual absl::Status Scale(int64_t vus, int64_t max_vus) = 0;
  virtual absl::Status Stop(bool now) = 0;
};

}  // namespace lockstep::coordinator
