#include "tests/sim/sim_fleet.h"

#include <algorithm>
#include <iostream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

#include "common/base/random.h"
#include "common/options/options_json.h"
#include "coordinator/journal/database.h"
#include "coordinator/journal/journal.h"
#include "coordinator/journal/keeper.h"
#include "tests/sim/sim_agent.h"
#include "tests/sim/sim_source.h"
#include "tests/support/collecting_logger.h"

namespace lockstep::testing {

using coordinator::Run;
using coordinator::RunState;

namespace {

// The coordinator's side and the agents of one run.
class Fleet {
 public:
  explicit Fleet(const SimSetup& setup)
      : setup_(setup),
        network_(loop_, setup.seed, setup.faults),
        source_(setup),
        journal_file_(absl::StrCat(::testing::TempDir(), "/lockstep_sim_", getpid(), ".db")) {
    RemoveJournal();
  }
  ~Fleet() { RemoveJournal(); }

  SimOutcome Play() {
    BeginRun();
    agents_.resize(setup_.agents.size());
    for (size_t i = 0; i < agents_.size(); ++i) {
      loop_.After(setup_.agents[i].join_after, [this, i] {
        agents_[i] =
            std::make_unique<SimAgent>(loop_, network_, outcome_.ledger, lives_, i, setup_);
      });
      if (setup_.agents[i].leaves_at < absl::InfiniteDuration()) {
        loop_.After(setup_.agents[i].leaves_at, [this, i] {
          if (agents_[i] != nullptr) {
            agents_[i]->conductor->Drain("terminated");
          }
        });
      }
      if (setup_.agents[i].dies_at < absl::InfiniteDuration()) {
        loop_.After(setup_.agents[i].dies_at, [this, i] { Kill(i); });
      }
    }
    if (setup_.coordinator_dies_at < absl::InfiniteDuration()) {
      loop_.After(setup_.coordinator_dies_at, [this] {
        if (run_->state() != v1::RunStatus::DONE) {
          RestartCoordinator();
        }
      });
    }
    for (const SimSetup::Restart& restart : setup_.restarts) {
      loop_.After(restart.at, [this, restart] { KillCoordinator(restart.down); });
    }
    if (setup_.disk_full_from < absl::InfiniteDuration()) {
      loop_.After(setup_.disk_full_from, [this] { FillDisk(true); });
      loop_.After(setup_.disk_full_until, [this] { FillDisk(false); });
    }
    for (const absl::Duration at : {setup_.interrupt_at, setup_.interrupt_again_at}) {
      if (at < absl::InfiniteDuration()) {
        loop_.After(at, [this] {
          if (run_ != nullptr) {
            run_->Interrupt("interrupt");
          }
        });
      }
    }
    if (setup_.watch) {
      WatchOn();
    }
    if (setup_.pause_at < absl::InfiniteDuration()) {
      loop_.After(setup_.pause_at, [this] { EXPECT_TRUE(run_->Pause().ok()); });
      loop_.After(setup_.resume_at, [this] { EXPECT_TRUE(run_->Resume().ok()); });
    }
    for (const auto& [at, agents] : setup_.scales) {
      loop_.After(at, [this, agents = agents] {
        if (run_ != nullptr) {
          run_->ScaleAgents(agents).IgnoreError();
          if (keeper_ != nullptr) {
            keeper_->WhenKept([] {});
          }
        }
      });
    }
    const MonoTime limit = loop_.clock().Mono() + absl::Hours(1);
    bool consistent = true;
    while (!over() && loop_.clock().Mono() < limit && consistent) {
      EXPECT_TRUE(loop_.RunOne());
      consistent = outcome_.ledger.Consistent();
    }
    EXPECT_TRUE(consistent);
    Conclude();
    // The loop's tasks refer to the agents: play what is left while they are there.
    network_.Calm();
    loop_.RunFor(absl::Seconds(15));
    return std::move(outcome_);
  }

