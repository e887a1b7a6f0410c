#include "common/rpc/grpc_cause.h"

#include "absl/strings/strip.h"

namespace lockstep {

absl::string_view GrpcCause(absl::string_view text) {
  constexpr absl::string_view kLast = "last error: ";
  if (const size_t at = text.rfind(kLast); at != absl::string_view::npos) {
    text.remove_prefix(at + kLast.size());
  }
  absl::ConsumePrefix(&text, "UNKNOWN: ");
  absl::ConsumePrefix(&text, "UNAVAILABLE: ");
  return text;
}

}  // namespace lockstep
