#include "tests/sim/sim_agent.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "common/options/options_json.h"

namespace lockstep::testing {

SimHost::SimHost(EventLoop& loop, const SimSetup& setup, size_t agent, Ledger& ledger,
                 const int& lives)
    : dropped(setup.scenarios.size(), 0),
      loop_(loop),
      setup_takes_(setup.setup_takes),
      lives_(lives),
      clock_offset_(setup.agents[agent].clock_offset),
      random_(setup.seed * 100 + agent),
      ends_(setup.seed * 100 + agent),
      agent_(agent),
      rows_(setup.rows),
      ledger_(ledger) {}

void SimHost::Inspect(const agent::ScriptBundle& bundle, const std::map<std::string, std::string>&,
                      agent::FileLoader loader,
                      absl::AnyInvocable<void(agent::ScriptResult<agent::Inspection>)> done) {
  EXPECT_EQ(bundle.files.at(bundle.main_url), "the script");
  loader_ = std::move(loader);
  loader_("file:///dir/lib.js",
          [done = std::move(done)](const absl::StatusOr<std::string>& content) mutable {
            EXPECT_TRUE(content.ok());
            done({.value = agent::Inspection{}, .failure = {}});
          });
}

void SimHost::Prepare(const agent::ScriptBundle& bundle, agent::RunConfig config,
                      absl::AnyInvocable<void(agent::ScriptResult<agent::VuPool*>)> done) {
  EXPECT_EQ(bundle.files.size(), 2u);
  if (std::exchange(life_, lives_) != lives_) {  // not again for the same run
    std::fill(dropped.begin(), dropped.end(), 0);
    setups = teardowns = summaries = 0;
    rows.clear();
    without_row = 0;
  }
  if (rows_ > 0) {
    std::string text = "n\n";
    for (int64_t i = 0; i < rows_; ++i) {
      text += "1\n";
    }
    dealer_ = std::make_unique<agent::RowDealer>(*agent::RowTable::Parse(text, {}),
                                                 agent::RowRules{.order = agent::RowOrder::kQueue});
  }
  t0_local.reset();
  sealed_.clear();
  pool_ = std::make_unique<FakeVuPool>(
      loop_, FakeVuPool::Options{.vus = config.plan.planned_vus,
                                 .segment = config.segment,
                                 .duration = [this, life = lives_](const IterationRecord& record) {
                                   return Begin(record, life);
                                 }});
  loop_.After(absl::Milliseconds(30), [this, done = std::move(done)]() mutable {
    done({.value = pool_.get(), .failure = {}});
  });
}

absl::Duration SimHost::Begin(const IterationRecord& record, int life) {
  if (life == lives_) {  // else its coordinator is gone
    std::optional<absl::Duration> intended;
    if (record.iteration.intended > MonoTime()) {
      intended = record.iteration.intended - *t0_local;
    }
    ledger_.Begin(agent_, {record.scenario, record.iteration.in_test}, record.begin - clock_offset_,
                  intended);
  }
  if (dealer_ != nullptr) {
    TakeRow();
  }
  return absl::Milliseconds(20 + static_cast<int64_t>(random_.Below(300)));
}

void SimHost::TakeRow() {
  int64_t row = 0;
  switch (dealer_->Take(&row)) {
    case agent::RowDealer::Turn::kTaken:
      rows.push_back(row);
      return;
    case agent::RowDealer::Turn::kNoMore:
      ++without_row;
      return;
    case agent::RowDealer::Turn::kWait:
      break;
  }
  if (!dealer_->WaitForBlock([this] { TakeRow(); })) {
    return;
  }
  loop_.Post([this, dealer = dealer_.get()] {
    if (dealer != dealer_.get()) {
      return;
    }
    events_.on_lease({.queue = "rows",
                      .rows = rows_,
                      .done =
                          [dealer](agent::RowRange got) {
                            dealer->Fill({got.first, got.count});
                          },
                      .take_back = [dealer]() -> agent::RowRange {
                        const agent::RowBlock left = dealer->TakeBack();
                        return {left.first, left.count};
                      }});
  });
}

void SimHost::RunSetup(absl::AnyInvocable<void(agent::ScriptResult<std::string>)> done) {
  ++setups;
  setup_done_ = std::move(done);
  loop_.After(setup_takes_, [this] { EndSetup({.value = "42", .failure = {}}); });
}

void SimHost::InterruptSetup() {
  loop_.After(absl::Milliseconds(1), [this] {
    EndSetup({.value = std::nullopt, .failure = {ExitCode::kGenericTimeout, "interrupted"}});
  });
}

void SimHost::EndSetup(agent::ScriptResult<std::string> result) {
  if (setup_done_) {
    std::exchange(setup_done_, nullptr)(std::move(result));
  }
}

void SimHost::SetSetupData(std::string json) {
  EXPECT_EQ(json, "42");
}

void SimHost::RunTeardown(absl::AnyInvocable<void(agent::ScriptResult<bool>)> done) {
  ++teardowns;
  loop_.After(absl::Milliseconds(10),
              [done = std::move(done)]() mutable { done({.value = true, .failure = {}}); });
}

void SimHost::RunHandleSummary(
    std::string /*data*/,
    absl::AnyInvocable<void(agent::ScriptResult<agent::SummaryOutputs>)> done) {
  ++summaries;
  done({.value = std::map<std::string, std::string>(), .failure = {}});
}

void SimHost::Reset(absl::AnyInvocable<void()> done) {
  std::unique_ptr<FakeVuPool> ended = std::move(pool_);
  dealer_.reset();
  if (ends_.Below(2) == 0) {
    ended.reset();
  }
  loop_.After(absl::Milliseconds(static_cast<int64_t>(ends_.Below(20))),
              [ended = std::move(ended), done = std::move(done)]() mutable { done(); });
}

void SimHost::AddDropped(size_t scenario, int64_t count, int64_t /*vu*/) {
  dropped.at(scenario) += count;
}

void SimHost::Seal(uint64_t number, Adjust /*adjust*/, Sealed done) {
  std::string batch;
  if (pool_ != nullptr) {
    for (const IterationRecord& record : pool_->records()) {
      if (record.how == agent::IterationEnd::kFull &&
          sealed_.insert({record.scenario, record.iteration.in_test}).second) {
        absl::StrAppend(&batch, record.scenario, ",", record.iteration.in_test, "\n");
      }
    }
  }
  done(batch.empty() ? std::vector<std::string>()
                     : std::vector<std::string>{absl::StrCat(number, "\n", batch)});
}

SimAgent::SimAgent(SimLoop& sim, SimNetwork& network, Ledger& ledger, const int& lives,
                   size_t index, const SimSetup& setup)
    : loop(sim, setup.agents[index].clock_offset),
      host(loop, setup, index, ledger, lives),
      log(loop),
      transport(network.MakeTransport()) {
  agent::SessionSettings settings;
  settings.version = "1";
  settings.name = absl::StrCat("agent-", index);
  settings.weight = setup.agents[index].weight;
  settings.process_id = static_cast<int64_t>(index) + 1;
  session = std::make_unique<agent::Session>(loop, *transport, logger, settings);
  conductor = std::make_unique<agent::Conductor>(
      agent::Conductor::Parts{loop, *session, host, log},
      [](absl::string_view json) { return FromCanonicalJson(json); });
  conductor->Begin([](const absl::Status&) {});
}

}  // namespace lockstep::testing
