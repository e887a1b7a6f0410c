#include "coordinator/console/progress_display.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(100);

}  // namespace

ProgressDisplay::ProgressDisplay(EventLoop& loop, Target target, std::function<ProgressView()> view)
    : loop_(loop), target_(std::move(target)), view_(std::move(view)) {}

ProgressDisplay::~ProgressDisplay() {
  loop_.Cancel(timer_);
}

void ProgressDisplay::Begin() {
  if (target_.terminal != nullptr) {
    Redraw();
  }
}

void ProgressDisplay::Tick() {
  if (target_.terminal == nullptr && !over_) {
    target_.write(absl::StrCat(absl::StrJoin(RenderPlainLines(view_()), "\n"), "\n"));
  }
}

void ProgressDisplay::Finish() {
  if (over_) {
    return;
  }
  if (target_.terminal == nullptr) {
    Tick();
  } else {
    target_.terminal->Leave(Lines());
  }
  over_ = true;
}

void ProgressDisplay::Abandon() {
  if (!over_ && target_.terminal != nullptr) {
    target_.terminal->Leave({});
  }
  over_ = true;
}

std::vector<std::string> ProgressDisplay::Lines() const {
  return RenderTerminalLines(view_(), target_.terminal->size().columns, target_.color);
}

void ProgressDisplay::Redraw() {
  if (over_) {
    return;
  }
  if (target_.ready()) {
    target_.terminal->Draw(Lines());
  }
  timer_ = loop_.After(kFrame, [this] { Redraw(); });
}

}  // namespace lockstep::coordinator
