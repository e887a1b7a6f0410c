#include "coordinator/journal/journal.h"

#include <utility>

#include <gmock/gmock.h>

#include "tests/coordinator/journal/journal_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST_F(JournalTest, RunAndFleetComeBackAsTheyWere) {
  {
    const std::unique_ptr<Journal> journal = WithRun();
    ASSERT_TRUE(
        journal->Keep(AState(), AFleet(), std::nullopt, Now(), MonoTime::FromNanos(5)).ok());
  }
  const std::unique_ptr<Journal> journal = Open();
  auto found = journal->FindUnfinished();
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_TRUE(found->has_value());
  const UnfinishedRun& run = **found;
  EXPECT_EQ(run.id, 1);
  EXPECT_EQ(run.identity.script, "s.js");
  EXPECT_EQ(run.identity.agents, 3);
  EXPECT_EQ(run.kept_at, Now());
  EXPECT_EQ(run.kept_mono, MonoTime::FromNanos(5));
  EXPECT_EQ(run.options_json, R"({"rps":5})");
  EXPECT_TRUE(run.http_errors);
  ASSERT_NE(run.bundle.Find("file:///s.js"), nullptr);
  // Whoever joins late is told of what is missing, too.
  v1::Assign assign;
  run.bundle.Describe(&assign);
  ASSERT_EQ(assign.missing_files_size(), 1);
  EXPECT_EQ(assign.missing_files(0).url(), "file:///none.csv");
  EXPECT_EQ(assign.missing_files(0).error_code(), static_cast<int>(absl::StatusCode::kNotFound));
  EXPECT_EQ(assign.missing_files(0).error(), "no such file");
  EXPECT_EQ(run.inspected.exports(0), "default");

  const RunCheckpoint& state = run.run;
  EXPECT_EQ(state.state, v1::RunStatus::RUNNING);
  EXPECT_EQ(state.limit_at, MonoTime::FromNanos(12));
  EXPECT_TRUE(state.clock.drained_at.infinite());
  EXPECT_EQ(state.controlled.at("c").max_vus, 4);
  EXPECT_EQ(state.faults.outcome.exit_code, ExitCode::kScriptAborted);
  EXPECT_EQ(state.faults.outcome.message, "why");
  EXPECT_TRUE(state.faults.outcome.script_fault && state.faults.marked);
  EXPECT_TRUE(state.faults.outcome.logged);
  EXPECT_FALSE(state.faults.judged);
  EXPECT_THAT(state.faults.losses.agents, ElementsAre("a1", "a3"));
  EXPECT_EQ(state.faults.losses.reason, "gone");
  const RowQueues::Queue& queue = state.row_queues.at("q");
  EXPECT_EQ(queue.next, 7);
  EXPECT_THAT(queue.back.ranges(), ElementsAre(Range{1, 2}));
  EXPECT_EQ(queue.held.at(AgentId{2}).range.first, 5);
  EXPECT_TRUE(queue.held.at(AgentId{2}).recalled);
  EXPECT_EQ(queue.waiting, std::deque<AgentId>{AgentId{1}});
  ASSERT_TRUE(state.moving.has_value());
  const IterationPools::Pool& pool = state.moving->pools.pools.at("p");
  EXPECT_EQ(state.moving->pools.turns, 9u);
  EXPECT_THAT(pool.left.ranges(), ElementsAre(Range{5, 6}, Range{20, 1}));
  EXPECT_EQ(pool.takers.at(AgentId{2}).wanted, 2);
  EXPECT_EQ(pool.takers.at(AgentId{3}).wanted, std::nullopt);
  EXPECT_THAT(pool.takers.at(AgentId{3}).held.ranges(), ElementsAre(Range{4, 1}, Range{17, 3}));
  EXPECT_TRUE(pool.takers.at(AgentId{3}).ended);
  const VuLeases::Scenario& bound = state.moving->vu_leases.at("b");
  EXPECT_EQ(bound.iterations, 9);
  ASSERT_THAT(bound.vus, SizeIs(2));
  EXPECT_EQ(bound.vus[0].next, 2);
  EXPECT_EQ(bound.vus[0].end, 4);
  EXPECT_EQ(bound.vus[0].holder, AgentId{3});
  EXPECT_EQ(bound.vus[1].holder, std::nullopt);
  ASSERT_THAT(bound.vus[1].waiting, SizeIs(1));
  EXPECT_EQ(bound.vus[1].waiting[0].ask, 8);
  EXPECT_EQ(bound.vus[1].waiting[0].wanted, 6);
  EXPECT_TRUE(bound.vus[1].waiting[0].over);
  EXPECT_EQ(bound.granted.at(AgentId{3}), 4);
  EXPECT_THAT(bound.untold, ElementsAre(AgentId{2}, AgentId{3}));
  EXPECT_EQ(state.script.setup_data->json(), "42");
  ASSERT_THAT(state.standstills.standstills, SizeIs(1));
  EXPECT_EQ(state.standstills.standstills[0].length, absl::Seconds(2));
  EXPECT_TRUE(state.standstills.standstills[0].restart);
  EXPECT_THAT(state.moving->scaling.unfit, ElementsAre("x", "y"));
  ASSERT_THAT(state.members, SizeIs(2));  // not the one that had no part yet
  EXPECT_EQ(state.members[0].labels.at("zone"), "1");
  EXPECT_EQ(state.members[0].share.scenarios[1].max_vus, 4);
  EXPECT_EQ(state.members[0].lost_after, absl::Seconds(4));
  EXPECT_TRUE(state.members[0].left_undone);
  EXPECT_THAT(state.members[0].starts_before, ElementsAre(1, 2));
  EXPECT_EQ(state.members[0].batches_kept, 17u);
  ASSERT_THAT(state.members[0].delivered_kept, SizeIs(1));
  EXPECT_EQ(state.members[0].delivered_kept[0].scenario, "s");
  EXPECT_EQ(state.members[0].delivered_kept[0].full, 7);
  EXPECT_EQ(state.members[0].delivered_kept[0].interrupted, 1);
  EXPECT_EQ(state.members[0].delivered_kept[0].dropped, 2);
  EXPECT_EQ(state.members[0].delivered_kept[0].requests, 9);
  EXPECT_EQ(state.members[0].delivered_kept[0].failed, 4);
  ASSERT_THAT(state.members[0].undelivered, SizeIs(1));
  EXPECT_EQ(state.members[0].undelivered[0].scenario, "s");
  EXPECT_EQ(state.members[0].undelivered[0].iterations, 3);
  EXPECT_EQ(state.members[0].progress.vus_active(), 2);
  EXPECT_TRUE(state.members[1].lost);
  EXPECT_EQ(state.members[1].lost_after, std::nullopt);
  EXPECT_EQ(state.members[1].lost_at, absl::FromUnixNanos(99));

  EXPECT_EQ(run.fleet.last_id, 4u);
  ASSERT_THAT(run.fleet.sessions, SizeIs(1));
  EXPECT_EQ(run.fleet.sessions[0].session_id, "abc");
  EXPECT_EQ(run.fleet.sessions[0].received, 30u);
  ASSERT_THAT(run.fleet.sessions[0].unacknowledged, SizeIs(2));
  EXPECT_EQ(run.fleet.sessions[0].unacknowledged[1]->divided().number(), 9u);
}

