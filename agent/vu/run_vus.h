// The VUs of one run: initialises them and lends them. Conductor's loop only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "agent/exec/vu.h"
#include "agent/vu/run_workers.h"

namespace lockstep::agent {

class RunVus final : public VuPool {
 public:
  // `shared` outlives the VUs, and these the threads of `workers`.
  RunVus(RunShared& shared, RunWorkers& workers);
  ~RunVus() override;
  RunVus(const RunVus&) = delete;
  RunVus& operator=(const RunVus&) = delete;

  // Initialises the first `count` VUs, one after another on each worker, and calls `done` with what
  // the first one has failed of, if any has. Once.
  void Prepare(int64_t count, absl::AnyInvocable<void(std::optional<ScriptFailure>)> done);
  // The run is over: neither Prepare nor anything of the pool calls back any more.
  void Close();

  // VuPool
  void InitialiseOne(Receiver done) override;
  int64_t initialised() const override { return initialised_; }

 private:
  class PooledVu;
  using Created = absl::AnyInvocable<void(std::optional<ScriptFailure> failure, PooledVu* vu)>;
  struct Preparing {
    int64_t wanted = 0;
    int64_t running = 0;
    std::vector<PooledVu*> made = {};
    std::optional<ScriptFailure> failure;
    absl::AnyInvocable<void(std::optional<ScriptFailure>)> done;
  };

  void Create(Worker& worker, Created created);
  void PrepareNext();
  void PreparedOne(std::optional<ScriptFailure> failure, PooledVu* vu);

  RunShared& shared_;
  RunWorkers& workers_;
  std::optional<Preparing> preparing_;
  int64_t created_ = 0;
  int64_t initialised_ = 0;
  std::vector<std::unique_ptr<PooledVu>> vus_;
};

}  // namespace lockstep::agent
