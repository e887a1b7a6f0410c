#include "agent/cli/agent_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/host_port.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

AgentFlags Good(const std::vector<std::string>& args) {
  return std::get<AgentFlags>(ParseAgentFlags(args, {}));
}
AgentFlagsExit Bad(const std::vector<std::string>& args) {
  return std::get<AgentFlagsExit>(ParseAgentFlags(args, {}));
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

TEST(AgentFlags, PrintACompletion) {
  const AgentFlagsExit bash = Bad({"--completion", "bash"});
  EXPECT_EQ(bash.code, ExitCode::kSuccess);
  EXPECT_THAT(bash.output, HasSubstr("complete -o default -F _lockstep_agent lockstep-agent\n"));
  EXPECT_THAT(bash.output, Not(HasSubstr("--parent")));
  EXPECT_EQ(Bad({"--completion=powershell"}).error,
            "--completion: invalid value \"powershell\"; allowed: bash, zsh, fish");
}

TEST(AgentFlags, NamesWhatIsWrong) {
  EXPECT_THAT(Bad({"--insecure"}).error, HasSubstr("--coordinator"));
  for (const char* weight : {"0", "-3", "1000003"}) {
    const AgentFlagsExit exit = Bad({"--coordinator", "h:1", "--insecure", "--weight", weight});
    EXPECT_EQ(exit.error, std::string("--weight: invalid value \"") + weight +
                              "\": expected an integer from 1 to 1000000");
    EXPECT_EQ(exit.code, ExitCode::kOther);
  }
  EXPECT_THAT(Bad({"--coordinator", "h:1", "--insecure", "--label", "nonsense"}).error,
              HasSubstr("--label: invalid value \"nonsense\": expected KEY=VALUE"));
  EXPECT_EQ(
      Bad({"--coordinator", "h:1", "--insecure", "--name", "ad\xFF"}).error,
      "--name: invalid value \"ad\\xff\": expected at most 128 bytes of UTF-8 without control "
      "characters");
  EXPECT_THAT(Bad({"--coordinator", "h:1", "--insecure", "--name", "a\nb"}).error,
              HasSubstr("--name: invalid value \"a\\nb\": expected"));
  EXPECT_THAT(Bad({"--coordinator", "h:1", "--insecure", "--name", std::string(129, 'n')}).error,
              HasSubstr("nnn\": expected at most 128 bytes"));
  EXPECT_EQ(Bad({"--coordinator", "h:1", "--metrics-address", "x", "--weight", "0"}).error,
            "--weight: invalid value \"0\": expected an integer from 1 to 1000000\n"
            "--metrics-address: invalid address \"x\": expected HOST:PORT or :PORT");
  EXPECT_EQ(Bad({"--coordinator", "h:port", "--insecure"}).error,
            "--coordinator: invalid value \"h:port\": expected HOST:PORT, HOST (port 7411) or "
            "unix:PATH");
  EXPECT_EQ(Bad({"--coordinatr", "h:1", "--workers", "5000", "x", "--name"}).error,
            "unknown flag \"--coordinatr\" of lockstep-agent; did you mean \"--coordinator\"?; see "
            "`lockstep-agent --help`\n"
            "--name: its value is missing: expected NAME\n"
            "unexpected word \"h:1\"; expected flags only\n"
            "unexpected word \"x\"; expected flags only\n"
            "--coordinator is missing: expected HOST[:PORT] or unix:PATH\n"
            "--workers: invalid value \"5000\": expected an integer from 1 to 1024");
  EXPECT_EQ(Bad({"--coordinator", "h:1", "--bogus"}).code, ExitCode::kOther);
}

TEST(AgentFlags, WarnOfVariablesThatAreMuchLikeItsOwn) {
  const Environment environment = {{"LOCKSTEP_TOKNE", "x"},
                                   {"LOCKSTEP_VUS", "5"},  // the coordinator's
                                   {"LOCKSTEP_TOKEN", "y"},
                                   {"LOCKSTEP_AGENT_SERVICE_HOST", "10.0.0.1"}};
  const auto warnings_with = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--coordinator", "h:1"});
    return std::get<AgentFlags>(ParseAgentFlags(more, environment)).warnings;
  };
  EXPECT_THAT(warnings_with({}),
              testing::ElementsAre("LOCKSTEP_TOKNE has no effect: there is no such variable; did "
                                   "you mean \"LOCKSTEP_TOKEN\"?"));
  EXPECT_THAT(warnings_with({"--parent", "1"}), testing::IsEmpty());
}

TEST(AgentFlags, HelpIsNoError) {
  AgentFlagsExit exit = Bad({"--help"});
  EXPECT_EQ(exit.code, ExitCode::kSuccess);
  EXPECT_THAT(exit.output, HasSubstr("--coordinator HOST[:PORT]"));
  EXPECT_THAT(exit.output, HasSubstr(std::to_string(kCoordinatorPort)));
  EXPECT_THAT(exit.output, Not(HasSubstr("--parent")));
  EXPECT_THAT(Bad({"--version"}).output, HasSubstr("lockstep-agent "));
}

TEST(AgentFlags, CredentialsMayBeAVariable) {
  const auto parsed =
      ParseAgentFlags({"--coordinator", "h:1"}, {{"LOCKSTEP_CREDENTIALS", "/folder"}});
  EXPECT_EQ(std::get<AgentFlags>(parsed).credentials, "/folder");
}

}  // namespace
}  // namespace lockstep::agent
