#include "agent/cli/agent_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

AgentFlags Good(const std::vector<std::string>& args) {
  return std::get<AgentFlags>(ParseAgentFlags(args));
}
AgentFlagsExit Bad(const std::vector<std::string>& args) {
  return std::get<AgentFlagsExit>(ParseAgentFlags(args));
}

TEST(AgentFlags, ReadsAll) {
  AgentFlags flags = Good({"--coordinator", "host:1", "--insecure", "--name", "ada", "--weight",
                           "3", "--label", "zone=eu", "--label", "x=a=b", "--once", "--workers",
                           "2", "--metrics-address", ":9100"});
  EXPECT_EQ(flags.coordinator, "host:1");
  EXPECT_EQ(flags.name, "ada");
  EXPECT_EQ(flags.weight, 3);
  EXPECT_EQ(flags.labels.at("zone"), "eu");
  EXPECT_EQ(flags.labels.at("x"), "a=b");
  EXPECT_TRUE(flags.once);
  EXPECT_EQ(flags.workers, 2);
  EXPECT_EQ(flags.metrics_address, ":9100");
}

TEST(AgentFlags, KnowsTheCoordinatorsPort) {
  EXPECT_EQ(Good({"--coordinator", "host", "--insecure"}).coordinator, "host:7411");
  EXPECT_EQ(Good({"--coordinator", "unix:/x", "--insecure"}).coordinator, "unix:/x");
}

TEST(AgentFlags, HasANameOfItsOwn) {
  EXPECT_FALSE(Good({"--coordinator", "h:1", "--insecure"}).name.empty());
}

TEST(AgentFlags, NamesWhatIsWrong) {
  EXPECT_THAT(Bad({"--insecure"}).error, HasSubstr("--coordinator"));
  for (const char* weight : {"0", "-3", "1000003"}) {
    const AgentFlagsExit exit = Bad({"--coordinator", "h:1", "--insecure", "--weight", weight});
    EXPECT_EQ(exit.error, std::string("--weight: invalid value ") + weight +
                              ": expected an integer from 1 to 1000000");
    EXPECT_EQ(exit.code, ExitCode::kOther);
  }
  EXPECT_THAT(Bad({"--coordinator", "h:1", "--insecure", "--label", "nonsense"}).error,
              HasSubstr("--label: invalid value \"nonsense\": expected KEY=VALUE"));
  EXPECT_EQ(Bad({"--coordinator", "h:port", "--insecure"}).error,
            "--coordinator: invalid value \"h:port\": expected HOST:PORT, HOST (port 7411) or "
            "unix:PATH");
  EXPECT_THAT(Bad({"--coordinator", "h:1", "--bogus"}).error, HasSubstr("--bogus"));
  EXPECT_EQ(Bad({"--coordinator", "h:1", "--bogus"}).code, ExitCode::kOther);
}

TEST(AgentFlags, HelpIsNoError) {
  AgentFlagsExit exit = Bad({"--help"});
  EXPECT_EQ(exit.code, ExitCode::kSuccess);
  EXPECT_THAT(exit.output, HasSubstr("--coordinator"));
}

}  // namespace
}  // namespace lockstep::agent
