#include "common/base/exit_code.h"

namespace lockstep {

ExitCode ExitCodeOf(const absl::Status& refusal) {
  return absl::IsInvalidArgument(refusal) ? ExitCode::kInvalidConfig : ExitCode::kOther;
}

}  // namespace lockstep
