#include "common/base/host_port.h"

#include <initializer_list>
#include <utility>

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

TEST(IsLoopbackHost, IsThisMachineByItsNameAlone) {
  for (const char* host :
       {"localhost", "Localhost", "127.0.0.1", "127.1.2.3", "::1", "0:0:0:0:0:0:0:1"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host : {"", "127.example", "127.0.0.1.example", "127.1", "128.0.0.1", "0.0.0.0",
                           "::", "::2", "[::1]", "a.localhost", "localhost:80"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

TEST(CoordinatorAddress, HasAPort) {
  for (const auto& [text, address] : std::initializer_list<std::pair<const char*, const char*>>{
           {"host", "host:7411"},
           {"host:1", "host:1"},
           {"10.0.0.1", "10.0.0.1:7411"},
           {"::1", "[::1]:7411"},
           {"[::1]", "[::1]:7411"},
           {"[::1]:80", "[::1]:80"},
           {"127.0.0.1:0", "127.0.0.1:0"},
           {"unix:/tmp/x", "unix:/tmp/x"},
           {"dns:///host:1", "dns:///host:1"}}) {
    EXPECT_EQ(CoordinatorAddress(text).value_or(""), address) << text;
  }
  for (const char* text : {"", ":7411", "host:", "host:http", "host:65536", "host:-1"}) {
    EXPECT_EQ(CoordinatorAddress(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(CoordinatorAddress, HasNoLongerPathThanASocketCan) {
  const std::string longest = "unix:/" + std::string(kMaxUnixPathBytes - 1, 'x');
  EXPECT_EQ(CoordinatorAddress(longest).value_or(""), longest);
  EXPECT_EQ(CoordinatorAddress(longest + "x").status().message(),
            "invalid value \"" + longest +
                "x\": expected a path of at most 107 bytes, as every Unix socket's");
}

}  // namespace
}  // namespace lockstep
