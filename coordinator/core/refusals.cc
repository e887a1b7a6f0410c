#include "coordinator/core/refusals.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "common/base/host_port.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kAgainAfter = absl::Seconds(30);
constexpr absl::Duration kMostAgainAfter = absl::Hours(1);
constexpr int kLinesPerSecond = 10;
constexpr size_t kMostRemembered = 1000;

}  // namespace

void Refusals::Add(absl::string_view kind, absl::string_view who, absl::string_view reason) {
  ++counts_[std::string(kind)];
  const std::string line = absl::StrCat("refused ", who, ": ", reason);
  // A peer that tries again comes from another port.
  if (!MayTell(absl::StrCat(SplitHostPort(who).host, ": ", reason))) {
    ++untold_;
    return;
  }
  logger_.Warn(untold_ == 0 ? line : absl::StrCat(line, " (", untold_, " more since the last)"));
  untold_ = 0;
}

bool Refusals::MayTell(const std::string& refusal) {
  const MonoTime now = clock_.Mono();
  if (now - second_began_ >= absl::Seconds(1)) {
    second_began_ = now;
    told_in_second_ = 0;
    std::erase_if(told_, [&](const auto& entry) { return now - entry.second.seen >= kAgainAfter; });
  }
  const auto told = told_.find(refusal);
  if (told != told_.end()) {
    told->second.seen = now;
  }
  const bool due = told == told_.end() ? told_.size() < kMostRemembered
                                       : now - told->second.at >= told->second.again;
  if (told_in_second_ >= kLinesPerSecond || !due) {
    return false;
  }
  ++told_in_second_;
  const absl::Duration again =
      told == told_.end() ? kAgainAfter : std::min(2 * told->second.again, kMostAgainAfter);
  told_[refusal] = {.at = now, .seen = now, .again = again};
  return true;
}

}  // namespace lockstep::coordinator
