// Checks of what arrives from agents, before anything uses it: sizes, ranges, presence. What a
// message may mean in the present state of a run is for the run to judge. Pure.
#pragma once

#include "absl/status/status.h"
#include "lockstep/v1/control.pb.h"

namespace lockstep::coordinator {

inline constexpr int kMaxLabels = 64;
inline constexpr size_t kMaxLabelBytes = 256;
inline constexpr int kMaxLogLinesPerMessage = 10'000;

// InvalidArgument names the field, its value and what is allowed; FailedPrecondition: another
// version of the protocol or the product, both named.
absl::Status ValidateJoin(const v1::Join& join, absl::string_view our_version);
// For every other message. InvalidArgument: no body, or a field out of range.
absl::Status ValidateAgentMessage(const v1::AgentMessage& message);
absl::Status ValidateBatchMessage(const v1::BatchMessage& message);

}  // namespace lockstep::coordinator
