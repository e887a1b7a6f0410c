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

}  // namespace

ProgressDisplay::ProgressDisplay(EventLoop& loop, Target target, std::function<ProgressView()> view)
    : target_(std::move(target)), view_(std::move(view)), timer_(loop) {}

void ProgressDisplay::Begin() {
  if (in_place()) {
    Redraw();
    return;
  }
  timer_.After(kBetweenLines, [this] {
    if (!over_) {
      WritePlain(view_());
      Begin();
    }
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
