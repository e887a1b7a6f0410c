#include "common/rpc/grpc_cause.h"

#include "absl/strings/strip.h"

namespace lockstep {

absl::string_view GrpcCause(absl::string_view text) {
  constexpr absl::string_view kLast = "last error: ";
  if (const size_t at = text.rfind(kLast); at != absl::string_view::npos) {
    text.remove_prefix(at + kLast.size());
  }
  for (const absl::string_view code :
       {"UNKNOWN: ", "UNAVAILABLE: ", "INTERNAL: ", "UNIMPLEMENTED: "}) {
    absl::ConsumePrefix(&text, code);
  }
  return text;
}

}  // namespace lockstep
