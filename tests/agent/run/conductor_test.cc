#include "agent/run/conductor.h"

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "common/base/content_hash.h"
#include "common/messages/words.h"
#include "common/metrics/batch.h"
#include "common/options/options_json.h"
#include "tests/support/idle_agent.h"
#include "tests/support/sim_loop.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// An agent that has joined, and a test that plays its coordinator.
struct JoinedAgent {
  explicit JoinedAgent(int64_t lease_ms = 10'000) {
    conductor.Begin([](const absl::Status&) {});
    Welcome(lease_ms);
  }

  void Welcome(int64_t lease_ms = 10'000) {
    number = 0;
    v1::CoordinatorMessage welcome;
    welcome.mutable_welcome()->set_session_id("s");
    welcome.mutable_welcome()->set_lease_ms(lease_ms);
    welcome.mutable_welcome()->set_heartbeat_ms(1000);
    transport.events->on_message(welcome);
  }

  void Tell(v1::CoordinatorMessage message) {
    message.set_number(++number);
    message.set_run_id(1);
    const std::shared_ptr<Transport::Events> events = transport.events;
    events->on_message(message);
    loop.RunFor(absl::Milliseconds(1));
  }
  void Assign(const std::string& file = "", const std::string& hash = "",
              const Options& options = Options()) {
    v1::CoordinatorMessage message;
    v1::Assign& assign = *message.mutable_assign();
    assign.set_options_json(ToCanonicalJson(options));
    assign.set_segment_sequence("0,1");
    BundleHash bundle;
    if (!file.empty()) {
      assign.add_files()->set_url(file);
      assign.mutable_files(0)->set_sha256(hash);
      assign.mutable_files(0)->set_size_bytes(3);
      bundle.Add(file, 3, hash);
    }
    assign.set_bundle_sha256(bundle.Digest());
    Tell(message);
  }
  // What it has answered, without heartbeats.
  std::vector<std::string> Failures() const {
    std::vector<std::string> failures;
    for (const v1::AgentMessage& message : transport.sent) {
      if (message.has_agent_failed()) {
        failures.push_back(message.agent_failed().message());
      } else if (message.assigned().has_failure()) {
        failures.push_back(message.assigned().failure().message());
      } else if (message.prepared().has_failure()) {
        failures.push_back(message.prepared().failure().message());
      }
    }
    return failures;
  }
  template <class Set>
  v1::CoordinatorMessage Message(Set set) {
    v1::CoordinatorMessage message;
    set(message);
    return message;
  }
  // Of its numbered messages, the last one's.
  uint64_t LastNumber() const {
    uint64_t last = 0;
    for (const v1::AgentMessage& message : transport.sent) {
      last = std::max<uint64_t>(last, message.number());
    }
    return last;
  }
  void AnswerFileRequest(const std::string& data) {
    v1::CoordinatorMessage reply;
    for (const v1::AgentMessage& message : transport.sent) {
      if (message.has_file_request()) {
        reply.mutable_file_reply()->set_id(message.file_request().id());
      }
    }
    reply.mutable_file_reply()->set_data(data);
    reply.mutable_file_reply()->set_size_bytes(static_cast<int64_t>(data.size()));
    Tell(reply);
  }
  v1::CoordinatorMessage Prepare() {
    return Message([](auto& m) { m.mutable_prepare(); });
  }

  lockstep::testing::SimLoop loop;
  NullLogger log;
  lockstep::testing::OpenTransport transport;
  lockstep::testing::IdleHost host{loop};
  ScriptLog script_log{loop};
  Session session{loop, transport, log, {.version = "1", .name = "a"}};
  Conductor conductor{{loop, session, host, script_log},
                      [](absl::string_view json) { return FromCanonicalJson(json); }};
  uint64_t number = 0;
};

class ConductorTest : public ::testing::Test, protected JoinedAgent {};

TEST_F(ConductorTest, DoesWhatComesInOrder) {
  Assign();
  Tell(Prepare());
  Tell(Message([](auto& m) { m.mutable_run_setup(); }));
  Tell(Message([](auto& m) { m.mutable_setup_data(); }));
  Tell(Message([](auto& m) { m.mutable_start(); }));
  EXPECT_THAT(Failures(), IsEmpty());
}

