// What a StatsD server gets, and what is known of what it does not get.
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "coordinator/output/statsd_output.h"
#include "tests/coordinator/output/sinks_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Texts(const std::vector<StatsdLine>& lines) {
  std::vector<std::string> texts;
  for (const StatsdLine& line : lines) {
    texts.push_back(line.text);
  }
  return texts;
}

TEST(Statsd, WritesALineForEachKind) {
  EXPECT_THAT(Texts(StatsdLines({}, OneOfEach())),
              ElementsAre("k6.http_reqs:3|c", "k6.vus:7|g", "k6.check.body ok.pass:1|c",
                          "k6.check.body ok.fail:1|c", "k6.http_req_duration:1000|ms",
                          "k6.http_req_duration:3000|ms"));
}

// A sign would change the gauge by so much.
TEST(Statsd, SetsAGaugeBelowZeroByWayOfZero) {
  Batch batch = OneOfEach();
  batch.series[1].aggregate.Add(-5, kNow + absl::Seconds(1));
  EXPECT_THAT(Texts(StatsdLines({}, batch)), Contains("k6.vus:0|g\nk6.vus:-5|g"));
}

TEST(Statsd, AddsTagsAsDogstatsdHasThem) {
  Batch batch = OneOfEach();
  batch.tag_sets[0] = {{"name", "a:b|c,d"}, {"status", "200"}, {"url", "http://x"}, {"vu", "1"}};
  EXPECT_THAT(Texts(StatsdLines({.prefix = "", .tags = true}, batch))[0],
              "http_reqs:3|c|#name:a_b_c_d,status:200");
}

// One for datagrams, and its port.
std::pair<int, int> BoundSocket() {
  const int bound = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(bound, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(bound, reinterpret_cast<sockaddr*>(&address), &size), 0);
  return {bound, ntohs(address.sin_port)};
}

TEST_F(SinksTest, SendsPacketsToAStatsdServer) {
  const auto [receiver, port] = BoundSocket();
  absl::StatusOr<std::unique_ptr<Output>> output =
      MakeOutput(absl::StrCat("statsd=127.0.0.1:", port), context_);
  ASSERT_TRUE(output.ok());
  ASSERT_TRUE((*output)->Start().ok());
  (*output)->Write(OneOfEach());
  ASSERT_TRUE((*output)->Stop().ok());
  char packet[2000];
  const ssize_t n = recv(receiver, packet, sizeof packet, 0);
  close(receiver);
  EXPECT_THAT(std::string(packet, static_cast<size_t>(n)),
              HasSubstr("k6.http_reqs:3|c\nk6.vus:7|g"));
  EXPECT_FALSE((*output)->Lost().has_value());
}

// The system reports one datagram in two, so that nobody knows how many were lost.
TEST_F(SinksTest, SaysThatAtLeastSoManySamplesWereLostWhereNoStatsdServerIs) {
  const auto [nobody, port] = BoundSocket();
  absl::StatusOr<std::unique_ptr<Output>> output =
      MakeOutput(absl::StrCat("statsd=127.0.0.1:", port), context_);
  ASSERT_TRUE(output.ok());
  ASSERT_TRUE((*output)->Start().ok());
  close(nobody);
  for (int i = 0; i < 100; ++i) {
    (*output)->Write(OneOfEach());
  }
  ASSERT_TRUE((*output)->Stop().ok());
  EXPECT_THAT((*output)->Lost().value_or(""), HasSubstr(": at least "));
}

// A short run has one datagram, and nothing that would be sent after it.
TEST_F(SinksTest, KnowsThatNobodyTookTheLastDatagram) {
  const auto [nobody, port] = BoundSocket();
  absl::StatusOr<std::unique_ptr<Output>> output =
      MakeOutput(absl::StrCat("statsd=127.0.0.1:", port), context_);
  ASSERT_TRUE(output.ok());
  ASSERT_TRUE((*output)->Start().ok());
  close(nobody);
  (*output)->Write(OneOfEach());
  ASSERT_TRUE((*output)->Stop().ok());
  EXPECT_EQ((*output)->Lost().value_or(""),
            absl::StrCat("statsd (127.0.0.1:", port,
                         "): at least 7 of 7 samples were lost: Connection refused"));
}

TEST_F(SinksTest, RefusesAStatsdPortThatIsNoneBeforeTheRun) {
  for (const char* address : {"localhost:99999", "localhost:x", "localhost:0", ":8125"}) {
    EXPECT_EQ((*MakeOutput(absl::StrCat("statsd=", address), context_))->Check().message(),
              absl::StrCat("invalid value \"", address,
                           "\": expected HOST or HOST:PORT, with a PORT from 1 to 65535"));
  }
}

TEST_F(SinksTest, RefusesAStatsdAddressThatIsNone) {
  absl::StatusOr<std::unique_ptr<Output>> output =
      MakeOutput("statsd=no host at all:8125", context_);
  ASSERT_TRUE(output.ok());
  EXPECT_THAT(std::string((*output)->Start().message()), HasSubstr("is not a HOST:PORT"));
}

}  // namespace
}  // namespace lockstep::coordinator
