#include "coordinator/core/slow_init.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {

void SlowInit::TellAfter(absl::Duration lasted) {
  timer_.Cancel();
  if (phase_.state() != v1::RunStatus::INSPECTING && phase_.state() != v1::RunStatus::PREPARING) {
    return;
  }
  timer_.At(phase_.since() + lasted, [this, lasted] {
    const std::string late = Late(), file = files_.awaited();
    const bool inspecting = phase_.state() == v1::RunStatus::INSPECTING;
    if (!late.empty() && inspecting && !file.empty()) {
      logger_.Warn(
          absl::StrCat("for ", absl::FormatDuration(lasted), " the script has waited for ", file));
    } else if (!late.empty()) {
      logger_.Warn(absl::StrCat("for ", absl::FormatDuration(lasted),
                                " the script's init code has been running on ", late,
                                inspecting ? ", which reads its options" : ", once for each VU"));
    }
    TellAfter(2 * lasted);
  });
}

std::string SlowInit::Late() const {
  const bool inspecting = phase_.state() == v1::RunStatus::INSPECTING;
  std::string late;
  for (const RunMember& member : roster_.members()) {
    const bool awaited =
        inspecting ? member.id == roster_.elected() : member.step < RunMember::Step::kPrepared;
    if (!member.lost && awaited) {
      absl::StrAppend(&late, late.empty() ? "" : ", ", member.name);
    }
  }
  return late;
}

}  // namespace lockstep::coordinator
