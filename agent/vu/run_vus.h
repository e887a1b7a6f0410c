// The VUs of one run: initialises them, and keeps those that nobody has. It goes with its run, when
// nobody can hold one of them any more; so a VU that comes back after the run's end cannot turn up
// in the next one. Conductor's loop only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "agent/exec/vu.h"
#include "agent/vu/run_workers.h"

namespace lockstep::agent {

class RunVus final : public VuPool {
 public:
  // Both outlive the VUs.
  RunVus(RunShared& shared, RunWorkers& workers);
  ~RunVus() override;
  RunVus(const RunVus&) = delete;
  RunVus& operator=(const RunVus&) = delete;

  // Initialises the first `count` VUs, one after another on each worker, and calls `done` with what
  // the first one has failed of, if any has. Once.
  void Prepare(int64_t count, absl::AnyInvocable<void(std::optional<ScriptFailure>)> done);
  // The run is over: neither Prepare nor InitialiseOne calls back any more, and the VUs, which
  // executors may hold until the workers have ended, do nothing.
  void Close();

  // VuPool
  Vu* Take() override;
  void Give(Vu* vu) override { idle_.push_back(vu); }
  void InitialiseOne(absl::AnyInvocable<void(Vu*)> done) override;
  int64_t initialised() const override { return initialised_; }

 private:
  class PooledVu;
  using Created = absl::AnyInvocable<void(std::optional<ScriptFailure> failure, Vu* vu)>;
  struct Preparing {
    int64_t wanted = 0;
    int64_t running = 0;
    std::optional<ScriptFailure> failure;
    absl::AnyInvocable<void(std::optional<ScriptFailure>)> done;
  };

  void Create(Worker& worker, Created created);
  void PrepareNext();
  void PreparedOne(std::optional<ScriptFailure> failure, Vu* vu);

  RunShared& shared_;
  RunWorkers& workers_;
  bool closed_ = false;
  std::optional<Preparing> preparing_;
  int64_t created_ = 0;
  int64_t initialised_ = 0;
  std::vector<std::unique_ptr<PooledVu>> vus_;
  std::deque<Vu*> idle_;
};

}  // namespace lockstep::agent
