#include "coordinator/journal/journal.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class JournalTest : public ::testing::Test {
 protected:
  JournalTest()
      : path_(absl::StrCat(::testing::TempDir(), "/lockstep_journal_", getpid(), "_",
                           ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    Remove();
  }
  ~JournalTest() override { Remove(); }
  void Remove() {
    for (const char* part : {"", "-wal", "-shm", "-reserve"}) {
      unlink(absl::StrCat(path_, part).c_str());
    }
  }
  std::unique_ptr<Journal> Open() {
    absl::StatusOr<std::unique_ptr<Journal>> journal = Journal::Open(path_);
    EXPECT_TRUE(journal.ok()) << journal.status();
    return journal.ok() ? *std::move(journal) : nullptr;
  }
  // A journal with a run that has begun.
  std::unique_ptr<Journal> WithRun() {
    std::unique_ptr<Journal> journal = Open();
    EXPECT_TRUE(journal
                    ->Begin({.script = "s.js",
                             .test_hash = "hash",
                             .version = "1",
                             .boot = "boot",
                             .agents = 3,
                             .settings = "{}",
                             .begun = absl::FromUnixSeconds(1000)})
                    .ok());
    v1::Inspected inspected;
    inspected.add_exports("default");
    EXPECT_TRUE(journal->KeepTest(inspected, R"({"rps":5})", true).ok());
    Bundle bundle;
    bundle.Add("file:///s.js", "export default 1");
    EXPECT_TRUE(journal->KeepBundle(bundle).ok());
    return journal;
  }
  static absl::Time Now() { return absl::FromUnixSeconds(2000); }

  const std::string path_;
};

// A state with something in every field.
RunCheckpoint AState() {
  RunCheckpoint state;
  state.state = v1::RunStatus::RUNNING;
  state.state_since = MonoTime::FromNanos(11);
  state.limit_at = MonoTime::FromNanos(12);
  state.elected = AgentId{2};
  state.sequence = "0,1/2,1";
  state.controlled["c"] = {3, 4};
  state.verdict = Verdict({ExitCode::kScriptAborted, "why", true}, true, false);
  state.row_queues = RowQueues({{"q", {.rows = 10, .wrap = true, .next = 7}}});
  IterationPools::Pool pool;
  pool.left = {{5, 6}, {20, 1}};
  pool.count = 7;
  pool.takers[AgentId{2}] = {.granted = 5, .begun = 3, .wanted = 2, .turn = 9, .over = true};
  pool.takers[AgentId{3}].granted = 1;
  pool.takers[AgentId{3}].held = {{4, 1}, {17, 3}};
  pool.takers[AgentId{3}].ended = true;
  state.pools.emplace(std::map<std::string, IterationPools::Pool>{{"p", pool}}, 9);
  VuLeases::Scenario bound;
  bound.iterations = 9;
  bound.vus = {{.next = 2, .end = 4, .holder = AgentId{3}},
               {.waiting = {{.agent = AgentId{2}, .ask = 8, .wanted = 6, .over = true}}}};
  bound.granted = {{AgentId{3}, 4}};
  bound.untold = {AgentId{2}, AgentId{3}};
  state.vu_leases.emplace(std::map<std::string, VuLeases::Scenario>{{"b", bound}});
  state.stopping = 1;
  state.setup = 3;
  state.setup_data.set_defined(true);
  state.setup_data.set_json("42");
  state.script_usable = false;
  state.deal = 2;
  state.scaled.emplace().set_vus(8);
  state.paused = true;
  state.interrupts = 1;
  state.t0 = MonoTime::FromNanos(13);
  state.t0_wall_ns = 14;
  state.standstills = {{absl::Seconds(3), absl::Seconds(2), /*restart=*/true}};
  state.redivisions = 4;
  state.division_due = true;
  state.last_division = absl::Milliseconds(5);
  state.agents_target = 6;
  state.joined_late = 1;
  state.unfit = {"x", "y"};
  RunMember member;
  member.id = AgentId{2};
  member.name = "a2";
  member.weight = 3;
  member.labels = {{"zone", "1"}};
  member.sequence = "0,1/2,1";
  member.segment_index = 1;
  member.segment = "1/2:1";
  member.rps_share = 2.5;
  member.share = {.scenarios = {{"s", 10, 2}, {"t", -1, 4}}, .max_vus = 5};
  member.lost_after = absl::Seconds(4);
  member.left_undone = true;
  member.starts_before = {1, 2};
  member.step = RunMember::Step::kReady;
  member.batches_kept = 17;
  member.ended = {{"s", 7, 1, 2}};
  member.last_batch = 18;
  member.progress.set_vus_active(2);
  member.round_trip_ms = 1.5;
  state.members.push_back(member);
  member.id = AgentId{3};
  member.name = "a3";
  member.lost_after.reset();
  member.lost = true;
  member.loss = "gone";
  member.lost_at = absl::FromUnixNanos(99);
  member.labels.clear();
  member.share = {};
  state.members.push_back(member);
  member.id = AgentId{4};
  member.joining = true;
  state.members.push_back(member);
  return state;
}

