// A Run with everything around it that a test wants to decide: agents that answer as they are told,
// a script's plan, results; on simulated time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "agent/run/session.h"
#include "common/base/secrets.h"
#include "common/messages/words.h"
#include "coordinator/core/run.h"
#include "tests/sim/sim_network.h"
#include "tests/support/collecting_logger.h"
#include "tests/support/sim_loop.h"

namespace lockstep::coordinator {

// With the options' defaults.
inline TestPlan PlanOfNothing() {
  TestPlan plan;
  plan.setup_timeout = plan.teardown_timeout = absl::Seconds(60);
  plan.handle_summary_timeout = absl::Seconds(120);
  return plan;
}

class FakeSource final : public TestSource {
 public:
  const ScriptSource& script() const override { return source; }
  void Fetch(const std::string& url,
             absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) override {
    fetched.push_back(url);
    if (missing == url) {
      done(absl::NotFoundError("no such file"));
    } else if (answers) {
      done(std::string("content of ") + url);
    } else {
      unanswered.push_back(std::move(done));
    }
  }
  absl::StatusOr<TestPlan> MakePlan(const v1::Inspected&) override { return plan; }

  ScriptSource source{"file:///dir/script.js", "file:///dir/", "the script"};
  absl::StatusOr<TestPlan> plan = PlanOfNothing();
  std::vector<std::string> fetched;
  std::string missing;  // a URL
  bool answers = true;
  std::vector<absl::AnyInvocable<void(absl::StatusOr<std::string>)>> unanswered;
};

class FakeResults final : public RunResults {
 public:
  absl::StatusOr<Merged> Merge(const std::string& agent, absl::string_view batch) override {
    merged.push_back(agent + ":" + std::string(batch));
    return Merged{.delivered = delivered[std::string(batch)], .until = until};
  }
  void AddVus(int64_t vus, int64_t vus_max) override { vus_seen.emplace_back(vus, vus_max); }
  std::optional<std::string> CheckThresholds(absl::Duration measured) override {
    checked.push_back(measured);
    return measured >= abort_after ? std::make_optional<std::string>("crossed, stopping")
                                   : std::nullopt;
  }
  std::optional<std::string> FinalThresholds(absl::Duration) override {
    return fail_at_end ? std::make_optional<std::string>("crossed") : std::nullopt;
  }
  std::string SummaryData(absl::Duration, const v1::SetupValue&) override { return summary_data; }
  void DescribeThresholds(v1::RunStatus*) const override {}

  std::vector<std::string> merged;
  std::map<std::string, std::vector<Delivered>> delivered;  // by batch
  absl::Time until;                                         // of the next one
  std::vector<std::pair<int64_t, int64_t>> vus_seen;
  std::vector<absl::Duration> checked;
  absl::Duration abort_after = absl::InfiniteDuration();
  bool fail_at_end = false;
  std::string summary_data = "{}";
};

// An agent that answers as it is told to: each function may be replaced.
class ScriptedAgent {
 public:
  ScriptedAgent(lockstep::testing::SimLoop& loop, lockstep::testing::SimNetwork& network,
                Logger& log, std::string name)
      : loop_(loop), transport_(network.MakeTransport()) {
    agent::SessionSettings settings;
    settings.version = "1";
    settings.name = std::move(name);
    session_ = std::make_unique<agent::Session>(loop, *transport_, log, settings);
    session_->Open(
        {.on_opened = [] {},
         .on_message = [this](const v1::CoordinatorMessage& message) { Handle(message); },
         .on_batch_ack = [](const v1::BatchAck&) {},
         .on_resumed = [] {},
         .on_lost = [](const absl::Status&) {},
         .on_finished = [](const absl::Status&) {}});
  }

  void Send(v1::AgentMessage message) { session_->Send(run_id_, std::move(message)); }
  void SendBatch(uint64_t number, const std::string& content) {
    v1::BatchMessage batch;
    batch.set_run_id(run_id_);
    batch.set_number(number);
    batch.set_batch(content);
    session_->SendBatch(batch);
  }
  void Drain(uint64_t last_batch = 0) {
    if (!std::exchange(drained_, true)) {
      v1::AgentMessage message;
      message.mutable_drained()->set_last_batch(last_batch);
      Send(message);
    }
  }
  void Leave() { session_->Leave("gone"); }
  // It is about to leave, and works on until others have its work.
  void SayLeaving() {
    v1::AgentMessage leaving;
    leaving.mutable_leaving()->set_reason("terminated");
    leaving.mutable_leaving()->set_draining(true);
    Send(leaving);
  }
  // It has not been told of it.
  void GuessRun(uint64_t run_id) { run_id_ = run_id; }
  agent::Transport& transport() { return *transport_; }