// Its own wall clock is an hour ahead of the coordinator's.
TEST_F(ConductorTest, AllStampsAreOfTheCoordinatorsClock) {
  const int64_t hour = absl::ToInt64Nanoseconds(absl::Hours(1));
  const int64_t now = absl::ToUnixNanos(loop.clock().Wall());
  v1::CoordinatorMessage answer;
  answer.mutable_clock_answer()->set_id(1);
  answer.mutable_clock_answer()->set_agent_mono_ns(loop.clock().Mono().nanos());
  answer.mutable_clock_answer()->set_coordinator_mono_ns(loop.clock().Mono().nanos());
  answer.mutable_clock_answer()->set_coordinator_wall_unix_ns(now - hour);
  const std::shared_ptr<Transport::Events> events = transport.events;
  events->on_message(answer);
  Batch measured;
  measured.begin = absl::FromUnixNanos(now);
  measured.end = absl::FromUnixNanos(now + 1);
  measured.metrics = {{.name = "vus", .type = MetricType::kGauge}};
  measured.tag_sets = {{}};
  Aggregate gauge(MetricType::kGauge);
  gauge.Add(1, absl::FromUnixNanos(now + 3));
  measured.series.push_back({.first_seen = {.unix_nanos = now + 2}, .aggregate = gauge});
  measured.errors = {
      {.cause = "x", .method = "GET", .name = "x", .count = 1, .first_unix_nanos = now + 4}};
  measured.points = {{.unix_nanos = now + 5, .value = 1}, {.unix_nanos = now + 12, .value = 1}};
  host.batch = EncodeBatch(measured);
  Assign();
  Tell(Prepare());
  Tell(Message([](auto& m) { m.mutable_run_setup(); }));
  loop.RunFor(absl::Seconds(2));
  ASSERT_THAT(transport.batches, ::testing::Not(IsEmpty()));
  v1::MetricBatch told;
  ASSERT_TRUE(told.ParseFromString(transport.batches.front().batch()));
  EXPECT_EQ(told.begin_unix_ns(), now - hour);
  EXPECT_EQ(told.end_unix_ns(), now + 1 - hour);
  EXPECT_EQ(told.series(0).first_unix_ns(), now + 2 - hour);
  EXPECT_EQ(told.series(0).gauge().last_unix_ns(), now + 3 - hour);
  EXPECT_EQ(told.errors(0).first_unix_ns(), now + 4 - hour);
  EXPECT_EQ(told.points().unix_ns(0), now + 5 - hour);
  EXPECT_EQ(told.points().unix_ns(1), 7);  // the distance from the one before
}

TEST_F(ConductorTest, TheLogKnowsASecretBeforeTheScriptDoes) {
  Assign();
  std::optional<std::string> secret;
  host.events.on_secret("secret:/k", [&](const absl::StatusOr<std::string>& answer) {
    secret = *answer;
    script_log.Info("got " + *answer);
  });
  v1::CoordinatorMessage reply;
  for (const v1::AgentMessage& message : transport.sent) {
    if (message.file_request().url() == "secret:/k") {
      reply.mutable_file_reply()->set_id(message.file_request().id());
    }
  }
  ASSERT_TRUE(reply.has_file_reply());
  reply.mutable_file_reply()->set_data("s3cret");
  reply.mutable_file_reply()->set_size_bytes(6);
  Tell(reply);
  EXPECT_EQ(secret, "s3cret");
  std::vector<std::string> lines;
  for (const v1::AgentMessage& message : transport.sent) {
    for (const v1::LogLine& line : message.log_lines().lines()) {
      lines.push_back(line.message());
    }
  }
  EXPECT_THAT(lines, ElementsAre("got ***SECRET_REDACTED***"));
}

// Another coordinator, which goes on with the run, has not seen the secret.
TEST_F(ConductorTest, WhatItTellsOfTheScriptHasNoSecrets) {
  script_log.redactor().Add("s3cret");
  Batch measured;
  measured.tag_sets.push_back({{"url", "/s3cret"}});
  measured.errors.push_back({.cause = "not s3cret", .method = "GET", .name = "x", .count = 1});
  host.batch = EncodeBatch(measured);
  host.setup_value = R"("a s3cret")";
  Assign();
  Tell(Prepare());
  Tell(Message([](auto& m) { m.mutable_run_setup(); }));
  loop.RunFor(absl::Seconds(2));
  host.events.on_abort("no s3cret");
  const absl::StatusOr<Batch> told = DecodeBatch(transport.batches.at(0).batch());
  ASSERT_TRUE(told.ok());
  EXPECT_EQ(told->tag_sets.at(0).at(0).second, "/***SECRET_REDACTED***");
  EXPECT_EQ(told->errors.at(0).cause, "not ***SECRET_REDACTED***");
  std::vector<std::string> texts;
  for (const v1::AgentMessage& message : transport.sent) {
    if (message.has_setup_done()) {
      texts.push_back(message.setup_done().value().json());
      texts.push_back(absl::StrCat("with ", message.setup_done().value().secrets(0)));
    } else if (message.has_script_request()) {
      texts.push_back(message.script_request().message());
    }
  }
  EXPECT_THAT(texts, ElementsAre(R"("a s3cret")", "with s3cret", "no ***SECRET_REDACTED***"));
}

