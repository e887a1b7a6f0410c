// What a Conductor does with the script: inspection, the bundle, VUs, setup, teardown,
// handleSummary.
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/run/conductor.h"
#include "common/base/message_limits.h"
#include "common/plan/plan.h"

namespace lockstep::agent {
namespace {

void SetFailure(const ScriptFailure& failure, v1::ScriptFailure* out) {
  out->set_exit_code(static_cast<int32_t>(failure.exit_code));
  out->set_message(failure.message);
}

// With room for what goes around it on its way to the others.
constexpr size_t kMostAnswerBytes = kMostMessageBytes - kPieceOverheadBytes;

ScriptFailure TooLarge(absl::string_view what, size_t bytes) {
  return {ExitCode::kScriptException,
          absl::StrCat(what, " has ", bytes, " bytes as JSON: the most is ", kMostAnswerBytes,
                       "; put large data into files that every VU reads, such as a SharedArray's")};
}

}  // namespace

void Conductor::FetchSecret(const std::string& url, FileFetcher::Done done) {
  files_.Fetch(
      url, IfCurrent([this, done = std::move(done)](absl::StatusOr<std::string> secret) mutable {
        if (secret.ok()) {
          log_.redactor().Add(*secret);
        }
        done(std::move(secret));
      }));
}

void Conductor::OnInspect(const v1::Inspect& inspect) {
  files_.Keep(inspect.main_url(), inspect.main_script());
  ScriptBundle bundle{.main_url = inspect.main_url(),
                      .working_directory = inspect.working_directory(),
                      .files = files_.files(),
                      .base_mode = inspect.base_mode()};
  std::map<std::string, std::string> env(inspect.env().begin(), inspect.env().end());
  auto loader = [this, generation = generation_](const std::string& url, FileFetcher::Done done) {
    if (generation == generation_ && phase_ == Phase::kActive) {
      files_.Fetch(url, std::move(done));
    }
  };
  host_.Inspect(bundle, env, std::move(loader), IfCurrent([this](ScriptResult<Inspection> result) {
                  v1::AgentMessage message;
                  v1::Inspected& inspected = *message.mutable_inspected();
                  if (!result.value.has_value()) {
                    SetFailure(result.failure, inspected.mutable_failure());
                  } else {
                    inspected.set_options_json(result.value->options_json);
                    inspected.mutable_exports()->Assign(result.value->exports.begin(),
                                                        result.value->exports.end());
                    for (const Metric& metric : result.value->custom_metrics) {
                      v1::CustomMetric& custom = *inspected.add_custom_metrics();
                      custom.set_name(metric.name);
                      custom.set_type(static_cast<v1::MetricKind>(metric.type));
                      custom.set_contains(static_cast<v1::MetricContents>(metric.contains));
                    }
                  }
                  sender_.Send(std::move(message));
                }));
}

void Conductor::OnAssign(const v1::Assign& assign) {
  if (absl::Status valid = Assignment::Validate(assign); !valid.ok()) {
    sender_.Fail(std::string(valid.message()));
    return;
  }
  ++generation_;  // answers to what came before it may still be on their way
  assignment_.Take(assign, IfCurrent([this](const absl::Status& status) { OnAssigned(status); }));
}

void Conductor::OnAssigned(const absl::Status& status) {
  v1::AgentMessage message;
  message.mutable_assigned()->set_deal(assignment_.assign().deal());
  if (status.ok()) {
    attempt_.Reach(Stage::kAssigned);
  } else {
    SetFailure({ExitCode::kOther, std::string(status.message())},
               message.mutable_assigned()->mutable_failure());
  }
  sender_.Send(std::move(message));
}

// ---- before T0 ----

void Conductor::OnPrepare() {
  absl::StatusOr<RunConfig> config = assignment_.ReadConfig();
  if (!config.ok()) {
    v1::AgentMessage message;
    message.mutable_prepared()->set_deal(assignment_.assign().deal());
    SetFailure({ExitCode::kInvalidConfig, std::string(config.status().message())},
               message.mutable_prepared()->mutable_failure());
    sender_.Send(std::move(message));
    return;
  }
  attempt_.scenarios = config->options.scenarios;
  attempt_.engine_config = {.scenarios = attempt_.scenarios,
                            .plan = config->plan,
                            .segment = config->segment,
                            .moves = assignment_.assign().work_moves(),
                            .first_number = assignment_.first_number()};
  if (assignment_.assign().joined_late() > 0) {
    attempt_.engine_config.segment = SegmentTuple::None();
    attempt_.engine_config.plan = *PlanInstance(attempt_.scenarios, attempt_.engine_config.segment);
  }
  SendProgress();
  host_.Prepare(assignment_.Bundle(), *std::move(config),
                IfCurrent([this](const ScriptResult<VuPool*>& result) { OnPrepared(result); }));
}

void Conductor::OnPrepared(const ScriptResult<VuPool*>& result) {
  progress_timer_.Cancel();
  v1::AgentMessage message;
  v1::Prepared& prepared = *message.mutable_prepared();
  prepared.set_deal(assignment_.assign().deal());
  if (!result.value.has_value()) {
    SetFailure(result.failure, prepared.mutable_failure());
    sender_.Send(std::move(message));
    return;
  }
  VuPool& pool = **result.value;
  EngineEvents& events = *this;
  attempt_.engine = std::make_unique<ScenarioEngine>(std::exchange(attempt_.engine_config, {}),
                                                     loop_, pool, log_, events);
  prepared.set_vus(pool.initialised());
  if (std::optional<ClockSync::Estimate> clock = session_.clock().best(); clock.has_value()) {
    prepared.set_round_trip_ns(absl::ToInt64Nanoseconds(clock->round_trip));
  }
  attempt_.Reach(Stage::kPrepared);
  sender_.Send(std::move(message));
  delivery_.SealEachSecond(std::nullopt);
}

void Conductor::OnRunSetup() {
  attempt_.in_setup = attempt_.calling = true;
  host_.RunSetup(IfCurrent([this](ScriptResult<std::string> result) {
    attempt_.in_setup = attempt_.calling = false;
    delivery_.SealThen([this, result = std::move(result)] {
      v1::AgentMessage message;
      v1::SetupDone& done = *message.mutable_setup_done();
      if (result.value.has_value()) {
        done.mutable_value()->set_defined(!result.value->empty());
        done.mutable_value()->set_json(*result.value);
      } else {
        SetFailure(result.failure, done.mutable_failure());
      }
      done.set_last_batch(delivery_.outbox().last_number());
      if (const size_t bytes = message.ByteSizeLong(); bytes > kMostAnswerBytes) {
        done.clear_value();
        SetFailure(TooLarge("the value that setup() returned", bytes), done.mutable_failure());
      }
      sender_.Send(std::move(message));
      if (attempt_.drain_after_setup) {
        SendDrained();
      }
    });
  }));
}

void Conductor::OnSetupData(const v1::SetupData& data) {
  LearnSecrets(data.value());
  host_.SetSetupData(data.value().defined() ? data.value().json() : "");
  v1::AgentMessage message;
  message.mutable_ready()->set_deal(assignment_.assign().deal());
  sender_.Send(std::move(message));
}

void Conductor::LearnSecrets(const v1::SetupValue& value) {
  for (const std::string& secret : value.secrets()) {
    log_.redactor().Add(secret);
  }
}

// ---- after the run ----

void Conductor::OnRunTeardown(const v1::RunTeardown&) {
  attempt_.calling = true;
  host_.RunTeardown(IfCurrent([this](ScriptResult<bool> result) {
    attempt_.calling = false;
    delivery_.SealThen([this, result = std::move(result)] {
      v1::AgentMessage message;
      v1::TeardownDone& done = *message.mutable_teardown_done();
      if (!result.value.has_value()) {
        SetFailure(result.failure, done.mutable_failure());
      }
      done.set_last_batch(delivery_.outbox().last_number());
      sender_.Send(std::move(message));
    });
  }));
}

void Conductor::OnRunHandleSummary(const v1::RunHandleSummary& request) {
  attempt_.calling = true;
  host_.RunHandleSummary(
      request.data_json(), IfCurrent([this](ScriptResult<SummaryOutputs> result) {
        attempt_.calling = false;
        v1::AgentMessage message;
        v1::HandleSummaryDone& done = *message.mutable_handle_summary_done();
        if (!result.value.has_value()) {
          SetFailure(result.failure, done.mutable_failure());
        } else if (const SummaryOutputs& outputs = *result.value; outputs) {
          done.mutable_outputs()->insert(outputs->begin(), outputs->end());
        } else {
          done.set_nothing(true);
        }
        if (const size_t bytes = message.ByteSizeLong(); bytes > kMostAnswerBytes) {
          done.clear_outputs();
          SetFailure(TooLarge("what handleSummary() returned", bytes), done.mutable_failure());
        }
        sender_.Send(std::move(message));
      }));
}

}  // namespace lockstep::agent