  std::vector<std::string> asked;  // what the coordinator wanted, in order
  v1::Inspected inspected;
  v1::SetupDone setup_done;
  absl::Duration setup_takes = absl::ZeroDuration();
  v1::Prepared prepared;
  v1::HandleSummaryDone summary_done;
  absl::Duration iterate_for = absl::Seconds(2);
  // The message on which it goes away for good instead of answering.
  v1::CoordinatorMessage::BodyCase leaves_at = v1::CoordinatorMessage::BODY_NOT_SET;
  absl::Duration drain_after_graceful_stop = absl::Seconds(1);
  bool answers_inspect = true;
  bool answers_prepare = true;
  bool answers_setup = true;
  bool answers_teardown = true;
  bool answers_summary = true;
  bool answers_suspend = true;
  int64_t segment_index = -1;
  int64_t t0_ns = 0;
  std::vector<int64_t> switches_ns;  // when to pause and resume, in turn
  v1::Assign assigned;
  v1::Scale scaled;  // the last one
  v1::Start start;
  std::vector<v1::Redivide> redivides;
  bool holds = true;      // it answers them
  bool too_late = false;  // for the next one
  std::vector<v1::IterationsLeased> leased;
  std::vector<v1::VuIterationsLeased> leased_vus;
  std::vector<v1::FileReply> files;

 private:
  using Body = v1::CoordinatorMessage::BodyCase;

  void Handle(const v1::CoordinatorMessage& message) {
    run_id_ = message.run_id();
    if (message.body_case() == leaves_at) {
      session_->Leave("gone");
    } else if (std::optional<v1::AgentMessage> answer = AnswerTo(message)) {
      Send(*std::move(answer));
    } else {
      Obey(message);
    }
  }

  // Nothing for what wants no answer, or gets none at once.
  std::optional<v1::AgentMessage> AnswerTo(const v1::CoordinatorMessage& message) {
    v1::AgentMessage answer;
    switch (message.body_case()) {
      case Body::kInspect:
        asked.push_back("inspect");
        *answer.mutable_inspected() = inspected;
        return If(answers_inspect, std::move(answer));
      case Body::kAssign:
        asked.push_back("assign");
        assigned = message.assign();
        segment_index = message.assign().segment_index();
        answer.mutable_assigned()->set_deal(assigned.deal());
        return answer;
      case Body::kPrepare:
        asked.push_back("prepare");
        *answer.mutable_prepared() = prepared;
        answer.mutable_prepared()->set_deal(assigned.deal());
        return If(answers_prepare, std::move(answer));
      case Body::kRunSetup:
        asked.push_back("setup");
        *answer.mutable_setup_done() = setup_done;
        if (answers_setup && setup_takes > absl::ZeroDuration()) {
          loop_.After(setup_takes, [this, answer] { Send(answer); });
          return std::nullopt;
        }
        return If(answers_setup, std::move(answer));
      case Body::kSetupData:
        asked.push_back("data " + message.setup_data().value().json());
        answer.mutable_ready()->set_deal(assigned.deal());
        return answer;
      case Body::kSuspend:
        asked.push_back(message.suspend().over() ? "suspension is over" : "suspend");
        answer.mutable_at_rest();
        return If(!message.suspend().over() && answers_suspend, std::move(answer));
      case Body::kRedivide:
        redivides.push_back(message.redivide());
        answer.mutable_held()->set_number(message.redivide().number());
        answer.mutable_held()->set_too_late(holds && std::exchange(too_late, false));
        return If(holds, std::move(answer));
      case Body::kRunTeardown:
        asked.push_back("teardown " + message.run_teardown().value().json());
        answer.mutable_teardown_done();
        return If(answers_teardown, std::move(answer));
      case Body::kRunHandleSummary:
        asked.push_back("summary");
        *answer.mutable_handle_summary_done() = summary_done;
        return If(answers_summary, std::move(answer));
      default:
        return std::nullopt;
    }
  }

  static std::optional<v1::AgentMessage> If(bool answers, v1::AgentMessage answer) {
    return answers ? std::make_optional(std::move(answer)) : std::nullopt;
  }

