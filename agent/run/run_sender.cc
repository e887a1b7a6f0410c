#include "agent/run/run_sender.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/messages/hide_secrets.h"

namespace lockstep::agent {
namespace {

constexpr int kLogLinesPerMessage = 5000;
// Log lines wait while the coordinator has so much to acknowledge: a script may write faster than
// anybody can read.
constexpr size_t kMostUnacknowledgedBytes = 4 << 20;
// Clocks that differ by less are left alone: more than that is what probes over a busy network are
// accurate to.
constexpr absl::Duration kWorthCorrecting = absl::Milliseconds(10);

}  // namespace

void RunSender::Send(v1::AgentMessage message) {
  using Body = v1::AgentMessage::BodyCase;
  const bool passing =
      message.body_case() == Body::kProgress || message.body_case() == Body::kRowLease ||
      message.body_case() == Body::kRowsReturned || message.body_case() == Body::kHeld ||
      message.body_case() == Body::kIterationLease ||
      message.body_case() == Body::kVuIterationsWanted || message.body_case() == Body::kFileRequest;
  SendLog(/*all=*/!passing);
  HideSecrets(log_.redactor(), &message);
  session_.Send(run_id_, std::move(message));
}

void RunSender::Fail(const std::string& text) {
  v1::AgentMessage message;
  message.mutable_agent_failed()->set_message(text);
  Send(std::move(message));
}

void RunSender::SendLog(bool all) {
  if (!session_.open()) {
    return;  // they wait for a session; the log is bounded
  }
  v1::AgentMessage message;
  while ((all || session_.unacknowledged_bytes() < kMostUnacknowledgedBytes) &&
         log_.Take(kLogLinesPerMessage, message.mutable_log_lines())) {
    const int64_t correction = absl::ToInt64Nanoseconds(WallCorrection());
    for (v1::LogLine& line : *message.mutable_log_lines()->mutable_lines()) {
      line.set_time_unix_ns(line.time_unix_ns() + correction);
    }
    session_.Send(run_id_, std::move(message));
    message.Clear();
  }
}

// Small changes of the estimate are none of the clocks: they would move samples to and fro.
absl::Duration RunSender::WallCorrection() {
  const std::optional<ClockSync::Estimate> best = session_.clock().best();
  if (best.has_value() && absl::AbsDuration(best->wall_offset - wall_correction_) >=
                              std::max(kWorthCorrecting, best->round_trip)) {
    wall_correction_ = best->wall_offset;
  }
  return wall_correction_;
}

}  // namespace lockstep::agent
