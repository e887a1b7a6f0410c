#include "common/messages/hide_secrets.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/secrets.h"

namespace lockstep {
namespace {

class HideSecretsTest : public ::testing::Test {
 protected:
  HideSecretsTest() { redactor.Add("s3cret"); }
  Redactor redactor;
  v1::AgentMessage message;
};

TEST_F(HideSecretsTest, NoFailureTellsAny) {
  for (const auto& failure :
       {+[](v1::AgentMessage& m) { return m.mutable_inspected()->mutable_failure(); },
        +[](v1::AgentMessage& m) { return m.mutable_assigned()->mutable_failure(); },
        +[](v1::AgentMessage& m) { return m.mutable_prepared()->mutable_failure(); },
        +[](v1::AgentMessage& m) { return m.mutable_setup_done()->mutable_failure(); },
        +[](v1::AgentMessage& m) { return m.mutable_teardown_done()->mutable_failure(); },
        +[](v1::AgentMessage& m) { return m.mutable_handle_summary_done()->mutable_failure(); }}) {
    failure(message)->set_message("not s3cret");
    HideSecrets(redactor, &message);
    EXPECT_EQ(failure(message)->message(), "not ***SECRET_REDACTED***") << message.body_case();
  }
}

TEST_F(HideSecretsTest, NorDoesASummaryOrAnEnd) {
  (*message.mutable_handle_summary_done()->mutable_outputs())["stdout"] = "is s3cret";
  HideSecrets(redactor, &message);
  EXPECT_EQ(message.handle_summary_done().outputs().at("stdout"), "is ***SECRET_REDACTED***");
  message.mutable_script_request()->set_message("is s3cret");
  HideSecrets(redactor, &message);
  EXPECT_EQ(message.script_request().message(), "is ***SECRET_REDACTED***");
  message.mutable_agent_failed()->set_message("is s3cret");
  HideSecrets(redactor, &message);
  EXPECT_EQ(message.agent_failed().message(), "is ***SECRET_REDACTED***");
}

// Scripts get the value as it is; whoever hands it to them is to know what nobody may read.
TEST_F(HideSecretsTest, SetupsValueNamesThoseInIt) {
  v1::SetupValue& value = *message.mutable_setup_done()->mutable_value();
  value.set_json("\"plain\"");
  HideSecrets(redactor, &message);
  EXPECT_THAT(value.secrets(), ::testing::IsEmpty());
  redactor.Add("o\"ther");
  value.set_json(R"("s3cret, o\"ther")");
  HideSecrets(redactor, &message);
  EXPECT_EQ(value.json(), R"("s3cret, o\"ther")");
  EXPECT_THAT(value.secrets(), ::testing::UnorderedElementsAre("s3cret", "o\"ther"));
  Redactor coordinators;
  coordinators.Add("s3c");
  HideSecrets(coordinators, &message);
  EXPECT_THAT(value.secrets(), ::testing::UnorderedElementsAre("s3cret", "o\"ther", "s3c"));
}

// What the coordinator is asked for is not text for people.
TEST_F(HideSecretsTest, RequestsStayAsTheyAre) {
  message.mutable_file_request()->set_url("file:///s3cret");
  HideSecrets(redactor, &message);
  EXPECT_EQ(message.file_request().url(), "file:///s3cret");
}

}  // namespace
}  // namespace lockstep
