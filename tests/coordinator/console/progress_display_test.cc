#include "coordinator/console/progress_display.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/coordinator/console/screen.h"
#include "tests/support/sim_loop.h"

namespace lockstep::coordinator {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ProgressDisplayTest : public ::testing::Test {
 protected:
  ProgressDisplayTest() {
    view_.total = absl::Seconds(10);
    view_.max_vus = 2;
    ScenarioProgressView& scenario = view_.scenarios.emplace_back();
    scenario.name = "s";
    scenario.state = v1::ScenarioProgress::RUNNING;
    scenario.max_vus = 2;
  }
  ProgressDisplay Make(Terminal* terminal) {
    return ProgressDisplay(
        loop_,
        {.terminal = terminal,
         .write = [this](absl::string_view text) { absl::StrAppend(&plain_, text); },
         .ready = [this] { return ready_; }},
        [this] {
          view_.elapsed = loop_.clock().Mono() - start_;
          return view_;
        });
  }

  testing::SimLoop loop_;
  MonoTime start_ = loop_.clock().Mono();
  ProgressView view_;
  bool ready_ = true;
  std::string plain_;
  TerminalSize size_;
  Screen screen_{200, 24};
  int writes_ = 0;
  Terminal terminal_{[this](absl::string_view bytes) {
                       screen_.Write(bytes);
                       ++writes_;
                     },
                     [this] { return size_; }};
};

TEST_F(ProgressDisplayTest, DrawsTenTimesASecondInPlaceUntilTheEnd) {
  ProgressDisplay display = Make(&terminal_);
  display.Begin();
  EXPECT_THAT(screen_.text(), StartsWith("running (0m00.0s/10s), 0/2 VUs, "));
  loop_.RunFor(absl::Milliseconds(350));
  EXPECT_EQ(writes_, 4);
  EXPECT_THAT(screen_.text(), StartsWith("running (0m00.3s/10s)"));
  display.Refresh();  // at once, and the next one 100 ms later
  EXPECT_EQ(writes_, 5);
  view_.scenarios[0].state = v1::ScenarioProgress::INTERRUPTED;
  display.Finish();
  EXPECT_THAT(screen_.text(), StartsWith("running (0m00.3s/10s)"));
  EXPECT_THAT(screen_.text(), HasSubstr("\ns \u2717 ["));
  display.Finish();
  display.Abandon(/*interrupted=*/true);
  loop_.RunAll();
  EXPECT_EQ(writes_, 6);
  EXPECT_EQ(plain_, "");
}

TEST_F(ProgressDisplayTest, FollowsTheTerminalsWidth) {
  ProgressDisplay display = Make(&terminal_);
  display.Begin();
  EXPECT_THAT(screen_.text(), HasSubstr("[------"));
  size_.columns = 47;
  loop_.RunFor(absl::Milliseconds(100));
  EXPECT_THAT(screen_.text(), HasSubstr("[   0% ]"));
  EXPECT_THAT(screen_.text(), Not(HasSubstr("---")));
}

TEST_F(ProgressDisplayTest, LeavesOutDrawingsThatTheTerminalDoesNotTake) {
  ProgressDisplay display = Make(&terminal_);
  ready_ = false;
  display.Begin();
  loop_.RunFor(absl::Seconds(1));
  EXPECT_EQ(writes_, 0);
  ready_ = true;
  loop_.RunFor(absl::Milliseconds(100));
  EXPECT_EQ(writes_, 1);
}

TEST_F(ProgressDisplayTest, TakesTheDrawingAwayOfARunThatNeverBegan) {
  ProgressDisplay display = Make(&terminal_);
  display.Begin();
  display.Abandon(/*interrupted=*/false);
  EXPECT_EQ(screen_.text(), "");
}

TEST_F(ProgressDisplayTest, LeavesWhatARunWasDoingThatWasInterruptedBeforeItBegan) {
  view_.state = v1::RunStatus::PREPARING;
  view_.vus_wanted = 9;
  ProgressDisplay display = Make(&terminal_);
  display.Begin();
  display.Abandon(/*interrupted=*/true);
  EXPECT_EQ(screen_.text(), "\u2717 initialising VUs: 2 of 9");
}

TEST_F(ProgressDisplayTest, GoesOnBelowWhatWasLeftForSomebodyElse) {
  ProgressDisplay display = Make(&terminal_);
  display.Begin();
  display.Leave();
  screen_.Write("[1]+  Stopped\n$ fg\n");
  display.Refresh();
  display.Finish();
  EXPECT_THAT(screen_.text(), StartsWith("running ("));
  EXPECT_THAT(screen_.text(), HasSubstr("\n[1]+  Stopped\n$ fg\nrunning ("));
}

// Agents tell of each second once it is over.
TEST_F(ProgressDisplayTest, WithoutATerminalItWritesLinesEachSecondAndTheLastOnce) {
  start_ = start_ + absl::Milliseconds(100);  // the load begins a little later
  ProgressDisplay display = Make(nullptr);
  display.Begin();
  loop_.RunFor(absl::Milliseconds(1299));
  EXPECT_EQ(plain_, "") << "nothing is known yet of what has been done";
  loop_.RunFor(absl::Milliseconds(1));
  EXPECT_THAT(plain_, StartsWith("running (0m01.2s/10s)"));
  EXPECT_THAT(plain_, EndsWith("s   [   0% ] 0/2 VUs  0m00.0s/0m00.0s  0 iters\n"));
  plain_.clear();
  loop_.RunFor(absl::Seconds(1));
  EXPECT_THAT(plain_, StartsWith("running (0m02.2s/10s)"));
  plain_.clear();
  view_.paused = true;
  loop_.RunFor(absl::Seconds(1));
  EXPECT_THAT(plain_, StartsWith("paused (0m03.2s/10s)"));
  view_.paused = false;
  plain_.clear();
  display.Finish();
  EXPECT_THAT(plain_, StartsWith("running ("));
  plain_.clear();
  loop_.RunAll();
  display.Finish();
  display.Abandon(/*interrupted=*/true);
  EXPECT_EQ(plain_, "");
}

}  // namespace
}  // namespace lockstep::coordinator
