// What a Conductor does with the script: inspection, the bundle, VUs, setup, teardown,
// handleSummary.
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/run/conductor.h"
#include "common/base/content_hash.h"
#include "common/base/message_limits.h"
#include "common/base/status_macros.h"
#include "common/options/consolidate.h"
#include "common/options/options_json.h"
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

// Of an agent that comes while the test runs: its VUs' numbers in the test, and its iterations', are
// above all others'. VUs are at most kMostVus; and scripts count exactly to 2^53.
constexpr int64_t kIdsOfOne = int64_t{1} << 27;
constexpr int64_t kNumbersOfOne = int64_t{1} << 40;
constexpr uint32_t kMostLate = 1 << 12;

// What the options and the segments themselves do not tell.
absl::Status ValidateAssign(const v1::Assign& assign) {
  if (assign.segment_index() < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("assign.segment_index: must be >= 0, got ", assign.segment_index()));
  }
  if (!v1::Assign::Partition_IsValid(assign.partition())) {
    return absl::InvalidArgumentError(absl::StrCat("assign.partition: must be a known one, got ",
                                                   static_cast<int>(assign.partition())));
  }
  if (assign.joined_late() > kMostLate) {
    return absl::InvalidArgumentError(absl::StrCat("assign.joined_late: must be at most ",
                                                   kMostLate, ", got ", assign.joined_late()));
  }
  if (!(assign.rps_share() >= 0) || std::isinf(assign.rps_share())) {
    return absl::InvalidArgumentError(
        absl::StrCat("assign.rps_share: must be >= 0 and finite, got ", assign.rps_share()));
  }
  return absl::OkStatus();
}

}  // namespace

void Conductor::OnLease(RowLease lease) {
  v1::AgentMessage message;
  message.mutable_row_lease()->set_queue(lease.queue);
  message.mutable_row_lease()->set_rows(lease.rows);
  message.mutable_row_lease()->set_wrap(lease.wrap);
  leases_[lease.queue] = std::move(lease.done);
  Send(std::move(message));
}

void Conductor::OnRowsLeased(const v1::RowsLeased& leased) {
  if (leased.first() < 0 || leased.count() < 0) {
    Fail(absl::StrCat("rows_leased: ", leased.count(), " rows from ", leased.first(),
                      ": neither may be negative"));
    return;
  }
  const auto found = leases_.find(leased.queue());
  if (found == leases_.end()) {
    return;  // who asked has been interrupted for good
  }
  auto done = std::move(found->second);
  leases_.erase(found);
  done(leased.first(), leased.count());
}

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
  ScriptBundle bundle{inspect.main_url(), inspect.working_directory(), files_.files()};
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
                  Send(std::move(message));
                }));
}

void Conductor::OnAssign(const v1::Assign& assign) {
  if (absl::Status valid = ValidateAssign(assign); !valid.ok()) {
    Fail(std::string(valid.message()));
    return;
  }
  ++generation_;  // files for an assignment before it may still be on their way
  assign_ = assign;
  next_file_ = 0;
  FetchNextFile();
}

// Brings the files that inspection has not brought here, one after another, and answers when all
// are there and right.
void Conductor::FetchNextFile() {
  while (next_file_ < assign_.files_size()) {
    const v1::BundleFile& file = assign_.files(next_file_);
    auto kept = files_.files().find(file.url());
    if (kept != files_.files().end() && Sha256(kept->second) != file.sha256()) {
      files_.Forget(file.url());  // another content than the bundle's
      kept = files_.files().end();
    }
    if (kept == files_.files().end()) {
      files_.Fetch(file.url(), IfCurrent([this](const absl::StatusOr<std::string>& content) {
                     if (!content.ok()) {
                       v1::AgentMessage message;
                       message.mutable_assigned()->set_deal(assign_.deal());
                       SetFailure({ExitCode::kOther, std::string(content.status().message())},
                                  message.mutable_assigned()->mutable_failure());
                       Send(std::move(message));
                       return;
                     }
                     ++next_file_;
                     FetchNextFile();
                   }));
      return;
    }
    ++next_file_;
  }
  v1::AgentMessage message;
  message.mutable_assigned()->set_deal(assign_.deal());
  if (absl::Status verified = VerifyBundle(); verified.ok()) {
    stage_ = Stage::kAssigned;
  } else {
    SetFailure({ExitCode::kOther, std::string(verified.message())},
               message.mutable_assigned()->mutable_failure());
  }
  Send(std::move(message));
}

absl::Status Conductor::VerifyBundle() const {
  BundleHash hash;
  for (const v1::BundleFile& file : assign_.files()) {
    const std::string& content = files_.files().at(file.url());
    std::string sha256 = Sha256(content);
    if (sha256 != file.sha256() || static_cast<int64_t>(content.size()) != file.size_bytes()) {
      return absl::DataLossError(
          absl::StrCat("the content of ", file.url(), " does not match its hash"));
    }
    hash.Add(file.url(), file.size_bytes(), sha256);
  }
  if (hash.Digest() != assign_.bundle_sha256()) {
    return absl::DataLossError("the bundle of the script's files does not match its hash");
  }
  return absl::OkStatus();
}

ScriptBundle Conductor::TakeBundle() const {
  ScriptBundle bundle{assign_.main_url(), assign_.working_directory(), {}};
  for (const v1::BundleFile& file : assign_.files()) {
    bundle.files[file.url()] = files_.files().at(file.url());
  }
  return bundle;
}

// ---- before T0 ----