  // What wants no answer.
  void Obey(const v1::CoordinatorMessage& message) {
    switch (message.body_case()) {
      case Body::kStart:
        asked.push_back("start");
        start = message.start();
        t0_ns = start.t0_coordinator_mono_ns();
        loop_.After(iterate_for, [this] { Drain(); });
        return;
      case Body::kPause:
        asked.push_back("pause");
        switches_ns.push_back(message.pause().at_coordinator_mono_ns());
        return;
      case Body::kResume:
        asked.push_back("resume");
        switches_ns.push_back(message.resume().at_coordinator_mono_ns());
        return;
      case Body::kScale:
        scaled = message.scale();
        asked.push_back(absl::StrCat("scale ", scaled.vus(), " ", scaled.max_vus()));
        return;
      case Body::kDivided:
        asked.push_back(absl::StrCat("divided ", message.divided().number()));
        if (redivides.back().segment_index() < 0) {
          loop_.After(drain_after_graceful_stop, [this] { Drain(); });
        }
        return;
      case Body::kIterationsLeased:
        leased.push_back(message.iterations_leased());
        return;
      case Body::kVuIterationsLeased:
        leased_vus.push_back(message.vu_iterations_leased());
        return;
      case Body::kFileReply:
        files.push_back(message.file_reply());
        return;
      case Body::kGracefulStop:
        asked.push_back("graceful stop");
        loop_.After(drain_after_graceful_stop, [this] { Drain(); });
        return;
      case Body::kStop:
        asked.push_back("stop");
        Drain();
        return;
      default:
        return;
    }
  }

  lockstep::testing::SimLoop& loop_;
  std::unique_ptr<agent::Transport> transport_;
  std::unique_ptr<agent::Session> session_;
  uint64_t run_id_ = 0;
  bool drained_ = false;
};

class RunTest : public ::testing::Test {
 protected:
  RunTest() {
    network.Attach(&fleet);
    source.plan->length = absl::Seconds(10);
    source.plan->graceful_stop = absl::Seconds(5);
    source.plan->has_setup = source.plan->has_teardown = true;
  }

  // A run that wants so many agents, of which `joining` come at once (all, if it is negative).
  void Begin(size_t agents, double tolerated = 0, int joining = -1) {
    run = std::make_unique<coordinator::Run>(loop, fleet, source, results, log,
                                             RunSettings{.agents = agents,
                                                         .tolerated_loss_percent = tolerated,
                                                         .redistribute = redistribute,
                                                         .late_agents_join = late_agents_join,
                                                         .env = {},
                                                         .redactor = &redactor});
    run->Begin({.on_state = [this](RunState state) { states.emplace_back(WordOf(state)); },
                .on_planned = [](const TestPlan&) {},
                .on_tick = [] {},
                .on_summary =
                    [this](std::optional<std::map<std::string, std::string>> outputs) {
                      summaries.push_back(outputs.has_value() ? outputs->size() : 0);
                    },
                .on_done = [this](const RunOutcome& outcome) { outcomes.push_back(outcome); }});
    const size_t coming = joining < 0 ? agents : static_cast<size_t>(joining);
    for (size_t i = 0; i < coming; ++i) {
      agents_.push_back(
          std::make_unique<ScriptedAgent>(loop, network, log, "agent-" + std::to_string(i + 1)));
      if (i + 1 < coming) {
        loop.RunFor(absl::Microseconds(500));  // they join in order; the run starts with the last
      }
    }
  }
  // One more agent comes; its index.
  size_t Join() {
    loop.RunFor(absl::Microseconds(200));  // those before it have joined
    agents_.push_back(std::make_unique<ScriptedAgent>(
        loop, network, log, "agent-" + std::to_string(agents_.size() + 1)));
    loop.RunFor(absl::Microseconds(500));
    return agents_.size() - 1;
  }
  ScriptedAgent& agent(size_t i) { return *agents_[i]; }
  // The exit code; -1 if the run has not ended.
  int code() const { return outcomes.empty() ? -1 : static_cast<int>(outcomes[0].exit_code); }

  bool redistribute = false;
  bool late_agents_join = false;
  Redactor redactor;
  lockstep::testing::SimLoop loop;
  lockstep::testing::CollectingLogger log;
  lockstep::testing::SimNetwork network{
      loop, 1, {.min_delay = absl::Microseconds(50), .max_delay = absl::Microseconds(90)}};
  int ids = 0;
  Fleet fleet{
      loop, network, log, {.version = "1"}, [this] { return "session" + std::to_string(++ids); }};
  FakeSource source;
  FakeResults results;
  std::unique_ptr<coordinator::Run> run;
  std::vector<std::unique_ptr<ScriptedAgent>> agents_;
  std::vector<std::string> states;
  std::vector<size_t> summaries;
  std::vector<RunOutcome> outcomes;
};

}  // namespace lockstep::coordinator
