// An agent of a simulated fleet: its conductor and its session are the real ones, its script only
// takes time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/data/row_dealer.h"
#include "agent/run/conductor.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "tests/sim/ledger.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_setup.h"
#include "tests/support/fake_vu_pool.h"

namespace lockstep::testing {

// A script that exports everything.
class SimHost final : public agent::ScriptHost {
 public:
  // `lives`: of the coordinator. What VUs of an earlier one do, nobody counts any more.
  SimHost(EventLoop& loop, const SimSetup& setup, size_t agent, Ledger& ledger, const int& lives);

  void Inspect(const agent::ScriptBundle& bundle, const std::map<std::string, std::string>& env,
               agent::FileLoader loader,
               absl::AnyInvocable<void(agent::ScriptResult<agent::Inspection>)> done) override;
  void Prepare(const agent::ScriptBundle& bundle, agent::RunConfig config,
               absl::AnyInvocable<void(agent::ScriptResult<agent::VuPool*>)> done) override;
  void RunSetup(absl::AnyInvocable<void(agent::ScriptResult<std::string>)> done) override;
  void InterruptSetup() override;
  int64_t vus_initialised() const override { return pool_ == nullptr ? 0 : pool_->initialised(); }
  void SetSetupData(std::string json) override;
  void RunTeardown(absl::AnyInvocable<void(agent::ScriptResult<bool>)> done) override;
  void RunHandleSummary(
      std::string data,
      absl::AnyInvocable<void(agent::ScriptResult<agent::SummaryOutputs>)> done) override;
  void SetRunStart(MonoTime t0, absl::Time) override { t0_local = t0; }
  // The pool goes at once, or when all that it has posted has been done; nobody may depend on it.
  void Reset(absl::AnyInvocable<void()> done) override;
  void SetEvents(Events events) override { events_ = std::move(events); }
  void AddDropped(size_t scenario, int64_t count, int64_t vu) override;
  // The batch's number and "scenario,iteration" of each iteration that has ended since the last
  // one.
  void Seal(uint64_t number, Adjust adjust, Sealed done) override;

  std::vector<int64_t> dropped;  // by scenario
  int setups = 0, teardowns = 0, summaries = 0;
  std::vector<int64_t> rows;  // that iterations have taken
  int64_t without_row = 0;    // iterations
  std::optional<MonoTime> t0_local;

 private:
  // How long the iteration takes that begins now.
  absl::Duration Begin(const IterationRecord& record, int life);
  // An iteration takes the next row as soon as there is one, and does not wait for it.
  void TakeRow();
  void EndSetup(agent::ScriptResult<std::string> result);

  EventLoop& loop_;
  const absl::Duration setup_takes_;
  absl::AnyInvocable<void(agent::ScriptResult<std::string>)> setup_done_;
  const int& lives_;
  int life_ = 0;  // of the one that we have prepared for
  const absl::Duration clock_offset_;
  Random random_;
  Random ends_;  // of runs
  const size_t agent_;
  const int64_t rows_;
  Ledger& ledger_;
  agent::FileLoader loader_;
  std::unique_ptr<FakeVuPool> pool_;
  Events events_;
  std::unique_ptr<agent::RowDealer> dealer_;  // where there are rows, while there is a pool
  std::set<SimIteration> sealed_;
};

struct SimAgent {
  SimAgent(SimLoop& sim, SimNetwork& network, Ledger& ledger, const int& lives, size_t index,
           const SimSetup& setup);

  NullLogger logger;
  SkewedLoop loop;
  SimHost host;
  agent::ScriptLog log;
  std::unique_ptr<agent::Transport> transport;
  std::unique_ptr<agent::Session> session;
  std::unique_ptr<agent::Conductor> conductor;
  bool died = false;
};

}  // namespace lockstep::testing
