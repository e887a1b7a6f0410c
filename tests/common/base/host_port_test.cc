#include "common/base/host_port.h"

#include "gtest/gtest.h"

namespace lockstep {
namespace {

TEST(SplitHostPort, TakesThePortOffAndTheBracketsAway) {
  const struct {
    const char* text;
    const char* host;
    std::optional<absl::string_view> port;
  } kCases[] = {
      {"example.org:7411", "example.org", "7411"},
      {"10.0.0.1:80", "10.0.0.1", "80"},
      {"[2001:db8::1]:443", "2001:db8::1", "443"},
      {"[::1]", "::1", std::nullopt},
      {"localhost", "localhost", std::nullopt},
      {":6565", "", "6565"},
      {"host:", "host", ""},
      {"host:http", "host", "http"},
      {"::1:80", "::1", "80"},
      {"[]:80", "", "80"},
      {"", "", std::nullopt},
  };
  for (const auto& test : kCases) {
    const HostAndPort parts = SplitHostPort(test.text);
    EXPECT_EQ(parts.host, test.host) << test.text;
    EXPECT_EQ(parts.port, test.port) << test.text;
  }
}

}  // namespace
}  // namespace lockstep
