#include "coordinator/console/progress_display.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/terminal_style.h"
#include "coordinator/console/progress.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(100);
constexpr absl::Duration kBetweenLines = absl::Seconds(1);
// Agents tell at whole seconds after T0 what they have done: a line so long after one has it all,
// and one just before would be a second behind.
constexpr absl::Duration kAfterASecond = absl::Milliseconds(200);

absl::Duration UntilTheNextLine(const ProgressView& view) {
  if (view.elapsed <= absl::ZeroDuration() || view.state != v1::RunStatus::RUNNING || view.paused) {
    return kBetweenLines;
  }
  const absl::Duration until = kBetweenLines - (view.elapsed - kAfterASecond) % kBetweenLines;
  return until < kFrame ? until + kBetweenLines : until;  // this one is it, a little early
}

}  // namespace

ProgressDisplay::ProgressDisplay(EventLoop& loop, Target target, std::function<ProgressView()> view)
    : target_(std::move(target)), view_(std::move(view)), timer_(loop) {}

void ProgressDisplay::Begin() {
  if (in_place()) {
    Redraw();
    return;
  }
  WriteLater(view_());
}

void ProgressDisplay::WriteLater(const ProgressView& view) {
  timer_.After(UntilTheNextLine(view), [this] {
    if (over_) {
      return;
    }
    const ProgressView now = view_();
    if (now.elapsed <= absl::ZeroDuration() || now.elapsed >= kBetweenLines + kAfterASecond) {
      WritePlain(now);
    }
    WriteLater(now);
  });
}

void ProgressDisplay::Refresh() {
  if (in_place()) {
    Redraw();
  }
}

void ProgressDisplay::Leave() {
  if (in_place() && !over_) {
    target_.terminal->Leave(RenderTerminalLines(view_(), target_.terminal->size(), target_.color));
  }
}

void ProgressDisplay::Finish() {
  if (std::exchange(over_, true)) {
    return;
  }
  ProgressView view = view_();
  view.final = true;
  if (in_place()) {
    target_.terminal->Leave(RenderTerminalLines(view, target_.terminal->size(), target_.color));
  } else {
    WritePlain(view);
  }
}

void ProgressDisplay::Abandon(bool interrupted) {
  if (std::exchange(over_, true) || !in_place()) {
    return;
  }
  std::vector<std::string> left;
  if (interrupted && !doing_.empty()) {
    left.push_back(absl::StrCat(Styled(kRed, "\u2717", target_.color), " ", doing_));
  }
  target_.terminal->Leave(left);
}

void ProgressDisplay::WritePlain(const ProgressView& view) {
  target_.write(absl::StrCat(absl::StrJoin(RenderPlainLines(view), "\n"), "\n"));
}

void ProgressDisplay::Redraw() {
  if (over_) {
    return;
  }
  if (target_.ready()) {
    const ProgressView view = view_();
    doing_ = RenderRunLine(view);
    target_.terminal->Draw(RenderTerminalLines(view, target_.terminal->size(), target_.color));
  }
  timer_.After(kFrame, [this] { Redraw(); });
}

}  // namespace lockstep::coordinator
