#include "common/base/system_lookup.h"

#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep {
namespace {

using ::testing::Contains;

// The IPv4 addresses of `host`, where no file and no server is asked; none: it is not known.
std::vector<std::string> WithoutAsking(const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  Addresses found;
  std::vector<std::string> texts;
  if (SystemLookup(host, "80", hints, found) != 0) {
    return texts;
  }
  for (const addrinfo* each = found.get(); each != nullptr; each = each->ai_next) {
    if (each->ai_family == AF_INET) {
      const auto& address = *reinterpret_cast<const sockaddr_in*>(each->ai_addr);
      char text[INET_ADDRSTRLEN];
      texts.emplace_back(inet_ntop(AF_INET, &address.sin_addr, text, sizeof text));
      EXPECT_EQ(80, ntohs(address.sin_port));
    }
  }
  return texts;
}

// RFC 6761, 6.3.
TEST(SystemLookup, LocalhostIsThisMachineAlthoughNobodyKnowsIt) {
  for (const char* host : {"localhost", "LOCALHOST.", "api.localhost", "127.0.0.1"}) {
    EXPECT_THAT(WithoutAsking(host), Contains("127.0.0.1")) << host;
  }
  EXPECT_TRUE(WithoutAsking("nolocalhost").empty());
  EXPECT_TRUE(WithoutAsking("localhost.example").empty());
}

}  // namespace
}  // namespace lockstep
