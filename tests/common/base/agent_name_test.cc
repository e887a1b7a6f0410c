#include "common/base/agent_name.h"

#include <string>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(AgentName, IsUtf8OfSomeBytesWithoutControlCharacters) {
  for (const std::string& good : {std::string("ada"), std::string("agent 1 (größer)"),
                                  std::string(kMostAgentNameBytes, 'n')}) {
    EXPECT_TRUE(IsAgentName(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("a\nb"), std::string("\x1b[31m"), std::string("a\x7f"),
        std::string("ad\xff"), std::string(kMostAgentNameBytes + 1, 'n')}) {
    EXPECT_FALSE(IsAgentName(bad)) << bad;
  }
}

}  // namespace
}  // namespace lockstep