// Found by the fuzzer: a second Prepare left a timer behind that sealed batches without end once
// the run was given up.
TEST_F(ConductorTest, RefusesToPrepareTwice) {
  Assign();
  Tell(Prepare());
  Tell(Prepare());
  EXPECT_THAT(Failures(), ElementsAre(HasSubstr("is out of order")));
  loop.RunFor(absl::Seconds(30));  // past the lease
  EXPECT_FALSE(conductor.in_run());
}

TEST_F(ConductorTest, KnowsTheSecretsInSetupsValueThatAnotherAgentWasGiven) {
  Assign();
  Tell(Prepare());
  Tell(Message([](auto& m) {
    m.mutable_setup_data()->mutable_value()->set_json(R"("s3cret")");
    m.mutable_setup_data()->mutable_value()->add_secrets("s3cret");
  }));
  host.events.on_abort("no s3cret");
  EXPECT_EQ(transport.sent.back().script_request().message(), "no ***SECRET_REDACTED***");
}

// The init code of another agent's VU has failed, and that agent has left.
TEST_F(ConductorTest, CallsHandleSummaryOfALoadThatNeverBegan) {
  Assign();
  Tell(Prepare());
  Tell(Message([](auto& m) { m.mutable_run_handle_summary(); }));
  EXPECT_THAT(Failures(), IsEmpty());
  EXPECT_TRUE(transport.sent.back().has_handle_summary_done());
}

// Another agent was lost before T0: VUs are initialised again, for another part of the work.
TEST_F(ConductorTest, TakesAnotherAssignmentUntilTheStart) {
  Assign();
  Tell(Prepare());
  Tell(Message([](auto& m) { m.mutable_setup_data(); }));
  Assign();
  loop.RunFor(absl::Milliseconds(10));
  Tell(Prepare());
  Tell(Message([](auto& m) { m.mutable_setup_data(); }));
  Tell(Message([](auto& m) { m.mutable_start(); }));
  EXPECT_THAT(Failures(), IsEmpty());
  Assign();
  EXPECT_THAT(Failures(), ElementsAre(HasSubstr("is out of order")));
}

// It is lost while the VUs of the assignment before are freed: nothing of that run goes on.
TEST_F(ConductorTest, ForgetsAnotherAssignmentWithItsSession) {
  Assign();
  Tell(Prepare());
  Assign();
  conductor.Leave("enough");
  loop.RunFor(absl::Seconds(1));
  EXPECT_FALSE(conductor.in_run());
}

// setup() is still running: its reset takes the engine away, which Start would have used.
TEST_F(ConductorTest, StartsNothingAfterStop) {
  Assign();
  Tell(Prepare());
  Tell(Message([](auto& m) { m.mutable_run_setup(); }));
  Tell(Message([](auto& m) { m.mutable_stop(); }));
  Tell(Message([](auto& m) { m.mutable_setup_data(); }));
  Tell(Message([](auto& m) { m.mutable_start(); }));
  EXPECT_THAT(Failures(), ElementsAre(HasSubstr("is out of order"), HasSubstr("is out of order")));
  loop.RunFor(absl::Seconds(1));
}

// The stop of one run is not a stop of the next one, in which the same agent may be elected again.
TEST_F(ConductorTest, AStoppedSetupLeavesNothingToTheNextRun) {
  const auto set_up = [&] {
    Assign();
    Tell(Prepare());
    Tell(Message([](auto& m) { m.mutable_run_setup(); }));
  };
  const auto answers = [&] {
    loop.RunFor(absl::Milliseconds(20));
    std::vector<std::string> names;
    for (const v1::AgentMessage& message : transport.sent) {
      if (message.has_setup_done() || message.has_drained()) {
        names.push_back(NameOf(message));
      }
    }
    transport.sent.clear();
    return names;
  };
  set_up();
  Tell(Message([](auto& m) { m.mutable_stop(); }));
  EXPECT_THAT(answers(), ElementsAre("setup_done", "drained"));
  Tell(Message([](auto& m) { m.mutable_goodbye(); }));
  loop.RunFor(absl::Seconds(30));
  ASSERT_NE(transport.events, nullptr);  // it has come back
  Welcome();
  set_up();
  EXPECT_THAT(answers(), ElementsAre("setup_done"));
  EXPECT_THAT(Failures(), IsEmpty());
}

