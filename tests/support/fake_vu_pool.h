// VUs without a script: an iteration takes as long as a function says, and everything that happens
// is written down. On SimLoop, whole runs of executors play in no time, deterministically.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "agent/exec/vu.h"
#include "common/base/event_loop.h"
#include "common/segment/execution_segment.h"

namespace lockstep::testing {

// One iteration that some VU began.
struct IterationRecord {
  size_t scenario = 0;
  int64_t vu_in_instance = 0;
  int64_t vu_in_test = 0;
  agent::Iteration iteration;
  MonoTime begin;
  MonoTime end;                            // while it runs: Infinite()
  std::optional<agent::IterationEnd> how;  // nothing while it runs
};

class FakeVuPool final : public agent::VuPool {
 public:
  // How long an iteration takes, > 0; infinite: until interrupted.
  using DurationOf = std::function<absl::Duration(const IterationRecord&)>;

  struct Options {
    int64_t vus = 0;       // initialised from the beginning
    SegmentTuple segment;  // numbers idInTest
    DurationOf duration = [](const IterationRecord&) { return absl::Milliseconds(100); };
    absl::Duration initialisation = absl::Milliseconds(10);  // of InitialiseOne
    int64_t initialisable = INT64_MAX;                       // how often InitialiseOne succeeds
    // Of the VU with this id in the instance; empty: all are.
    std::function<bool(int64_t)> prompt = {};
    // What activations, interrupts and their ends take on their way between conductor and worker.
    absl::Duration hop = absl::ZeroDuration();
    // Interrupts act at once, ahead of an activation that is on its way.
    bool interrupt_overtakes = false;
  };

  // `loop` is borrowed and plays conductor and workers.
  FakeVuPool(EventLoop& loop, Options options);
  ~FakeVuPool() override;

  void InitialiseOne(Receiver done) override;
  int64_t initialised() const override { return static_cast<int64_t>(vus_.size()); }

  // Iterations that run now, and the most that ever ran at once.
  int64_t running() const { return running_; }
  int64_t most_running() const { return most_running_; }
  // In the order of their beginning.
  const std::vector<IterationRecord>& records() const { return records_; }

 private:
  class FakeVu;
  agent::Vu& NewVu();

  EventLoop& loop_;
  Options options_;
  std::vector<std::unique_ptr<FakeVu>> vus_;
  std::list<TimerId> initialising_;
  std::vector<IterationRecord> records_;
  int64_t running_ = 0;
  int64_t most_running_ = 0;
};

}  // namespace lockstep::testing
