#include "coordinator/core/verdict.h"

#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

std::optional<std::string> None() {
  return std::nullopt;
}
std::optional<std::string> Crossed() {
  return "thresholds have been crossed";
}

TEST(Verdict, SuccessWithoutAFault) {
  Verdict verdict;
  verdict.Judge(None);
  EXPECT_EQ(verdict.outcome().exit_code, ExitCode::kSuccess);
  EXPECT_EQ(verdict.outcome().message, "");
}

TEST(Verdict, TheFirstFaultStays) {
  Verdict verdict;
  verdict.Record({ExitCode::kScriptException, "thrown", true});
  verdict.Record({ExitCode::kExternalAbort, "a signal"});
  verdict.Mark();
  verdict.Judge(Crossed);
  EXPECT_EQ(verdict.outcome().exit_code, ExitCode::kScriptException);
  EXPECT_EQ(verdict.outcome().message, "thrown");
  EXPECT_TRUE(verdict.outcome().script_fault);
}

TEST(Verdict, AllAgentsAreNamedWhoseLossEndsARun) {
  Verdict verdict;
  verdict.RecordLoss("a0", "it left");
  EXPECT_EQ(verdict.outcome().message, "agent a0 was lost: it left");
  verdict.RecordLoss("a1", "its process was killed");
  EXPECT_EQ(verdict.outcome().message, "agents a0 and a1 were lost; a0: it left");
  verdict.RecordLoss("a2", "so was this one's");
  EXPECT_EQ(verdict.outcome().message, "agents a0, a1 and a2 were lost; a0: it left");
  EXPECT_EQ(verdict.outcome().exit_code, ExitCode::kOther);
  Verdict other;
  other.Record({ExitCode::kExternalAbort, "a signal"});
  other.RecordLoss("a0", "it left");
  EXPECT_EQ(other.outcome().message, "a signal");
}

// Another process goes on with the run, and so with the names.
TEST(Verdict, ALossAfterARestartIsNamedBesideThoseBefore) {
  Verdict before;
  before.RecordLoss("a0", "it left");
  Verdict after(before.outcome(), before.marked(), before.judged(), before.losses());
  after.RecordLoss("a1", "its process was killed");
  EXPECT_EQ(after.outcome().message, "agents a0 and a1 were lost; a0: it left");
}

TEST(Verdict, AMarkComesBeforeThresholdsAndOnlyAtTheEnd) {
  Verdict verdict;
  verdict.Mark();
  verdict.Mark();
  EXPECT_EQ(verdict.outcome().exit_code, ExitCode::kSuccess);
  verdict.Judge(Crossed);
  EXPECT_EQ(verdict.outcome().exit_code, ExitCode::kMarkedAsFailed);
  EXPECT_EQ(verdict.outcome().message, "test run was marked as failed");
}

TEST(Verdict, ThresholdsAreJudgedOnceAndAMarkMayStillCome) {
  Verdict verdict;
  verdict.Judge(None);
  verdict.Mark();  // in handleSummary()
  verdict.Judge(Crossed);
  EXPECT_EQ(verdict.outcome().exit_code, ExitCode::kMarkedAsFailed);
  Verdict judged;
  judged.Judge(None);
  judged.Judge(Crossed);
  EXPECT_EQ(judged.outcome().exit_code, ExitCode::kSuccess);
}

}  // namespace
}  // namespace lockstep::coordinator
