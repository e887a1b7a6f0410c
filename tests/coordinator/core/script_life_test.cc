#include "coordinator/core/script_life.h"

#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

v1::SetupDone Returned(const std::string& json) {
  v1::SetupDone done;
  done.mutable_value()->set_defined(true);
  done.mutable_value()->set_json(json);
  return done;
}
v1::SetupDone Failed() {
  v1::SetupDone done;
  done.mutable_failure()->set_message("interrupted");
  return done;
}

TEST(ScriptLife, WhatSetupReturnedIsKept) {
  ScriptLife script;
  EXPECT_FALSE(script.begun());
  script.OnSetupDone(Returned("1"));
  EXPECT_TRUE(script.set_up());
  EXPECT_EQ(script.setup_data().json(), "1");
}

TEST(ScriptLife, ASetupThatFailsByItselfNeedsNoTeardown) {
  for (const ExitCode code : {ExitCode::kSetupTimeout, ExitCode::kScriptAborted}) {
    ScriptLife script;
    script.Interrupted(code);
    EXPECT_FALSE(script.begun());
    script.OnSetupDone(Returned("1"));  // too late
    EXPECT_FALSE(script.begun());
  }
  ScriptLife script;
  script.OnSetupDone(Failed());
  EXPECT_FALSE(script.begun());
}

TEST(ScriptLife, OneThatWasInterruptedHasBegunAndMayHaveBeenDoneInTime) {
  ScriptLife script;
  script.Interrupted(ExitCode::kExternalAbort);
  EXPECT_TRUE(script.begun());
  script.OnSetupDone(Failed());
  EXPECT_TRUE(script.begun());
  EXPECT_FALSE(script.set_up());
  script.OnSetupDone(Returned("1"));
  EXPECT_TRUE(script.set_up());
  EXPECT_EQ(script.setup_data().json(), "1");
}

TEST(ScriptLife, GoesOnInAnotherProcess) {
  ScriptLife script;
  script.OnSetupDone(Returned("1"));
  script.GiveUp();
  ScriptLife other;
  other.Restore(script.state());
  EXPECT_TRUE(other.set_up());
  EXPECT_FALSE(other.usable());
  EXPECT_EQ(other.setup_data().json(), "1");
}

}  // namespace
}  // namespace lockstep::coordinator