v1::CoordinatorMessage Message(uint64_t number) {
  v1::CoordinatorMessage message;
  message.set_number(number);
  message.mutable_divided()->set_number(static_cast<uint32_t>(number));
  return message;
}

FleetCheckpoint AFleet() {
  return {.last_id = 4,
          .sessions = {{.agent = AgentId{2},
                        .name = "a2",
                        .weight = 3,
                        .labels = {{"zone", "1"}},
                        .process_id = 77,
                        .session_id = "abc",
                        .fingerprint = "f",
                        .sent = 9,
                        .received = 30,
                        .unacknowledged = {Message(8), Message(9)}}}};
}

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
  EXPECT_EQ(run.run.inspected.exports(0), "default");

  const RunCheckpoint& state = run.run;
  EXPECT_EQ(state.state, v1::RunStatus::RUNNING);
  EXPECT_EQ(state.limit_at, MonoTime::FromNanos(12));
  EXPECT_TRUE(state.drained_at.infinite());
  EXPECT_EQ(state.controlled.at("c").max_vus, 4);
  EXPECT_EQ(state.verdict.outcome().exit_code, ExitCode::kScriptAborted);
  EXPECT_EQ(state.verdict.outcome().message, "why");
  EXPECT_TRUE(state.verdict.outcome().script_fault && state.verdict.marked());
  EXPECT_FALSE(state.verdict.judged());
  EXPECT_EQ(state.row_queues.queues().at("q").next, 7);
  ASSERT_TRUE(state.pools.has_value());
  EXPECT_EQ(state.pools->turns(), 9u);
  EXPECT_THAT(state.pools->pools().at("p").left, ElementsAre(Pair(5, 6), Pair(20, 1)));
  EXPECT_EQ(state.pools->pools().at("p").takers.at(AgentId{2}).wanted, 2);
  EXPECT_EQ(state.pools->pools().at("p").takers.at(AgentId{3}).wanted, std::nullopt);
  EXPECT_THAT(state.pools->pools().at("p").takers.at(AgentId{3}).held,
              ElementsAre(Pair(4, 1), Pair(17, 3)));
  EXPECT_TRUE(state.pools->pools().at("p").takers.at(AgentId{3}).ended);
  ASSERT_TRUE(state.vu_leases.has_value());
  const VuLeases::Scenario& bound = state.vu_leases->scenarios().at("b");
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
  EXPECT_EQ(state.setup_data.json(), "42");
  EXPECT_EQ(state.scaled->vus(), 8);
  ASSERT_THAT(state.standstills, SizeIs(1));
  EXPECT_EQ(state.standstills[0].length, absl::Seconds(2));
  EXPECT_TRUE(state.standstills[0].restart);
  EXPECT_THAT(state.unfit, ElementsAre("x", "y"));
  ASSERT_THAT(state.members, SizeIs(2));  // not the one that had no part yet
  EXPECT_EQ(state.members[0].labels.at("zone"), "1");
  EXPECT_EQ(state.members[0].share.scenarios[1].max_vus, 4);
  EXPECT_EQ(state.members[0].lost_after, absl::Seconds(4));
  EXPECT_TRUE(state.members[0].left_undone);
  EXPECT_THAT(state.members[0].starts_before, ElementsAre(1, 2));
  EXPECT_EQ(state.members[0].batches_kept, 17u);
  ASSERT_THAT(state.members[0].ended, SizeIs(1));
  EXPECT_EQ(state.members[0].ended[0].scenario, "s");
  EXPECT_EQ(state.members[0].ended[0].full, 7);
  EXPECT_EQ(state.members[0].ended[0].interrupted, 1);
  EXPECT_EQ(state.members[0].ended[0].dropped, 2);
  EXPECT_EQ(state.members[0].progress.vus_active(), 2);
  EXPECT_TRUE(state.members[1].lost);
  EXPECT_EQ(state.members[1].lost_after, std::nullopt);
  EXPECT_EQ(state.members[1].lost_at, absl::FromUnixNanos(99));

  EXPECT_EQ(run.fleet.last_id, 4u);
  ASSERT_THAT(run.fleet.sessions, SizeIs(1));
  EXPECT_EQ(run.fleet.sessions[0].session_id, "abc");
  EXPECT_EQ(run.fleet.sessions[0].received, 30u);
  ASSERT_THAT(run.fleet.sessions[0].unacknowledged, SizeIs(2));
  EXPECT_EQ(run.fleet.sessions[0].unacknowledged[1].divided().number(), 9u);
}

