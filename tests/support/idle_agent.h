// The parts around an agent's conductor, for tests of what it is told: a script that does nothing
// at once, measurements that are two words, a line to the coordinator that the test holds in its
// hands.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/run/conductor.h"
#include "agent/run/transport.h"
#include "common/metrics/batch.h"
#include "tests/support/fake_vu_pool.h"

namespace lockstep::testing {

// A script that does nothing, at once.
class IdleHost final : public agent::ScriptHost {
 public:
  explicit IdleHost(EventLoop& loop) : loop_(loop) {}
  void Inspect(const agent::ScriptBundle&, const std::map<std::string, std::string>&,
               agent::FileLoader,
               absl::AnyInvocable<void(agent::ScriptResult<agent::Inspection>)> done) override {
    done({.value = agent::Inspection{}, .failure = {}});
  }
  void Prepare(const agent::ScriptBundle&, agent::RunConfig config,
               absl::AnyInvocable<void(agent::ScriptResult<agent::VuPool*>)> done) override {
    const int64_t vus = config.plan.planned_vus;
    if (vus > 1000) {  // more would only take time
      done({.value = std::nullopt, .failure = {ExitCode::kOther, "too many"}});
      return;
    }
    pool_ = std::make_unique<FakeVuPool>(
        loop_, FakeVuPool::Options{.vus = vus, .segment = config.segment});
    done({.value = pool_.get(), .failure = {}});
  }
  void RunSetup(absl::AnyInvocable<void(agent::ScriptResult<std::string>)> done) override {
    loop_.After(absl::Milliseconds(5), [this, done = std::move(done)]() mutable {
      done({.value = setup_value, .failure = {}});
    });
  }
  void InterruptSetup() override {}
  int64_t vus_initialised() const override { return 0; }
  void SetSetupData(std::string) override {}
  void RunTeardown(absl::AnyInvocable<void(agent::ScriptResult<bool>)> done) override {
    done({.value = true, .failure = {}});
  }
  void RunHandleSummary(
      std::string,
      absl::AnyInvocable<void(agent::ScriptResult<agent::SummaryOutputs>)> done) override {
    done({.value = std::map<std::string, std::string>(), .failure = {}});
  }
  void SetRunStart(MonoTime, absl::Time) override {}
  void Reset(absl::AnyInvocable<void()> done) override {
    pool_.reset();
    loop_.After(absl::Milliseconds(1), std::move(done));
  }
  void SetEvents(Events given) override { events = std::move(given); }
  void AddDropped(size_t, int64_t, int64_t) override {}
  void Seal(uint64_t, Adjust adjust, Sealed done) override {
    loop_.Post([batch = batch, adjust = std::move(adjust), done = std::move(done)]() mutable {
      if (absl::StatusOr<Batch> measured = DecodeBatch(batch); measured.ok()) {
        adjust(*measured);
        batch = EncodeBatch(*measured);
      }
      done({batch});
    });
  }

  Events events;                  // for what a script would ask
  std::string batch = "a batch";  // what has been measured, each time
  std::string setup_value = "1";

 private:
  EventLoop& loop_;
  std::unique_ptr<FakeVuPool> pool_;
};

class OpenTransport final : public agent::Transport {
 public:
  void Connect(Events given) override { events = std::make_shared<Events>(std::move(given)); }
  void Send(const v1::AgentMessage& message) override { sent.push_back(message); }
  void SendBatch(const v1::BatchMessage& message) override { batches.push_back(message); }
  void Close() override { events = nullptr; }

  std::shared_ptr<Events> events;  // null: not connected
  std::vector<v1::AgentMessage> sent;
  std::vector<v1::BatchMessage> batches;
};

}  // namespace lockstep::testing
