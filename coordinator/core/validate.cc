#include "coordinator/core/validate.h"

#include "absl/strings/str_cat.h"

#include "common/base/agent_name.h"
#include "common/base/message_limits.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/base/version.h"
#include "common/base/visible.h"
#include "common/health/lag.h"
#include "common/options/options.h"

namespace lockstep::coordinator {
namespace {

using Body = v1::AgentMessage::BodyCase;

constexpr int kMaxScenarios = 10'000;
constexpr int64_t kMostCount = 100'000'000'000'000;  // a day has 86.4e12 ns
constexpr double kMostSeconds = 1e9;

absl::Status Bad(absl::string_view field, absl::string_view value, absl::string_view allowed) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": must be ", allowed, ", got ", value));
}

// Counts and nanoseconds: sums over a fleet of them stay within 64 bits.
absl::Status IsCount(absl::string_view field, int64_t value) {
  return value >= 0 && value <= kMostCount
             ? absl::OkStatus()
             : Bad(field, absl::StrCat(value), absl::StrCat("0 to ", kMostCount));
}

absl::Status IsName(absl::string_view field, absl::string_view value) {
  return !value.empty() && value.size() <= kMostNameBytes
             ? absl::OkStatus()
             : Bad(field, absl::StrCat(value.size(), " bytes"),
                   absl::StrCat("1 to ", kMostNameBytes, " bytes long"));
}

absl::Status IsVus(absl::string_view field, int64_t value) {
  return value >= 0 && value <= kMostVus
             ? absl::OkStatus()
             : Bad(field, absl::StrCat(value), absl::StrCat("0 to ", kMostVus));
}

// Success is not the exit code of a failure.
absl::Status ValidateFailure(const v1::ScriptFailure& failure) {
  return failure.exit_code() >= 1 && failure.exit_code() <= 255
             ? absl::OkStatus()
             : Bad("failure.exit_code", absl::StrCat(failure.exit_code()), "1 to 255");
}

template <class Answer>
absl::Status ValidateAnswer(const Answer& answer) {
  return answer.has_failure() ? ValidateFailure(answer.failure()) : absl::OkStatus();
}

absl::Status ValidateInspected(const v1::Inspected& inspected) {
  for (const v1::CustomMetric& metric : inspected.custom_metrics()) {
    if (!v1::MetricKind_IsValid(metric.type()) || !v1::MetricContents_IsValid(metric.contains())) {
      return Bad("inspected.custom_metrics",
                 absl::StrCat(static_cast<int>(metric.type()), " and ",
                              static_cast<int>(metric.contains())),
                 "a known type and unit");
    }
  }
  return ValidateAnswer(inspected);
}

absl::Status ValidateHealth(const v1::Health& health) {
  for (const v1::Lag* lag : {&health.lateness(), &health.loop_lag()}) {
    if (lag->counts_size() > static_cast<int>(kLagBuckets)) {
      return Bad("progress.health", absl::StrCat(lag->counts_size(), " buckets"),
                 absl::StrCat("at most ", kLagBuckets));
    }
    LOCKSTEP_RETURN_IF_ERROR(IsCount("progress.health.max_ns", lag->max_ns()));
  }
  for (const double seconds :
       {health.measured_s(), health.waited_s(), health.cpu_s(), health.cores(),
        health.throttled_s(), health.pressure_s(), health.collecting_s(),
        health.longest_collection_s(), health.held_s(), health.computing_s()}) {
    if (!(seconds >= 0 && seconds <= kMostSeconds)) {
      return Bad("progress.health", absl::StrCat(seconds), absl::StrCat("0 to ", kMostSeconds));
    }
  }
  for (const int64_t count :
       {health.workers(), health.collections(), health.sockets_refused(), health.starts_planned(),
        health.starts_without_vu(), health.blocks()}) {
    LOCKSTEP_RETURN_IF_ERROR(IsCount("progress.health", count));
  }
  return absl::OkStatus();
}