TEST_F(JournalTest, LaterStatesReplaceEarlierOnes) {
  std::unique_ptr<Journal> journal = WithRun();
  RunCheckpoint state = AState();
  FleetCheckpoint fleet = AFleet();
  ASSERT_TRUE(journal->Keep(state, fleet, std::nullopt, Now(), MonoTime()).ok());
  state.standstills.clear();
  state.unfit = {"z"};
  state.members[0].starts_before = {7};
  fleet.sessions[0].unacknowledged = {Message(9), Message(10)};
  fleet.sessions[0].sent = 10;
  ASSERT_TRUE(journal->Keep(state, fleet, std::nullopt, Now(), MonoTime()).ok());
  journal.reset();
  const UnfinishedRun run = **Open()->FindUnfinished();
  EXPECT_THAT(run.run.standstills, IsEmpty());
  EXPECT_THAT(run.run.unfit, ElementsAre("z"));
  EXPECT_THAT(run.run.members[0].starts_before, ElementsAre(7));
  ASSERT_THAT(run.fleet.sessions[0].unacknowledged, SizeIs(2));
  EXPECT_EQ(run.fleet.sessions[0].unacknowledged[0].number(), 9u);
}

TEST_F(JournalTest, AnswersToRequestsForFilesAreNotWritten) {
  std::unique_ptr<Journal> journal = WithRun();
  FleetCheckpoint fleet = AFleet();
  v1::CoordinatorMessage& secret = fleet.sessions[0].unacknowledged.back();
  secret.mutable_file_reply()->set_id(5);
  secret.mutable_file_reply()->set_data("hunter2");
  ASSERT_TRUE(journal->Keep(AState(), fleet, std::nullopt, Now(), MonoTime()).ok());
  journal.reset();
  const UnfinishedRun run = **Open()->FindUnfinished();
  const v1::FileReply& kept = run.fleet.sessions[0].unacknowledged[1].file_reply();
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

TEST_F(JournalTest, ResultsComeBackAndAreGoneOnWith) {
  AggregateStore store;
  ErrorTable errors;
  std::unique_ptr<Journal> journal = WithRun();
  ASSERT_TRUE(store.Merge(Requests(3, "200")).ok());
  errors.Add({.cause = "500", .method = "GET", .name = "/", .count = 2, .first_unix_nanos = 5},
             "a1");
  errors.AddFolded(4);
  const auto keep = [&](std::map<std::string, int64_t> written) {
    return journal->Keep(AState(), AFleet(), Journal::ResultsNow{store, errors, written}, Now(),
                         MonoTime());
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

TEST_F(JournalTest, AnEndedRunLeavesItsRowAndResult) {
  std::unique_ptr<Journal> journal = WithRun();
  ASSERT_TRUE(journal->Keep(AState(), AFleet(), std::nullopt, Now(), MonoTime()).ok());
  RunRecord record{.id = 1,
                   .identity = {},
                   .ended = Now(),
                   .duration = absl::Seconds(9),
                   .exit_code = 99,
                   .verdict = "FAILED",
                   .reason = "because",
                   .validity = "VALID",
                   .requests = 10,
                   .failed = 2,
                   .iterations = 5};
  ASSERT_TRUE(journal->End(record, R"({"schema":"x"})").ok());
  journal.reset();
  auto history = Journal::OpenHistory(path_);
  ASSERT_TRUE(history.ok()) << history.status();
  const std::vector<RunRecord> runs = *(*history)->Runs(10);
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(runs[0].identity.begun, absl::FromUnixSeconds(1000));
  EXPECT_EQ(runs[0].ended, Now());
  EXPECT_EQ(runs[0].duration, absl::Seconds(9));
  EXPECT_EQ(runs[0].exit_code, 99);
  EXPECT_TRUE(runs[0].has_result);
  EXPECT_EQ(*(*history)->ResultOf(1), R"({"schema":"x"})");
  EXPECT_TRUE(absl::IsNotFound((*history)->ResultOf(2).status()));
  EXPECT_FALSE((*history)->FindUnfinished()->has_value());
  EXPECT_TRUE(absl::IsFailedPrecondition((*history)->FindUnfinished(1).status()));
  EXPECT_TRUE(absl::IsNotFound((*history)->FindUnfinished(7).status()));
}

// From now on there is room for a row, and not for a result.
void FillUp(const std::string& path) {
  auto database = Database::Open(path, /*create=*/false);
  ASSERT_TRUE((*database)
                  ->Execute("CREATE TRIGGER full BEFORE UPDATE ON run WHEN length(NEW.result) > 99 "
                            "BEGIN SELECT RAISE(ABORT, 'full'); END")
                  .ok());
}

TEST_F(JournalTest, ARunWhoseResultFindsNoRoomHasEndedNevertheless) {
  std::unique_ptr<Journal> journal = WithRun();
  ASSERT_TRUE(journal->Keep(AState(), AFleet(), std::nullopt, Now(), MonoTime()).ok());
  FillUp(path_);
  const RunRecord record{
      .id = 1, .identity = {}, .ended = Now(), .exit_code = 0, .verdict = "DONE"};
  EXPECT_FALSE(journal->End(record, std::string(1000, 'x')).ok());
  EXPECT_FALSE(journal->FindUnfinished()->has_value()) << "its coordinator was not lost";
  const absl::StatusOr<RunRecord> kept = journal->RecordOfRun(1);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->verdict, "DONE");
  EXPECT_FALSE(kept->has_result);
  EXPECT_TRUE(absl::IsNotFound(journal->RecordOfRun(2).status()));
  ASSERT_TRUE(journal->Begin({.script = "t.js", .settings = "{}"}).ok());
  int64_t rows = -1;
  auto database = Database::Open(path_, /*create=*/false);
  ASSERT_TRUE((*database)
                  ->Query("SELECT count(*) FROM state WHERE run = 1", {},
                          [&](const SqlRow& row) { rows = row.Int(0); })
                  .ok());
  EXPECT_EQ(rows, 0) << "what it took to go on with it is forgotten with the next run";
}

TEST_F(JournalTest, RoomForTheEndIsReservedWhileARunIsKept) {
  std::unique_ptr<Journal> journal = WithRun();
  struct stat reserve = {};
  ASSERT_EQ(stat(absl::StrCat(path_, "-reserve").c_str(), &reserve), 0);
  EXPECT_GE(reserve.st_blocks * 512, DiskReserve::kBytes);
  ASSERT_TRUE(journal->End({.id = 1, .identity = {}, .ended = Now(), .verdict = "DONE"}, "").ok());
  EXPECT_NE(stat(absl::StrCat(path_, "-reserve").c_str(), &reserve), 0);
}

TEST_F(JournalTest, WhatIsToBeRecoveredIsNotMade) {
  EXPECT_TRUE(absl::IsNotFound(Journal::OpenKept(path_).status()));
  std::ofstream(path_).close();
  const auto empty = Journal::OpenKept(path_);
  EXPECT_TRUE(absl::IsInvalidArgument(empty.status()));
  EXPECT_EQ(empty.status().message(),
            absl::StrCat("journal ", path_, ": it is empty, and no journal of lockstep"));
  struct stat file = {};
  ASSERT_EQ(stat(path_.c_str(), &file), 0);
  EXPECT_EQ(file.st_size, 0);
  ASSERT_NE(Open(), nullptr);
  EXPECT_TRUE(Journal::OpenKept(path_).ok());
}

TEST_F(JournalTest, OneProcessAtATimeWrites) {
  const std::unique_ptr<Journal> journal = Open();
  const auto second = Journal::Open(path_);
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status()));
  EXPECT_EQ(second.status().message(),
            absl::StrCat("journal ", path_, ": another process of lockstep is using it"));
  EXPECT_TRUE(Journal::OpenHistory(path_).ok());
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