// A stop is not undone by what was asked for before it.
TEST_F(ConductorTest, AFileThatComesAfterAStopBeginsNothing) {
  Assign("file:///lib.js", Sha256("abc"));
  Tell(Message([](auto& m) { m.mutable_stop(); }));
  AnswerFileRequest("abc");
  Tell(Prepare());
  EXPECT_THAT(Failures(), ElementsAre("the coordinator's message prepare is out of order in stage "
                                      "Drained"));
}

// Not up to a second later: what is shown to have ended shows all that it has done.
TEST_F(ConductorTest, HandsOverWhatItHasWhenAScenarioEnds) {
  ScenarioConfig brief;
  brief.name = "brief";
  brief.executor = ConstantVusConfig{.vus = 1, .duration = absl::Milliseconds(1300)};
  ScenarioConfig also = brief;
  also.name = "also_brief";
  ScenarioConfig lasting;
  lasting.name = "lasting";
  lasting.executor = ConstantVusConfig{.vus = 1, .duration = absl::Minutes(1)};
  Options options;
  options.scenarios = {brief, also, lasting};
  Assign("", "", options);
  Tell(Prepare());
  Tell(Message([](auto& m) { m.mutable_setup_data(); }));
  const int64_t t0 = loop.clock().Mono().nanos();
  Tell(Message([t0](auto& m) { m.mutable_start()->set_t0_coordinator_mono_ns(t0); }));
  const auto ended = [&] {
    int64_t most = 0;
    for (const v1::AgentMessage& message : transport.sent) {
      int64_t done = 0;
      for (const v1::ScenarioProgress& part : message.progress().scenarios()) {
        done += part.state() == v1::ScenarioProgress::DONE ? 1 : 0;
      }
      most = std::max(most, done);
    }
    return most;
  };
  loop.RunFor(absl::Milliseconds(1100));  // a second has been sealed
  const size_t before = transport.batches.size();
  EXPECT_EQ(ended(), 0);
  while (ended() == 0 && loop.clock().Mono().nanos() < t0 + 1'950'000'000) {
    loop.RunFor(absl::Milliseconds(1));
  }
  EXPECT_EQ(ended(), 2);
  EXPECT_EQ(transport.batches.size(), before + 1);  // one for both
}

// A SIGTERM: the coordinator hears it before the end of the work, and the goodbye only when it has
// everything.
TEST_F(ConductorTest, LeavesWhenEverythingIsHandedOver) {
  ScenarioConfig scenario;
  scenario.name = "s";
  scenario.executor = ConstantVusConfig{.vus = 1, .duration = absl::Minutes(1)};
  Options options;
  options.scenarios = {scenario};
  Assign("", "", options);
  Tell(Prepare());
  Tell(Message([](auto& m) { m.mutable_setup_data(); }));
  Tell(Message([](auto& m) { m.mutable_start(); }));
  conductor.Drain("terminated");
  loop.RunFor(absl::Seconds(1));
  std::vector<std::string> said;
  uint64_t batches = 0;
  const auto look = [&] {
    said.clear();
    for (const v1::AgentMessage& message : transport.sent) {
      if (message.has_leaving()) {
        said.push_back(message.leaving().draining() ? "draining" : "leaving");
      } else if (message.has_drained()) {
        said.emplace_back("drained");
        batches = message.drained().last_batch();
      }
    }
  };
  look();
  EXPECT_THAT(said, ElementsAre("draining", "drained"));
  EXPECT_GT(batches, 0u);
  v1::BatchAck ack;
  ack.set_run_id(1);
  ack.set_acknowledged(batches);
  std::shared_ptr<Transport::Events> events = transport.events;
  events->on_batch_ack(ack);
  look();
  EXPECT_THAT(said, ElementsAre("draining", "drained"));  // its messages are not acknowledged
  v1::CoordinatorMessage heard;
  heard.set_acknowledged(session.unacknowledged() == 0 ? 0 : LastNumber());
  heard.mutable_heartbeat();
  events->on_message(heard);
  look();
  EXPECT_THAT(said, ElementsAre("draining", "drained", "leaving"));
}

TEST_F(ConductorTest, TheSecondTimeItLeavesAtOnce) {
  Assign();
  Tell(Prepare());
  Tell(Message([](auto& m) { m.mutable_run_setup(); }));
  conductor.Drain("terminated");
  EXPECT_FALSE(transport.sent.back().has_leaving());  // setup() is running
  conductor.Drain("terminated");
  EXPECT_TRUE(transport.sent.back().has_leaving());
}

