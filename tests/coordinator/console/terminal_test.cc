#include "coordinator/console/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/coordinator/console/screen.h"

namespace lockstep::coordinator {
namespace {

class TerminalTest : public ::testing::Test {
 protected:
  void Print(const std::string& text) {
    terminal_.Above([&] { screen_.Write(text); });
  }

  TerminalSize size_{.columns = 10, .rows = 5};
  Screen screen_{10, 5};  // assigned a narrower one where it is resized
  Terminal terminal_{[this](absl::string_view bytes) { screen_.Write(bytes); },
                     [this] { return size_; }};
};

TEST_F(TerminalTest, DrawsInPlace) {
  screen_.Write("header\n");
  terminal_.Draw({"one 1", "two 1"});
  terminal_.Draw({"one 2", "two"});
  EXPECT_EQ(screen_.text(), "header\none 2\ntwo");
  terminal_.Draw({"1"});
  EXPECT_EQ(screen_.text(), "header\n1");
}

TEST_F(TerminalTest, OthersWriteAboveTheBlock) {
  terminal_.Draw({"one", "two"});
  Print("log 1\nlog 2\n");
  EXPECT_EQ(screen_.text(), "log 1\nlog 2\none\ntwo");
  Print("a long line of the log\n");  // 22 columns: three rows
  EXPECT_EQ(screen_.text(), "log 1\nlog 2\na long lin\ne of the l\nog\none\ntwo");
  terminal_.Draw({"one", "2"});
  EXPECT_EQ(screen_.text(), "log 1\nlog 2\na long lin\ne of the l\nog\none\n2");
}

TEST_F(TerminalTest, WithoutABlockOthersJustWrite) {
  Print("before\n");
  terminal_.Leave({});
  EXPECT_EQ(screen_.text(), "before");
  terminal_.Draw({"one"});
  terminal_.Leave({});
  Print("after\n");
  EXPECT_EQ(screen_.text(), "before\nafter");
}

TEST_F(TerminalTest, LeavesTheLastLinesWhole) {
  terminal_.Draw({"one", "two"});
  terminal_.Leave({"a line of 20 columns", "2", "3", "4", "5", "6"});
  Print("after\n");
  EXPECT_EQ(screen_.text(), "a line of \n20 columns\n2\n3\n4\n5\n6\nafter");
}

TEST_F(TerminalTest, WhatAUserTypesBelowIsDrawnOver) {
  terminal_.Draw({"one", "two"});
  screen_.Write("^C");
  terminal_.Draw({"one", "2"});
  EXPECT_EQ(screen_.text(), "one\n2");
}

TEST_F(TerminalTest, CutsLinesAndLeavesOutWhatDoesNotFit) {
  terminal_.Draw({"exactly 10", "more than 10", "3", "4", "5", "6"});
  EXPECT_EQ(screen_.text(), "exactly 10\nmore than \n3\nand 3 more");
  terminal_.Draw({"exactly 11!", "2"});
  EXPECT_EQ(screen_.text(), "exactly 11\n2");
}

TEST_F(TerminalTest, FollowsATerminalThatGetsNarrower) {
  Screen narrow(4, 5);
  narrow.Write("head\nexactly 10\ntwo\n");  // as it wraps what is there: five rows
  terminal_.Draw({"exactly 10", "two"});
  screen_ = narrow;
  size_.columns = 4;
  terminal_.Draw({"a line", "two"});
  EXPECT_EQ(screen_.text(), "head\na li\ntwo");
}

TEST(Terminals, WhatIsNoTerminalHasADefaultSize) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  EXPECT_EQ(SizeOfTerminal(pipe_ends[1]).columns, 80);
  EXPECT_EQ(SizeOfTerminal(pipe_ends[1]).rows, 24);
  EXPECT_FALSE(IsCapableTerminal(pipe_ends[1], "xterm"));
  EXPECT_TRUE(TakesOutput(pipe_ends[1]));
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

}  // namespace
}  // namespace lockstep::coordinator
