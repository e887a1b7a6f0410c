#include "coordinator/core/refusals.h"

#include "absl/strings/str_cat.h"

#include "common/base/host_port.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kAgainAfter = absl::Seconds(30);
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
    std::erase_if(told_, [&](const auto& entry) { return now - entry.second >= kAgainAfter; });
  }
  if (told_in_second_ >= kLinesPerSecond || told_.size() >= kMostRemembered ||
      !told_.emplace(refusal, now).second) {
    return false;
  }
  ++told_in_second_;
  return true;
}

}  // namespace lockstep::coordinator