absl::StatusOr<SegmentTuple> Conductor::ReadSegment(const std::string& sequence, int32_t index,
                                                    v1::Assign::Partition partition) {
  if (index < 0) {
    return absl::InvalidArgumentError(absl::StrCat("segment_index: must be >= 0, got ", index));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const SegmentSequence parsed, SegmentSequence::Parse(sequence));
  return SegmentTuple::Make(parsed, static_cast<size_t>(index),
                            partition == v1::Assign::FAIR ? Partition::kFair : Partition::kStriped);
}

absl::StatusOr<RunConfig> Conductor::ReadAssign() {
  RunConfig config;
  LOCKSTEP_ASSIGN_OR_RETURN(const Options options, read_options_(assign_.options_json()));
  config.options = Settle(options);
  config.options_json = ToInspectJson(options).dump();
  LOCKSTEP_ASSIGN_OR_RETURN(
      config.segment,
      ReadSegment(assign_.segment_sequence(), assign_.segment_index(), assign_.partition()));
  LOCKSTEP_ASSIGN_OR_RETURN(config.plan, PlanInstance(config.options.scenarios, config.segment));
  config.env = {assign_.env().begin(), assign_.env().end()};
  config.rps_share = assign_.rps_share();
  config.keep_points = assign_.keep_points();
  config.max_vu_block = absl::Nanoseconds(assign_.max_vu_block_ns());
  config.first_vu_id = assign_.joined_late() * kIdsOfOne;
  return config;
}

void Conductor::OnPrepare() {
  absl::StatusOr<RunConfig> config = ReadAssign();
  if (!config.ok()) {
    v1::AgentMessage message;
    message.mutable_prepared()->set_deal(assign_.deal());
    SetFailure({ExitCode::kInvalidConfig, std::string(config.status().message())},
               message.mutable_prepared()->mutable_failure());
    Send(std::move(message));
    return;
  }
  scenarios_ = config->options.scenarios;
  engine_config_ = {.scenarios = scenarios_,
                    .plan = config->plan,
                    .segment = config->segment,
                    .moves = assign_.work_moves(),
                    .first_number = 0};
  if (assign_.joined_late() > 0) {
    engine_config_.segment = SegmentTuple::None();
    engine_config_.plan = *PlanInstance(scenarios_, engine_config_.segment);
    engine_config_.first_number = assign_.joined_late() * kNumbersOfOne;
  }
  SendProgress();
  host_.Prepare(TakeBundle(), *std::move(config),
                IfCurrent([this](const ScriptResult<VuPool*>& result) { OnPrepared(result); }));
}

void Conductor::OnPrepared(const ScriptResult<VuPool*>& result) {
  loop_.Cancel(progress_timer_);
  v1::AgentMessage message;
  v1::Prepared& prepared = *message.mutable_prepared();
  prepared.set_deal(assign_.deal());
  if (!result.value.has_value()) {
    SetFailure(result.failure, prepared.mutable_failure());
    Send(std::move(message));
    return;
  }
  VuPool& pool = **result.value;
  EngineEvents& events = *this;
  engine_ = std::make_unique<ScenarioEngine>(std::exchange(engine_config_, {}), loop_, pool, log_,
                                             events);
  prepared.set_vus(pool.initialised());
  if (std::optional<ClockSync::Estimate> clock = session_.clock().best(); clock.has_value()) {
    prepared.set_round_trip_ns(absl::ToInt64Nanoseconds(clock->round_trip));
  }
  stage_ = Stage::kPrepared;
  Send(std::move(message));
  SealEachSecond();
}

void Conductor::OnRunSetup() {
  in_setup_ = calling_ = true;
  host_.RunSetup(IfCurrent([this](ScriptResult<std::string> result) {
    in_setup_ = calling_ = false;
    SealThen([this, result = std::move(result)] {
      v1::AgentMessage message;
      v1::SetupDone& done = *message.mutable_setup_done();
      if (result.value.has_value()) {
        done.mutable_value()->set_defined(!result.value->empty());
        done.mutable_value()->set_json(*result.value);
      } else {
        SetFailure(result.failure, done.mutable_failure());
      }
      done.set_last_batch(outbox_->last_number());
      if (const size_t bytes = message.ByteSizeLong(); bytes > kMostAnswerBytes) {
        done.clear_value();
        SetFailure(TooLarge("the value that setup() returned", bytes), done.mutable_failure());
      }
      Send(std::move(message));
      if (drain_after_setup_) {
        SendDrained();
      }
    });
  }));
}

void Conductor::OnSetupData(const v1::SetupData& data) {
  host_.SetSetupData(data.value().defined() ? data.value().json() : "");
  v1::AgentMessage message;
  message.mutable_ready()->set_deal(assign_.deal());
  Send(std::move(message));
}

// ---- after the run ----

void Conductor::OnRunTeardown(const v1::RunTeardown&) {
  calling_ = true;
  host_.RunTeardown(IfCurrent([this](ScriptResult<bool> result) {
    calling_ = false;
    SealThen([this, result = std::move(result)] {
      v1::AgentMessage message;
      v1::TeardownDone& done = *message.mutable_teardown_done();
      if (!result.value.has_value()) {
        SetFailure(result.failure, done.mutable_failure());
      }
      done.set_last_batch(outbox_->last_number());
      Send(std::move(message));
    });
  }));
}

void Conductor::OnRunHandleSummary(const v1::RunHandleSummary& request) {
  calling_ = true;
  host_.RunHandleSummary(
      request.data_json(), IfCurrent([this](ScriptResult<SummaryOutputs> result) {
        calling_ = false;
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
        Send(std::move(message));
      }));
}

}  // namespace lockstep::agent