 private:
  bool over() const { return run_ != nullptr && run_->state() == v1::RunStatus::DONE; }
  // A coordinator and its run.
  void BeginRun() {
    MakeRun();
    if (!setup_.restarts.empty()) {
      OpenJournal();
      EXPECT_TRUE(journal_->Begin({.script = "sim"}).ok());
      test_kept_ = false;
    }
    run_->Begin(Events());
  }
  void MakeRun() {
    fleet_.emplace(loop_, network_, log_, coordinator::FleetSettings{.version = "1"},
                   [this] { return absl::StrCat("session", ++ids_); });
    network_.Attach(&*fleet_);
    results_.emplace(outcome_.ledger, setup_);
    coordinator::RunSettings settings;
    settings.agents = setup_.wanted == 0 ? setup_.agents.size() : setup_.wanted;
    settings.redistribute = settings.late_agents_join = setup_.redistribute;
    settings.tolerated_loss_percent = setup_.tolerated_loss_percent;
    settings.wait_for_agents = absl::Minutes(1);
    settings.held_back =
        setup_.restarts.empty() ? absl::ZeroDuration() : coordinator::Keeper::kMostDelay;
    run_ = std::make_unique<Run>(loop_, *fleet_, source_, *results_, log_, settings);
  }
  Run::Events Events() {
    return {.on_state =
                [this](RunState state) {
                  const bool first = !outcome_.started;
                  outcome_.started = outcome_.started || state == v1::RunStatus::RUNNING;
                  if (state == setup_.leave_since) {
                    ScheduleLeave();
                  }
                  if (first && outcome_.started) {
                    ScheduleKill();
                    Sample();
                  }
                  if (keeper_ != nullptr) {
                    keeper_->OnState(state);
                  }
                  if (setup_.watch) {
                    setup_.watch(run_->Snapshot());
                  }
                },
            .on_planned = [](const coordinator::TestPlan&) {},
            .on_tick = [] {},
            .on_summary = [](auto) {},
            .on_done =
                [this](const coordinator::RunOutcome& outcome) {
                  EXPECT_FALSE(outcome_.ended) << "the run ended twice";
                  outcome_.ended = true;
                  outcome_.exit_code = static_cast<int>(outcome.exit_code);
                  if (keeper_ != nullptr) {
                    keeper_->End();
                    outcome_.kept = results_->store.samples();
                  }
                }};
  }
  // ---- a coordinator that is killed, and its journal ----
  void RemoveJournal() {
    for (const char* part : {"", "-wal", "-shm", "-reserve"}) {
      unlink((journal_file_ + part).c_str());
    }
  }
  void OpenJournal() {
    absl::StatusOr<std::unique_ptr<coordinator::Journal>> journal =
        coordinator::Journal::Open(journal_file_);
    ASSERT_TRUE(journal.ok()) << journal.status();
    journal_ = *std::move(journal);
    ++opened_;
    keeper_ = std::make_unique<coordinator::Keeper>(
        coordinator::Keeper::Parts{loop_, *run_, *fleet_, log_},
        [this](const coordinator::RunCheckpoint& run, const coordinator::FleetCheckpoint& fleet,
               bool results,
               coordinator::Keeper::Done done) { Keep(run, fleet, results, std::move(done)); });
  }
  // A disk takes up to some milliseconds, or stands still.
  absl::Duration WritingTakes() {
    const absl::Duration at = loop_.clock().Mono() - began_;
    const bool stalls = at >= setup_.disk_stalls_from && at < setup_.disk_stalls_until;
    return stalls ? setup_.disk_stalls_until - at
                  : absl::Microseconds(static_cast<int64_t>(disk_.Below(5000)));
  }
  void Keep(const coordinator::RunCheckpoint& run, const coordinator::FleetCheckpoint& fleet,
            bool results, coordinator::Keeper::Done done) {
    if (!std::exchange(test_kept_, true)) {
      EXPECT_TRUE(journal_->KeepTest(run_->inspected(), run_->plan()->options_json, false).ok());
      EXPECT_TRUE(journal_->KeepBundle(run_->bundle()).ok());
    }
    std::optional<coordinator::Journal::ResultsNow> now;
    if (results) {
      now.emplace(coordinator::Journal::ResultsNow{results_->store, results_->errors});
    }
    coordinator::SqlChanges changes =
        journal_->Changes(run, fleet, now, loop_.clock().Wall(), loop_.clock().Mono());
    loop_.After(WritingTakes(),
                [this, of = opened_, results, changes = std::move(changes),
                 counts = outcome_.ledger.counts(), done = std::move(done)]() mutable {
                  if (of != opened_ || journal_ == nullptr) {
                    return;  // it was killed meanwhile
                  }
                  const absl::Status kept = journal_->Write(changes);
                  EXPECT_EQ(kept.ok(), !disk_full_) << kept;
                  if (results && kept.ok()) {
                    kept_counts_ = std::move(counts);
                  }
                  done(kept);
                });
  }
  void FillDisk(bool full) {
    auto database = coordinator::Database::Open(journal_file_, /*create=*/false);
    ASSERT_TRUE(database.ok()) << database.status();
    const absl::Status done =
        (*database)->Execute(full ? "CREATE TRIGGER full BEFORE INSERT ON kept BEGIN SELECT "
                                    "RAISE(ABORT, 'the disk is full'); END"
                                  : "DROP TRIGGER full");
    ASSERT_TRUE(done.ok()) << done;
    disk_full_ = full;
  }
  void KillCoordinator(absl::Duration down) {
    if (run_ == nullptr || over()) {
      return;
    }
    network_.Attach(nullptr);
    network_.BreakAll();
    keeper_.reset();
    run_.reset();
    fleet_.reset();
    journal_.reset();
    loop_.After(down, [this] { GoOn(); });
  }
  void GoOn() {
    MakeRun();
    OpenJournal();
    absl::StatusOr<std::optional<coordinator::UnfinishedRun>> found = journal_->FindUnfinished();
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_TRUE(found->has_value());
    coordinator::UnfinishedRun& unfinished = **found;
    if (unfinished.run.state < v1::RunStatus::RUNNING || !unfinished.broken_off.empty()) {
      ++lives_;
      outcome_ = SimOutcome();
      outcome_.broken_off = unfinished.broken_off;
      test_kept_ = false;
      ASSERT_TRUE(journal_->Begin({.script = "sim"}).ok());
      run_->Begin(Events());
      return;
    }
    ++outcome_.went_on;
    outcome_.ledger.TakeBack(kept_counts_);
    ASSERT_TRUE(journal_->GoOn(unfinished).ok());
    const absl::Status read =
        journal_->ReadResults(unfinished.id, &results_->store, &results_->errors);
    ASSERT_TRUE(read.ok()) << read;
    EXPECT_EQ(results_->store.samples(), outcome_.ledger.counted().size());
    fleet_->Restore(std::move(unfinished.fleet));
    const absl::Status gone_on =
        run_->GoOn(Events(), std::move(unfinished.run), std::move(unfinished.inspected),
                   std::move(unfinished.bundle));
    ASSERT_TRUE(gone_on.ok()) << gone_on;
  }
  void WatchOn() {
    loop_.After(absl::Milliseconds(100), [this] {
      if (run_ != nullptr && run_->state() != v1::RunStatus::DONE) {
        setup_.watch(run_->Snapshot());
        WatchOn();
      }
    });
  }
  void RestartCoordinator() {
    ++lives_;
    run_.reset();
    fleet_.reset();
    outcome_ = SimOutcome();
    log_.messages.clear();
    BeginRun();
    network_.BreakAll();
  }
  void Sample() {
    if (run_ == nullptr) {
      loop_.After(absl::Milliseconds(100), [this] { Sample(); });
      return;
    }
    if (run_->state() != v1::RunStatus::RUNNING) {
      return;
    }
    SimSample& sample = outcome_.samples.emplace_back();
    sample.after_t0 = run_->elapsed();
    sample.vus.resize(setup_.scenarios.size());
    for (const std::unique_ptr<SimAgent>& agent : agents_) {
      if (agent != nullptr && !agent->died) {
        const v1::Progress progress = agent->conductor->Progress();
        for (int i = 0; i < progress.scenarios_size(); ++i) {
          sample.vus[static_cast<size_t>(i)] += progress.scenarios(i).vus();
        }
      }
    }
    loop_.After(absl::Milliseconds(100), [this] { Sample(); });
  }
  void Kill(size_t agent) {
    if (agents_[agent] != nullptr && !std::exchange(agents_[agent]->died, true)) {
      network_.CutOff(*agents_[agent]->transport);
    }
  }
  void ScheduleLeave() {
    if (setup_.leave_after_t0 < absl::InfiniteDuration() && !std::exchange(leaves_, true)) {
      loop_.After(setup_.leave_after_t0,
                  [this] { agents_[setup_.victim]->conductor->Drain("terminated"); });
    }
  }
  void ScheduleKill() {
    if (setup_.kill_after_t0 < absl::InfiniteDuration()) {
      loop_.After(setup_.kill_after_t0, [this] { Kill(setup_.victim); });
    }
    for (const SimSetup::Silence& silence : setup_.silences) {
      loop_.After(silence.after_t0, [this, silence] {
        network_.Freeze(*agents_[silence.agent]->transport, silence.span);
      });
    }
  }
  void Conclude() {
    std::optional<MonoTime> first;
    for (size_t i = 0; i < agents_.size(); ++i) {
      if (agents_[i] == nullptr) {
        continue;
      }
      const SimHost& host = agents_[i]->host;
      outcome_.setups += host.setups;
      outcome_.teardowns += host.teardowns;
      outcome_.summaries += host.summaries;
      outcome_.rows.insert(host.rows.begin(), host.rows.end());
      outcome_.without_row += host.without_row;
      if (host.t0_local.has_value() && !agents_[i]->died) {
        const MonoTime t0 = *host.t0_local - setup_.agents[i].clock_offset;
        first = first.value_or(t0);
        outcome_.worst_t0 = std::max(outcome_.worst_t0, absl::AbsDuration(t0 - *first));
      }
    }
    for (const coordinator::RunMember& member : run_->members()) {
      size_t agent = 0;
      EXPECT_TRUE(absl::SimpleAtoi(absl::StripPrefix(member.name, "agent-"), &agent));
      outcome_.members.push_back({agent, member.lost, agents_[agent]->died, member.share,
                                  member.progress, agents_[agent]->host.dropped, member.settled()});
    }
    outcome_.log = log_.messages;
    outcome_.judgement = run_->judgement();
    outcome_.judged = results_->judged();
  }

