#include "common/messages/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lockstep/v1/control.pb.h"
#include "lockstep/v1/status.pb.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Words, AValueHasTheWordOfItsOptionOrItsName) {
  EXPECT_EQ(WordOf(v1::RunStatus::WAITING_FOR_AGENTS), "WaitingForAgents");
  EXPECT_EQ(WordOf(v1::ThresholdStatus::NO_DATA), "no data");
  EXPECT_EQ(WordOf(v1::Health::SUSPECT), "SUSPECT");
  EXPECT_EQ(WordOf(v1::Health::UNKNOWN), "");
  EXPECT_EQ(WordOf(static_cast<v1::Health::Validity>(99)), "");
}

TEST(Words, AMessageIsNamedByItsBody) {
  v1::AgentMessage message;
  EXPECT_EQ(NameOf(message), "");
  message.mutable_setup_done();
  EXPECT_EQ(NameOf(message), "setup_done");
  EXPECT_EQ(NameOf(v1::RunStatus()), "");  // has no body
}

TEST(Words, JsonHasThemForDefaultsToo) {
  v1::RunStatus status;
  status.set_state(v1::RunStatus::RUNNING);
  status.add_agents()->set_state(v1::AgentStatus::LOST);
  status.add_scenarios()->set_name("<s>");
  status.add_thresholds()->set_metric("checks");
  const std::string json = JsonInWords(status, /*pretty=*/false);
  EXPECT_THAT(json, StartsWith(R"({"state":"Running","stop_reason":"","elapsed_s":0,)"));
  EXPECT_THAT(json, HasSubstr(R"("agents":[{"name":"","state":"lost","segment":"",)"));
  EXPECT_THAT(json, HasSubstr(R"([{"name":"\u003cs\u003e","executor":"","state":"waiting",)"));
  EXPECT_THAT(json, HasSubstr(R"([{"metric":"checks","expression":"","verdict":"no data",)"));
  EXPECT_THAT(json, HasSubstr(R"(,"validity":"","validity_reasons":[],)"));
  EXPECT_THAT(json, ::testing::EndsWith("}\n"));
}

TEST(Words, PrettyJsonHasALineForEachField) {
  v1::ThresholdStatus threshold;
  threshold.set_metric("checks");
  threshold.set_verdict(v1::ThresholdStatus::FAILING);
  EXPECT_EQ(JsonInWords(threshold, /*pretty=*/true),
            "{\n \"metric\": \"checks\",\n \"expression\": \"\",\n \"verdict\": \"failing\",\n"
            " \"value\": 0,\n \"value_text\": \"\"\n}\n");
}

}  // namespace
}  // namespace lockstep
