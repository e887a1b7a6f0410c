// What people who know k6 type, and what there is for it here.
#pragma once

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

// What to say of a command that k6 has, or had, and Lockstep has not: "" of any other word.
absl::string_view HintForCommandOfK6(absl::string_view command);
// The same of a flag, without its dashes.
absl::string_view HintForFlagOfK6(absl::string_view flag);

}  // namespace lockstep::coordinator
