// A journal in a file of its own, and a state with something in every field.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "coordinator/journal/journal.h"

namespace lockstep::coordinator {

class JournalTest : public ::testing::Test {
 public:
  ~JournalTest() override { Remove(); }

 protected:
  JournalTest()
      : path_(absl::StrCat(::testing::TempDir(), "/lockstep_journal_", getpid(), "_",
                           ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    Remove();
  }
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
    bundle.AddMissing("file:///none.csv", absl::NotFoundError("no such file"));
    EXPECT_TRUE(journal->KeepBundle(bundle).ok());
    return journal;
  }
  static absl::Time Now() { return absl::FromUnixSeconds(2000); }

  const std::string path_;
};

inline MovingWork::State AMovingState() {
  MovingWork::State moving;
  IterationPools::Pool pool;
  pool.left = Ranges({{5, 6}, {20, 1}});
  pool.takers[AgentId{2}] = {.granted = 5, .begun = 3, .wanted = 2, .turn = 9, .over = true};
  pool.takers[AgentId{3}].granted = 1;
  pool.takers[AgentId{3}].held = Ranges({{4, 1}, {17, 3}});
  pool.takers[AgentId{3}].ended = true;
  moving.pools = {.pools = {{"p", pool}}, .turns = 9};
  VuLeases::Scenario bound;
  bound.iterations = 9;
  bound.vus = {{.next = 2, .end = 4, .holder = AgentId{3}},
               {.waiting = {{.agent = AgentId{2}, .ask = 8, .wanted = 6, .over = true}}}};
  bound.granted = {{AgentId{3}, 4}};
  bound.untold = {AgentId{2}, AgentId{3}};
  moving.vu_leases = {{"b", bound}};
  moving.division = {
      .proposals = 4, .due = true, .last_division = absl::Milliseconds(5), .all_quiet = {}};
  moving.scaling = {.target = 6, .joined_late = 1, .unfit = {"x", "y"}};
  return moving;
}

inline std::vector<RunMember> AMembership() {
  std::vector<RunMember> members;
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
  member.delivered_kept = {{"s", 7, 1, 2, 9, 4}};
  member.undelivered = {{"s", 3}};
  member.last_batch = 18;
  member.progress.set_vus_active(2);
  member.round_trip_ms = 1.5;
  members.push_back(member);
  member.id = AgentId{3};
  member.name = "a3";
  member.lost_after.reset();
  member.lost = true;
  member.loss = "gone";
  member.lost_call = "teardown()";
  member.lost_at = absl::FromUnixNanos(99);
  member.labels.clear();
  member.share = {};
  members.push_back(member);
  member.id = AgentId{4};
  member.joining = true;
  members.push_back(member);
  return members;
}

// A state with something in every field.
inline RunCheckpoint AState() {
  RunCheckpoint state;
  state.state = v1::RunStatus::RUNNING;
  state.state_since = MonoTime::FromNanos(11);
  state.limit_at = MonoTime::FromNanos(12);
  state.elected = AgentId{2};
  state.sequence = "0,1/2,1";
  state.controlled["c"] = {3, 4};
  state.faults = {.outcome = {.exit_code = ExitCode::kScriptAborted,
                              .message = "why",
                              .script_fault = true,
                              .logged = true},
                  .marked = true,
                  .losses = {.agents = {"a1", "a3"}, .reason = "gone"}};
  state.row_queues = {{"q",
                       {.rows = 10,
                        .wrap = true,
                        .next = 7,
                        .back = Ranges({{1, 2}}),
                        .held = {{AgentId{2}, {.range = {5, 2}, .recalled = true}}},
                        .waiting = {AgentId{1}}}}};
  state.moving = AMovingState();
  state.stopping = Stopping::kGracefully;
  v1::SetupValue value;
  value.set_defined(true);
  value.set_json("42");
  state.script = {.setup = ScriptLife::Setup::kDone,
                  .setup_data = std::make_shared<v1::SetupValue>(value),
                  .usable = false};
  state.deal = 2;
  state.pausing.paused = true;
  state.interrupts = 1;
  state.clock.t0 = MonoTime::FromNanos(13);
  state.clock.t0_wall_ns = 14;
  state.standstills.standstills = {{absl::Seconds(3), absl::Seconds(2), /*restart=*/true}};
  state.members = AMembership();
  return state;
}

inline SentMessage Message(uint64_t number) {
  v1::CoordinatorMessage message;
  message.set_number(number);
  message.mutable_divided()->set_number(static_cast<uint32_t>(number));
  return std::make_shared<v1::CoordinatorMessage>(message);
}

inline FleetCheckpoint AFleet() {
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

}  // namespace lockstep::coordinator