// 1000 lines of 64 KB: what the coordinator does not acknowledge stays bounded, and so do those
// that wait.
TEST_F(ConductorTest, AScriptThatWritesTooMuchFillsNoMemory) {
  for (int i = 0; i < 1000; ++i) {
    script_log.Info(absl::StrCat(i, std::string(64 << 10, 'x')));
    loop.RunFor(absl::Microseconds(1));
  }
  EXPECT_LE(session.unacknowledged_bytes(), size_t{6} << 20);
  int64_t lines = 0;
  int64_t suppressed = 0;
  for (int round = 0; round < 50; ++round) {  // the coordinator catches up
    v1::CoordinatorMessage heard;
    heard.set_acknowledged(LastNumber());
    heard.mutable_heartbeat();
    const std::shared_ptr<Transport::Events> events = transport.events;
    events->on_message(heard);
    loop.RunFor(absl::Milliseconds(1));
  }
  for (const v1::AgentMessage& message : transport.sent) {
    EXPECT_LE(message.ByteSizeLong(), size_t{3} << 20);
    lines += message.log_lines().lines_size();
    suppressed += message.log_lines().suppressed();
  }
  EXPECT_EQ(lines + suppressed, 1000);
  EXPECT_GT(suppressed, 0);
}

TEST_F(ConductorTest, RefusesAnAssignmentThatMakesNoSense) {
  for (const auto& [set, reason] :
       std::initializer_list<std::pair<void (*)(v1::Assign&), const char*>>{
           {[](v1::Assign& a) { a.set_segment_index(-1); },
            "assign.segment_index: must be >= 0, got -1"},
           {[](v1::Assign& a) { a.set_partition(static_cast<v1::Assign::Partition>(77)); },
            "assign.partition: must be a known one, got 77"},
           {[](v1::Assign& a) { a.set_rps_share(-3); },
            "assign.rps_share: must be >= 0 and finite, got -3"},
           {[](v1::Assign& a) { a.add_missing_files()->set_url("file:///x"); },
            "assign.missing_files: the error code of file:///x must be 1 to 16, got 0"}}) {
    JoinedAgent other;
    v1::CoordinatorMessage message;
    set(*message.mutable_assign());
    other.Tell(message);
    EXPECT_THAT(other.Failures(), ElementsAre(reason));
  }
}

TEST_F(ConductorTest, PreparesNoScheduleThatCannotBeCounted) {
  Options options;
  ScenarioConfig& scenario = options.scenarios.emplace(1).front();
  scenario.name = "s";
  scenario.executor = PerVuIterationsConfig{4, INT64_MAX};
  Assign("", "", options);
  Tell(Prepare());
  EXPECT_THAT(Failures(), ElementsAre("scenarios.s.iterations: more than 2^63 over all VUs"));
}

TEST_F(ConductorTest, BelievesNoLeaseThatWouldLetItRunOnForEver) {
  JoinedAgent other(/*lease_ms=*/INT64_MAX);
  EXPECT_FALSE(other.session.open());
}

TEST_F(ConductorTest, RefusesWhatComesTooEarly) {
  Assign();
  for (auto set : std::initializer_list<void (*)(v1::CoordinatorMessage&)>{
           [](v1::CoordinatorMessage& m) { m.mutable_start(); },
           [](v1::CoordinatorMessage& m) { m.mutable_run_setup(); },
           [](v1::CoordinatorMessage& m) { m.mutable_setup_data(); },
           [](v1::CoordinatorMessage& m) { m.mutable_run_teardown(); },
           [](v1::CoordinatorMessage& m) { m.mutable_run_handle_summary(); },
           [](v1::CoordinatorMessage& m) { m.mutable_inspect(); }}) {
    transport.sent.clear();
    Tell(Message(set));
    EXPECT_THAT(Failures(), ElementsAre(HasSubstr("is out of order")));
  }
}

TEST_F(ConductorTest, RefusesAFileThatDoesNotMatchItsHash) {
  Assign("file:///lib.js", Sha256("abc"));
  AnswerFileRequest("abd");
  EXPECT_THAT(Failures(), ElementsAre("the content of file:///lib.js does not match its hash"));
}

TEST_F(ConductorTest, RefusesABundleThatDoesNotMatchItsHash) {
  v1::CoordinatorMessage message;
  message.mutable_assign()->set_bundle_sha256("another");
  Tell(message);
  EXPECT_THAT(Failures(), ElementsAre("the bundle of the script's files does not match its hash"));
}

}  // namespace
}  // namespace lockstep::agent