TEST_F(JournalTest, LaterStatesReplaceEarlierOnes) {
  std::unique_ptr<Journal> journal = WithRun();
  RunCheckpoint state = AState();
  FleetCheckpoint fleet = AFleet();
  ASSERT_TRUE(journal->Keep(state, fleet, std::nullopt, Now(), MonoTime()).ok());
  state.standstills.standstills.clear();
  state.moving->scaling.unfit = {"z"};
  state.members[0].starts_before = {7};
  fleet.sessions[0].unacknowledged = {Message(9), Message(10)};
  fleet.sessions[0].sent = 10;
  ASSERT_TRUE(journal->Keep(state, fleet, std::nullopt, Now(), MonoTime()).ok());
  journal.reset();
  const UnfinishedRun run = **Open()->FindUnfinished();
  EXPECT_THAT(run.run.standstills.standstills, IsEmpty());
  EXPECT_THAT(run.run.moving->scaling.unfit, ElementsAre("z"));
  EXPECT_THAT(run.run.members[0].starts_before, ElementsAre(7));
  ASSERT_THAT(run.fleet.sessions[0].unacknowledged, SizeIs(2));
  EXPECT_EQ(run.fleet.sessions[0].unacknowledged[0]->number(), 9u);
}

TEST_F(JournalTest, AnswersToRequestsForFilesAreNotWritten) {
  std::unique_ptr<Journal> journal = WithRun();
  FleetCheckpoint fleet = AFleet();
  v1::CoordinatorMessage secret = *fleet.sessions[0].unacknowledged.back();
  secret.mutable_file_reply()->set_id(5);
  secret.mutable_file_reply()->set_data("hunter2");
  fleet.sessions[0].unacknowledged.back() = std::make_shared<v1::CoordinatorMessage>(secret);
  ASSERT_TRUE(journal->Keep(AState(), fleet, std::nullopt, Now(), MonoTime()).ok());
  journal.reset();
  const UnfinishedRun run = **Open()->FindUnfinished();
  const v1::FileReply& kept = run.fleet.sessions[0].unacknowledged[1]->file_reply();
  EXPECT_EQ(kept.id(), 5u);
  EXPECT_EQ(kept.data(), "");
  EXPECT_EQ(kept.error_code(), static_cast<int>(absl::StatusCode::kUnavailable));
}