absl::Status ValidateProgress(const v1::Progress& progress) {
  LOCKSTEP_RETURN_IF_ERROR(IsVus("progress.vus_active", progress.vus_active()));
  LOCKSTEP_RETURN_IF_ERROR(IsVus("progress.vus_initialised", progress.vus_initialised()));
  if (progress.scenarios_size() > kMaxScenarios) {
    return Bad("progress.scenarios", absl::StrCat(progress.scenarios_size()),
               absl::StrCat("at most ", kMaxScenarios));
  }
  for (const v1::ScenarioProgress& scenario : progress.scenarios()) {
    LOCKSTEP_RETURN_IF_ERROR(IsVus("progress.scenarios.vus", scenario.vus()));
    LOCKSTEP_RETURN_IF_ERROR(IsVus("progress.scenarios.allocated_vus", scenario.allocated_vus()));
    LOCKSTEP_RETURN_IF_ERROR(IsCount("progress.scenarios.started", scenario.started()));
    LOCKSTEP_RETURN_IF_ERROR(IsCount("progress.scenarios.full", scenario.full()));
    LOCKSTEP_RETURN_IF_ERROR(IsCount("progress.scenarios.interrupted", scenario.interrupted()));
    LOCKSTEP_RETURN_IF_ERROR(IsCount("progress.scenarios.dropped", scenario.dropped()));
    if (!(scenario.progress() >= 0 && scenario.progress() <= 1)) {
      return Bad("progress.scenarios.progress", absl::StrCat(scenario.progress()), "0 to 1");
    }
    if (!v1::ScenarioProgress::State_IsValid(scenario.state())) {
      return Bad("progress.scenarios.state", absl::StrCat(static_cast<int>(scenario.state())),
                 "a known state");
    }
  }
  return ValidateHealth(progress.health());
}

absl::Status ValidateLogLines(const v1::LogLines& lines) {
  if (lines.lines_size() > kMaxLogLinesPerMessage) {
    return Bad("log_lines", absl::StrCat(lines.lines_size(), " lines"),
               absl::StrCat("at most ", kMaxLogLinesPerMessage));
  }
  for (const v1::LogLine& line : lines.lines()) {
    if (!v1::LogLine::Level_IsValid(line.level())) {
      return Bad("log_lines.level", absl::StrCat(static_cast<int>(line.level())), "a known level");
    }
    LOCKSTEP_RETURN_IF_ERROR(IsCount("log_lines.times", line.times()));
  }
  return IsCount("log_lines.suppressed", lines.suppressed());
}

}  // namespace

