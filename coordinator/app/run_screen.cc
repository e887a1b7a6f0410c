#include "coordinator/app/run_screen.h"

#include <utility>

#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "coordinator/console/progress.h"
#include "coordinator/console/streams.h"

namespace lockstep::coordinator {
namespace {

// How long the terminal may take to show the state that Ctrl+Z leaves there.
constexpr absl::Duration kBeforeStandStill = absl::Seconds(1);

}  // namespace

RunScreen::RunScreen(const RunRequest& request, const Environment& environment, Rig& rig,
                     RunLogger& logger)
    : request_(request),
      environment_(environment),
      rig_(rig),
      logger_(logger),
      terminal_([](absl::string_view text) { WriteStdout(text); },
                [] { return SizeOfTerminal(STDOUT_FILENO); }) {}

void RunScreen::Start() {
  if (AtCapableTerminal()) {
    StartProgress();
  }
}

void RunScreen::OnPlanned(std::vector<std::string> outputs) {
  planned_ = true;
  if (request_.run.quiet) {
    return;
  }
  const bool alone = request_.listen.empty() && request_.run.agents == 1;
  const HeaderFacts facts{
      .execution = alone ? "local" : absl::StrCat(request_.run.agents, " agents"),
      .script = request_.test.script,
      .outputs = std::move(outputs),
      .columns = AtCapableTerminal() ? SizeOfTerminal(STDOUT_FILENO).columns : 0};
  const PlannedTest& test = rig_.test();
  terminal_.Above([&] { WriteStdout(RenderHeader(facts, test.whole, test.segment)); });
  if (display_ == nullptr) {
    StartProgress();
  }
}

void RunScreen::OnSignal(bool quits) {
  if (quits) {
    Finish();
    logger_.Error(
        "ended at once by the third signal: iterations and teardown() were not waited for, and there "
        "is no summary");
  } else if (display_ != nullptr && display_->in_place()) {
    display_->Refresh();
  } else if (const std::string note = RenderStopNote(View()); !note.empty()) {
    logger_.Info(note);
  }
}

void RunScreen::OnStandStill(bool still) {
  if (display_ == nullptr) {
    return;
  }
  if (still) {
    display_->Leave();
    FlushStreams(kBeforeStandStill);
  } else {
    display_->Refresh();
  }
}

bool RunScreen::WriteSamples(absl::string_view text) {
  bool written = false;
  terminal_.Above([&] { written = WriteSamplesToStdout(text); });
  return written;
}

void RunScreen::Finish() {
  if (display_ != nullptr) {
    display_->Finish();
  }
}

void RunScreen::Abandon(bool interrupted) {
  if (display_ != nullptr) {
    display_->Abandon(interrupted);
  }
}

bool RunScreen::AtCapableTerminal() const {
  const auto term = environment_.find("TERM");
  return !request_.run.quiet && !request_.inspect_only && term != environment_.end() &&
         IsCapableTerminal(STDOUT_FILENO, term->second);
}

void RunScreen::StartProgress() {
  const bool capable = AtCapableTerminal();
  if (capable) {
    logger_.WriteAbove(&terminal_);
  }
  display_ = std::make_unique<ProgressDisplay>(
      rig_.loop(),
      ProgressDisplay::Target{.terminal = capable ? &terminal_ : nullptr,
                              .color = !request_.no_color,
                              .write = [](absl::string_view text) { WriteStdout(text); },
                              .ready = [] { return TakesOutput(STDOUT_FILENO) && !StdoutWaits(); }},
      [this] { return View(); });
  display_->Begin();
}

ProgressView RunScreen::View() {
  v1::RunStatus status = rig_.run().Snapshot();
  rig_.results().DescribeLoad(&status);
  return MakeProgressView(
      status, planned_ ? &rig_.test().whole : nullptr,
      {.agents = request_.run.show_agents, .thresholds = request_.run.show_thresholds});
}

}  // namespace lockstep::coordinator