  const SimSetup& setup_;
  SimOutcome outcome_;
  SimLoop loop_;
  lockstep::testing::CollectingLogger log_;
  SimNetwork network_;
  int ids_ = 0;
  int lives_ = 1;  // of the coordinator
  SimSource source_;
  std::optional<coordinator::Fleet> fleet_;
  std::optional<SimResults> results_;
  const std::string journal_file_;
  std::unique_ptr<coordinator::Journal> journal_;  // null: there is none
  Ledger::Counts kept_counts_;                     // of the last commit
  bool test_kept_ = false;
  bool leaves_ = false;  // the victim has been told to, or is about to be
  const MonoTime began_ = loop_.clock().Mono();
  Random disk_{setup_.seed};
  int opened_ = 0;  // journals
  bool disk_full_ = false;
  std::unique_ptr<Run> run_;
  std::unique_ptr<coordinator::Keeper> keeper_;
  std::vector<std::unique_ptr<SimAgent>> agents_;
};

}  // namespace

SimOutcome PlayRun(const SimSetup& setup) {
  SimSetup in_order = setup;
  Options options;
  options.scenarios = setup.scenarios;
  in_order.scenarios = *FromCanonicalJson(ToCanonicalJson(options))->scenarios;
  SimOutcome outcome = Fleet(in_order).Play();
  outcome.scenarios = in_order.scenarios;
  return outcome;
}

PlayedRun::~PlayedRun() {
  if (::testing::Test::HasFailure()) {
    std::cerr << "replay with LOCKSTEP_SIM_SEED=" << seed_ << "; exit code " << exit_code
              << "; the coordinators said:\n"
              << absl::StrJoin(log, "\n") << "\n";
  }
}

}  // namespace lockstep::testing
