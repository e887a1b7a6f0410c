// When a run's progress is shown: on a terminal ten times a second, in place; elsewhere a few lines
// each second. The final state is shown in any case.
#pragma once

#include <functional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"

#include "common/base/timer.h"
#include "coordinator/console/progress_view.h"
#include "coordinator/console/terminal.h"

namespace lockstep::coordinator {

// Loop-bound.
class ProgressDisplay {
 public:
  struct Target {
    Terminal* terminal = nullptr;  // borrowed; null: plain lines go to `write`
    bool color = false;            // of the terminal
    absl::AnyInvocable<void(absl::string_view)> write;
    // Whether the terminal can be drawn on now; if it is waiting for its user, the run goes on
    // without it.
    std::function<bool()> ready;
  };

  // `view` gives the run as it stands. `loop` is borrowed.
  ProgressDisplay(EventLoop& loop, Target target, std::function<ProgressView()> view);
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // Draws, and goes on until Finish or Abandon.
  void Begin();
  // Something has changed that people wait for: draws at once, in place.
  void Refresh();
  // Draws for the last time before somebody else has the terminal, in place; Refresh goes on below
  // it.
  void Leave();
  // Shows the final state, once.
  void Finish();
  // The run has ended before there was anything to show: takes the drawing away; if it was
  // `interrupted`, what it was doing stays. Nothing after Finish.
  void Abandon(bool interrupted);
  bool in_place() const { return target_.terminal != nullptr; }

 private:
  void Redraw();
  // The next plain lines, after those with `view`.
  void WriteLater(const ProgressView& view);
  void WritePlain(const ProgressView& view);

  Target target_;
  const std::function<ProgressView()> view_;
  std::string doing_;  // the run's line, as it was drawn last
  bool over_ = false;
  Timer timer_;
};

}  // namespace lockstep::coordinator
