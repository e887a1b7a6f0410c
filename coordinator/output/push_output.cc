#include "coordinator/output/push_output.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/status_macros.h"

namespace lockstep::coordinator {

namespace {

// For people: without credentials and parameters.
std::string Shown(absl::string_view url) {
  url = url.substr(0, url.find('?'));
  const size_t host = url.find("://");
  const size_t at = url.find('@');
  if (host == absl::string_view::npos || at == absl::string_view::npos ||
      at > url.find('/', host + 3)) {
    return std::string(url);
  }
  return absl::StrCat(url.substr(0, host + 3), url.substr(at + 1));
}

}  // namespace

PushOutput::PushOutput(std::string name, HttpTarget target, HttpPusher::Limits limits,
                       absl::Duration interval, const Clock& clock)
    : name_(std::move(name)),
      url_(Shown(target.url)),
      pusher_(std::move(target), limits),
      interval_(interval),
      clock_(clock) {}

std::string PushOutput::Description() const {
  return absl::StrCat(name_, " (", url_, ")");
}

absl::Status PushOutput::Check() const {
  return pusher_.Check();
}

absl::Status PushOutput::Start() {
  LOCKSTEP_RETURN_IF_ERROR(Check());
  LOCKSTEP_RETURN_IF_ERROR(pusher_.Start());
  next_ = clock_.Mono() + interval_;
  Greet();
  return absl::OkStatus();
}

void PushOutput::Flush() {
  // A tick that comes a little early is that of the interval all the same.
  constexpr absl::Duration kSlack = absl::Milliseconds(100);
  const MonoTime now = clock_.Mono();
  if (stopping_ || now + kSlack < next_) {
    return;
  }
  // From now on, not from when it was due: what is late is not made up for.
  next_ = now + interval_;
  PushNow(/*last=*/false);
}

void PushOutput::BeginStop() {
  if (!std::exchange(stopping_, true)) {
    PushNow(/*last=*/true);
    pusher_.BeginFinish();
  }
}

absl::Status PushOutput::Stop() {
  BeginStop();
  pusher_.Finish();
  stopped_ = true;
  return absl::OkStatus();
}

// What waits for a server that fails goes with this process; what is on its way to one that does
// not will most likely arrive.
std::optional<int64_t> PushOutput::Written() const {
  const HttpPusher::Tally tally = pusher_.tally();
  return lost_before_ +
         static_cast<int64_t>(tally.failing.empty() ? tally.lost : tally.pushed - tally.sent);
}

std::optional<std::string> PushOutput::Lost() const {
  const HttpPusher::Tally tally = pusher_.tally();
  std::vector<std::string> losses;
  if (!stopped_ && !tally.failing.empty() && tally.pushed > tally.sent) {
    losses.push_back(absl::StrCat(tally.pushed - tally.sent, " of ", tally.pushed,
                                  " samples have not arrived so far: ", tally.failing));
  } else if (tally.lost > 0) {
    losses.push_back(absl::StrCat(tally.lost, " of ", tally.lost + tally.sent,
                                  " samples were lost: ", tally.reason));
  }
  if (lost_before_ > 0) {
    losses.push_back(LostBeforeText(lost_before_));
  }
  return losses.empty()
             ? std::nullopt
             : std::make_optional(absl::StrCat(Description(), ": ", absl::StrJoin(losses, "; ")));
}

void TotalsOutput::PushNow(bool /*last*/) {
  constexpr size_t kSeriesInARequest = 1000;
  const absl::Time now = clock().Wall();
  const std::vector<const SeriesBook::Series*> changed = book_.TakeChanged();
  absl::Span<const SeriesBook::Series* const> rest = changed;
  while (!rest.empty()) {
    const auto part = rest.subspan(0, kSeriesInARequest);
    rest.remove_prefix(part.size());
    pusher().Push({.body = Encode(part, now), .samples = part.size()});
  }
}

}  // namespace lockstep::coordinator