Batch Requests(int count, const std::string& status) {
  Batch batch;
  batch.metrics = {
      {.name = "http_reqs", .type = MetricType::kCounter},
      {.name = "http_req_duration", .type = MetricType::kTrend, .contains = ValueType::kTime}};
  batch.tag_sets = {{{"status", status}}};
  for (uint32_t metric : {0u, 1u}) {
    Aggregate aggregate(batch.metrics[metric].type);
    for (int i = 0; i < count; ++i) {
      aggregate.Add(metric == 0 ? 1 : i, absl::UnixEpoch());
    }
    batch.series.push_back({.metric = metric, .first_seen = {}, .aggregate = std::move(aggregate)});
  }
  return batch;
}

// As on a full disk.
void LetNothingBeKept(const std::string& path, bool full) {
  auto database = Database::Open(path, /*create=*/false);
  ASSERT_TRUE((*database)
                  ->Execute(full ? "CREATE TRIGGER full BEFORE INSERT ON kept BEGIN SELECT "
                                   "RAISE(ABORT, 'full'); END"
                                 : "DROP TRIGGER full")
                  .ok());
}

TEST_F(JournalTest, WhatIsKeptSaysWhereItBreaksOffAndIsWholeOnceThereIsRoomAgain) {
  AggregateStore store;
  ErrorTable errors;
  std::unique_ptr<Journal> journal = WithRun();
  RunCheckpoint state = AState();
  const auto keep = [&] {
    return journal->Keep(state, AFleet(), Journal::ResultsNow{store, errors, {}}, Now(),
                         MonoTime());
  };
  ASSERT_TRUE(store.Merge(Requests(3, "200")).ok());
  ASSERT_TRUE(keep().ok());
  LetNothingBeKept(path_, true);
  state.moving->scaling.unfit = {"later"};
  ASSERT_TRUE(store.Merge(Requests(2, "200")).ok());
  EXPECT_FALSE(keep().ok());
  EXPECT_FALSE(keep().ok());
  journal.reset();
  journal = Open();
  const UnfinishedRun stale = **journal->FindUnfinished();
  EXPECT_EQ(stale.broken_off, absl::StrCat("journal ", path_, ": full"));
  EXPECT_THAT(stale.run.moving->scaling.unfit, ElementsAre("x", "y"));

  LetNothingBeKept(path_, false);
  ASSERT_TRUE(journal->GoOn(stale).ok());
  LetNothingBeKept(path_, true);
  EXPECT_FALSE(keep().ok());
  LetNothingBeKept(path_, false);
  ASSERT_TRUE(keep().ok());
  journal.reset();
  journal = Open();
  const UnfinishedRun whole = **journal->FindUnfinished();
  EXPECT_EQ(whole.broken_off, "");
  EXPECT_THAT(whole.run.moving->scaling.unfit, ElementsAre("later"));
  AggregateStore again;
  ErrorTable errors_again;
  ASSERT_TRUE(journal->ReadResults(whole.id, &again, &errors_again).ok());
  EXPECT_EQ(again.counts().samples, store.counts().samples);
  EXPECT_EQ(again.Entries().size(), store.Entries().size());
}