absl::Status ValidateJoin(const v1::Join& join, absl::string_view our_version) {
  if (join.protocol() != kProtocolVersion || join.version() != our_version) {
    return absl::FailedPreconditionError(
        absl::StrCat("the agent has version ", join.version(), " (protocol ", join.protocol(),
                     "), the coordinator ", our_version, " (protocol ", kProtocolVersion,
                     "): both must be the same"));
  }
  if (!IsAgentName(join.name())) {
    return Bad(
        "name", Quoted(CutText(join.name(), kMostAgentNameBytes)),
        absl::StrCat("1 to ", kMostAgentNameBytes, " bytes of UTF-8 without control characters"));
  }
  if (join.weight() < 0 || join.weight() > kMostWeight) {
    return Bad("weight", absl::StrCat(join.weight()), absl::StrCat("1 to ", kMostWeight));
  }
  if (join.labels_size() > kMaxLabels) {
    return Bad("labels", absl::StrCat(join.labels_size()), absl::StrCat("at most ", kMaxLabels));
  }
  for (const auto& [key, value] : join.labels()) {
    if (key.empty() || key.size() > kMaxLabelBytes || value.size() > kMaxLabelBytes) {
      return Bad("labels", absl::StrCat(key.size(), " and ", value.size(), " bytes"),
                 absl::StrCat("at most ", kMaxLabelBytes, " bytes each, with a key"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateAgentMessage(const v1::AgentMessage& message) {
  bool unnumbered =
      message.body_case() == Body::kHeartbeat || message.body_case() == Body::kClockProbe;
  if (unnumbered != (message.number() == 0)) {
    return Bad("number", absl::StrCat(message.number()),
               unnumbered ? "0 for this message" : "> 0 for this message");
  }
  switch (message.body_case()) {
    case Body::kJoin:
      return absl::InvalidArgumentError("join: only the first message of a stream may be one");
    case Body::kPiece:
      return absl::InvalidArgumentError("piece: a message of its own may not be one");
    case Body::kProof:
      return absl::InvalidArgumentError("proof: only the answer to Challenge may be one");
    case Body::kFileRequest:
      LOCKSTEP_RETURN_IF_ERROR(IsName("file_request.url", message.file_request().url()));
      return IsCount("file_request.offset", message.file_request().offset());
    case Body::kPrepared:
      LOCKSTEP_RETURN_IF_ERROR(ValidateAnswer(message.prepared()));
      LOCKSTEP_RETURN_IF_ERROR(IsVus("prepared.vus", message.prepared().vus()));
      return IsCount("prepared.round_trip_ns", message.prepared().round_trip_ns());
    case Body::kProgress:
      return ValidateProgress(message.progress());
    case Body::kDrained:
      return ValidateProgress(message.drained().final_progress());
    case Body::kLogLines:
      return ValidateLogLines(message.log_lines());
    case Body::kScriptRequest:
      if (message.script_request().kind() != v1::ScriptRequest::ABORTED &&
          message.script_request().kind() != v1::ScriptRequest::MARKED_FAILED) {
        return Bad("script_request.kind",
                   absl::StrCat(static_cast<int>(message.script_request().kind())), "a known one");
      }
      return absl::OkStatus();
    case Body::kRowLease:
      LOCKSTEP_RETURN_IF_ERROR(IsName("row_lease.queue", message.row_lease().queue()));
      return message.row_lease().rows() > 0
                 ? absl::OkStatus()
                 : Bad("row_lease.rows", absl::StrCat(message.row_lease().rows()), "> 0");
    case Body::kRowsReturned:
      LOCKSTEP_RETURN_IF_ERROR(IsName("rows_returned.queue", message.rows_returned().queue()));
      LOCKSTEP_RETURN_IF_ERROR(IsCount("rows_returned.first", message.rows_returned().first()));
      return IsCount("rows_returned.count", message.rows_returned().count());
    case Body::kIterationLease:
      LOCKSTEP_RETURN_IF_ERROR(IsCount("iteration_lease.begun", message.iteration_lease().begun()));
      return IsCount("iteration_lease.wanted", message.iteration_lease().wanted());
    case Body::kIterationsReturned:
      LOCKSTEP_RETURN_IF_ERROR(
          IsCount("iterations_returned.first", message.iterations_returned().first()));
      return IsCount("iterations_returned.count", message.iterations_returned().count());
    case Body::kVuIterationsWanted:
      for (const v1::VuIterationsWanted::Vu& vu : message.vu_iterations_wanted().vus()) {
        for (const int64_t count : {vu.vu(), vu.next(), vu.wanted(), vu.ask()}) {
          LOCKSTEP_RETURN_IF_ERROR(IsCount("vu_iterations_wanted.vus", count));
        }
      }
      return absl::OkStatus();
    case Body::kInspected:
      return ValidateInspected(message.inspected());
    case Body::kAssigned:
      return ValidateAnswer(message.assigned());
    case Body::kSetupDone:
      return ValidateAnswer(message.setup_done());
    case Body::kTeardownDone:
      return ValidateAnswer(message.teardown_done());
    case Body::kHandleSummaryDone:
      return ValidateAnswer(message.handle_summary_done());
    case Body::kHeartbeat:
    case Body::kClockProbe:
    case Body::kReady:
    case Body::kHeld:
    case Body::kAgentFailed:
    case Body::kLeaving:
    case Body::kAtRest:
      return absl::OkStatus();
    case Body::BODY_NOT_SET:
      return absl::InvalidArgumentError("body: a message must have one, and of a known kind");
  }
  return absl::InvalidArgumentError("body: unknown kind");
}

absl::Status ValidateBatchMessage(const v1::BatchMessage& message) {
  if (message.session_id().empty()) {
    return absl::InvalidArgumentError("session_id: missing");
  }
  if ((message.number() == 0) != message.batch().empty()) {
    return absl::InvalidArgumentError(
        "batch: a numbered message carries one, an unnumbered one does not");
  }
  return absl::OkStatus();
}

}  // namespace lockstep::coordinator
