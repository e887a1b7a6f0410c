#include "coordinator/core/run_outcome.h"

#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

std::optional<std::string> None() {
  return std::nullopt;
}
std::optional<std::string> Crossed() {
  return "thresholds have been crossed";
}

TEST(RunFaults, SuccessWithoutAFault) {
  RunFaults faults;
  faults.Judge(None);
  EXPECT_EQ(faults.outcome().exit_code, ExitCode::kSuccess);
  EXPECT_EQ(faults.outcome().message, "");
}

TEST(RunFaults, TheFirstFaultStays) {
  RunFaults faults;
  faults.Record({ExitCode::kScriptException, "thrown", true});
  faults.Record({ExitCode::kExternalAbort, "a signal"});
  faults.Mark();
  faults.Judge(Crossed);
  EXPECT_EQ(faults.outcome().exit_code, ExitCode::kScriptException);
  EXPECT_EQ(faults.outcome().message, "thrown");
  EXPECT_TRUE(faults.outcome().script_fault);
}

TEST(RunFaults, AllAgentsAreNamedWhoseLossEndsARun) {
  RunFaults faults;
  faults.RecordLoss("a0", "it left");
  EXPECT_EQ(faults.outcome().message, "agent a0 was lost: it left");
  faults.RecordLoss("a1", "its process was killed");
  EXPECT_EQ(faults.outcome().message, "agents a0 and a1 were lost; a0: it left");
  faults.RecordLoss("a2", "so was this one's");
  EXPECT_EQ(faults.outcome().message, "agents a0, a1 and a2 were lost; a0: it left");
  EXPECT_EQ(faults.outcome().exit_code, ExitCode::kOther);
  EXPECT_TRUE(faults.outcome().logged) << "it is not to be said again at the end";
  RunFaults other;
  other.Record({ExitCode::kExternalAbort, "a signal"});
  other.RecordLoss("a0", "it left");
  EXPECT_EQ(other.outcome().message, "a signal");
}

// Another process goes on with the run, and so with the names.
TEST(RunFaults, ALossAfterARestartIsNamedBesideThoseBefore) {
  RunFaults before;
  before.RecordLoss("a0", "it left");
  RunFaults after(before.state());
  after.RecordLoss("a1", "its process was killed");
  EXPECT_EQ(after.outcome().message, "agents a0 and a1 were lost; a0: it left");
}

TEST(RunFaults, AMarkComesBeforeThresholdsAndOnlyAtTheEnd) {
  RunFaults faults;
  faults.Mark();
  faults.Mark();
  EXPECT_EQ(faults.outcome().exit_code, ExitCode::kSuccess);
  faults.Judge(Crossed);
  EXPECT_EQ(faults.outcome().exit_code, ExitCode::kMarkedAsFailed);
  EXPECT_EQ(faults.outcome().message, "test run was marked as failed");
}

TEST(RunFaults, ThresholdsAreJudgedOnceAndAMarkMayStillCome) {
  RunFaults faults;
  faults.Judge(None);
  faults.Mark();  // in handleSummary()
  faults.Judge(Crossed);
  EXPECT_EQ(faults.outcome().exit_code, ExitCode::kMarkedAsFailed);
  RunFaults judged;
  judged.Judge(None);
  judged.Judge(Crossed);
  EXPECT_EQ(judged.outcome().exit_code, ExitCode::kSuccess);
}

}  // namespace
}  // namespace lockstep::coordinator