TEST_F(JournalTest, ResultsComeBackAndAreGoneOnWith) {
  AggregateStore store;
  ErrorTable errors;
  std::unique_ptr<Journal> journal = WithRun();
  ASSERT_TRUE(store.Merge(Requests(3, "200")).ok());
  errors.Add({.cause = "500", .method = "GET", .name = "/", .count = 2, .first_unix_nanos = 5},
             "a1");
  errors.AddFolded(4);
  const auto keep = [&](std::map<std::string, int64_t> written) {
    return journal->Keep(AState(), AFleet(), Journal::ResultsNow{store, errors, std::move(written)},
                         Now(), MonoTime());
  };
  ASSERT_TRUE(keep({{"json=a.json", 100}}).ok());
  ASSERT_TRUE(store.Merge(Requests(6000, "500")).ok());  // now a histogram
  errors.Add({.cause = "500", .method = "GET", .name = "/", .count = 1, .first_unix_nanos = 9},
             "a2");
  ASSERT_TRUE(keep({{"json=a.json", 200}}).ok());

  AggregateStore again;
  ErrorTable errors_again;
  journal.reset();
  journal = Open();
  const UnfinishedRun run = **journal->FindUnfinished();
  EXPECT_THAT(run.written, ElementsAre(Pair("json=a.json", 200)));
  ASSERT_TRUE(journal->GoOn(run).ok());
  ASSERT_TRUE(journal->ReadResults(run.id, &again, &errors_again).ok());
  for (AggregateStore* each : {&store, &again}) {  // both go on
    ASSERT_TRUE(each->Merge(Requests(2, "200")).ok());
  }
  for (const AggregateStore::Entry& entry : store.Entries()) {
    EXPECT_EQ(*again.Find(entry.key->text), *entry.aggregate) << entry.key->text;
  }
  EXPECT_EQ(again.samples(), store.samples());
  ASSERT_THAT(errors_again.Rows(), SizeIs(1));
  EXPECT_EQ(errors_again.Rows()[0].error.count, 3u);
  EXPECT_EQ(errors_again.Rows()[0].error.first_unix_nanos, 5);
  EXPECT_THAT(errors_again.Rows()[0].agents, ElementsAre(Pair("a1", 2), Pair("a2", 1)));
  EXPECT_EQ(errors_again.folded(), 4u);
  ASSERT_TRUE(journal
                  ->Keep(AState(), AFleet(), Journal::ResultsNow{again, errors_again, {}}, Now(),
                         MonoTime())
                  .ok());
  AggregateStore third;
  ErrorTable third_errors;
  journal.reset();
  journal = Open();
  ASSERT_TRUE(journal->ReadResults(run.id, &third, &third_errors).ok());
  EXPECT_EQ(third.samples(), again.samples());
  EXPECT_EQ(*third.Find("http_req_duration"), *again.Find("http_req_duration"));
}

TEST_F(JournalTest, WhatIsMissingInAStateIsToldByName) {
  std::unique_ptr<Journal> journal = WithRun();
  ASSERT_TRUE(journal->Keep(AState(), AFleet(), std::nullopt, Now(), MonoTime()).ok());
  journal.reset();
  {
    auto database = Database::Open(path_, /*create=*/false);
    ASSERT_TRUE((*database)->Execute("DELETE FROM state WHERE field = 'share.1.max_vus'").ok());
  }
  const auto found = Open()->FindUnfinished();
  EXPECT_TRUE(absl::IsDataLoss(found.status()));
  EXPECT_THAT(std::string(found.status().message()),
              HasSubstr("of agent 2, share.1.max_vus is missing"));
}

}  // namespace
}  // namespace lockstep::coordinator
