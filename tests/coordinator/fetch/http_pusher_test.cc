#include "coordinator/fetch/http_pusher.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/sink_server.h"

namespace lockstep::coordinator {
namespace {

using lockstep::testing::SinkServer;
using ::testing::HasSubstr;

// Quick to try again, patient otherwise: no test waits for a time to pass.
constexpr HttpPusher::Limits kQuick = {.timeout = absl::Minutes(1),
                                       .first_backoff = absl::Milliseconds(1),
                                       .longest_backoff = absl::Milliseconds(2),
                                       .drain = absl::Minutes(1)};

TEST(HttpPusher, SendsEverythingInOrder) {
  SinkServer server;
  HttpPusher pusher({.url = server.Url("/write"), .headers = {"X-One: 1"}}, kQuick);
  ASSERT_TRUE(pusher.Start().ok());
  for (int i = 0; i < 20; ++i) {
    pusher.Push({.body = absl::StrCat("body ", i), .samples = 2});
  }
  const HttpPusher::Tally tally = pusher.Finish();
  EXPECT_EQ(tally.sent, 40u);
  EXPECT_EQ(tally.lost, 0u);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 20u);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(requests[static_cast<size_t>(i)].body, absl::StrCat("body ", i));
  }
  EXPECT_THAT(requests[0].head, HasSubstr("POST /write HTTP/1.1"));
  EXPECT_THAT(requests[0].head, HasSubstr("X-One: 1"));
}

TEST(HttpPusher, TriesAgainUntilAServerThatFailsRecovers) {
  SinkServer server({500, 503, 429});
  HttpPusher pusher({.url = server.Url("/")}, kQuick);
  ASSERT_TRUE(pusher.Start().ok());
  pusher.Push({.body = "a", .samples = 1});
  pusher.Push({.body = "b", .samples = 1});
  const HttpPusher::Tally tally = pusher.Finish();
  EXPECT_EQ(tally.sent, 2u);
  EXPECT_EQ(tally.retries, 3u);
  EXPECT_EQ(server.requests().size(), 5u);
}

TEST(HttpPusher, DoesNotRepeatWhatTheServerRefuses) {
  SinkServer server({400, 200});
  HttpPusher pusher({.url = server.Url("/")}, kQuick);
  ASSERT_TRUE(pusher.Start().ok());
  pusher.Push({.body = "a", .samples = 3});
  pusher.Push({.body = "b", .samples = 4});
  const HttpPusher::Tally tally = pusher.Finish();
  EXPECT_EQ(tally.lost, 3u);
  EXPECT_EQ(tally.sent, 4u);
  EXPECT_EQ(tally.reason, "HTTP 400: answer 400");
}

TEST(HttpPusher, CountsAsLostWhatAServerThatNeverAnswersLeaves) {
  SinkServer server(SinkServer::Never());
  HttpPusher::Limits limits = kQuick;
  limits.drain = absl::Milliseconds(50);
  HttpPusher pusher({.url = server.Url("/")}, limits);
  ASSERT_TRUE(pusher.Start().ok());
  for (int i = 0; i < 100; ++i) {
    pusher.Push({.body = "x", .samples = 1});
  }
  const HttpPusher::Tally tally = pusher.Finish();
  EXPECT_EQ(tally.lost, 100u);
  EXPECT_EQ(tally.sent, 0u);
}

TEST(HttpPusher, DropsTheOldestWhenItsBufferIsFull) {
  SinkServer server(SinkServer::Never());
  HttpPusher::Limits limits = kQuick;
  limits.drain = absl::Milliseconds(20);
  limits.queue_bytes = 10'000;
  HttpPusher pusher({.url = server.Url("/")}, limits);
  ASSERT_TRUE(pusher.Start().ok());
  for (int i = 0; i < 100; ++i) {
    pusher.Push({.body = std::string(1000, 'x'), .samples = 1});
  }
  // At most one is on its way, nine or fewer wait.
  EXPECT_GE(pusher.tally().lost, 90u);
  EXPECT_EQ(pusher.Finish().lost, 100u);
}

TEST(HttpPusher, SaysWhyAServerCannotBeReached) {
  int port = 0;
  {
    SinkServer server;
    port = server.port();
  }
  HttpPusher::Limits limits = kQuick;
  limits.drain = absl::Milliseconds(20);
  HttpPusher pusher({.url = absl::StrCat("http://127.0.0.1:", port, "/")}, limits);
  ASSERT_TRUE(pusher.Start().ok());
  pusher.Push({.body = "a", .samples = 7});
  const HttpPusher::Tally tally = pusher.Finish();
  EXPECT_EQ(tally.lost, 7u);
  EXPECT_FALSE(tally.reason.empty());
}

TEST(HttpPusher, RefusesWhatIsNoUrlAndNoTlsVersion) {
  for (const char* url : {"", "nonsense", "ftp://host/", "http://", "://x"}) {
    HttpPusher pusher({.url = url}, kQuick);
    EXPECT_THAT(std::string(pusher.Start().message()),
                HasSubstr("is not an http:// or https:// URL"))
        << url;
  }
  HttpPusher pusher({.url = "https://localhost/", .minimum_tls = "1.7"}, kQuick);
  EXPECT_THAT(std::string(pusher.Start().message()), HasSubstr("no TLS version \"1.7\""));
}

TEST(HttpPusher, EndsAtOnceWhenItIsDestroyed) {
  SinkServer server(SinkServer::Never());
  HttpPusher pusher({.url = server.Url("/")}, kQuick);
  ASSERT_TRUE(pusher.Start().ok());
  pusher.Push({.body = "a", .samples = 1});
}

}  // namespace
}  // namespace lockstep::coordinator
