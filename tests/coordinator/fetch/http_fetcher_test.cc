#include "coordinator/fetch/http_fetcher.h"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "common/base/epoll_loop.h"
#include "coordinator/fetch/http_place.h"
#include "tests/support/http_server.h"
#include "tests/support/turn_until.h"

namespace lockstep::coordinator {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(HttpPlace, TellsThisMachineFromOthers) {
  for (const char* url : {"http://localhost/x", "http://127.0.0.1:80", "http://127.9.9.9/?q",
                          "https://me:pw@[::1]:8/x", "HTTP://LOCALHOST:1/"}) {
    EXPECT_TRUE(IsLoopback(url)) << url;
  }
  for (const char* url :
       {"http://example.com/localhost", "http://localhost.example.com/", "http://127.0.0.1.nip.io/",
        "http://localhost@example.com/", "http://[::2]/", "http://127.0.0.256/",
        "file:///127.0.0.1", "http://127.1/"}) {
    EXPECT_FALSE(IsLoopback(url)) << url;
  }
}

TEST(HttpPlace, ShowsNeitherLoginNorQuery) {
  EXPECT_EQ(WithoutSecrets("https://me:pw@Host:8/a/b?token=1#x"), "https://host:8/a/b");
  EXPECT_EQ(HttpAuthority("https://me:p@w@Host:8/a@b"), "host:8");
}

class Fetcher : public ::testing::Test {
 protected:
  absl::StatusOr<HttpAnswer> Fetch(HttpQuestion question) {
    std::optional<absl::StatusOr<HttpAnswer>> answer;
    fetcher_.Fetch(std::move(question),
                   [&](absl::StatusOr<HttpAnswer> a) { answer = std::move(a); });
    lockstep::testing::TurnUntil(loop_, [&] { return answer.has_value(); });
    return *std::move(answer);
  }
  HttpQuestion Ask(absl::string_view path) {
    return {.url = server_->Url(path), .most_bytes = 1000};
  }

  std::unique_ptr<lockstep::testing::HttpServer> server_ = *lockstep::testing::HttpServer::Start();
  EpollLoop loop_;
  HttpFetcher fetcher_{loop_, {}};
};

TEST_F(Fetcher, FollowsRedirectsAndSaysWhereTheyLed) {
  const absl::StatusOr<HttpAnswer> answer = Fetch(Ask("/redirect/3"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello\n");
  EXPECT_EQ(answer->url, server_->Url("/"));
  HttpQuestion question = Ask("/redirect/3");
  question.most_redirects = 2;
  EXPECT_THAT(Fetch(question).status().message(), HasSubstr("it redirects more than 2 times"));
}

TEST_F(Fetcher, JudgesEachHop) {
  HttpQuestion question = Ask(absl::StrCat("/redirect-to?http://example.com/x?y"));
  question.allows = [](absl::string_view url) {
    return IsLoopback(url) ? absl::OkStatus() : absl::InvalidArgumentError("not there");
  };
  EXPECT_EQ(Fetch(question).status(),
            absl::InvalidArgumentError("redirected to http://example.com/x: not there"));
}

TEST_F(Fetcher, KeepsHeadersFromOtherHosts) {
  HttpQuestion question = Ask("/request");
  question.headers = {"X-Token: 1"};
  EXPECT_THAT(Fetch(question)->body, HasSubstr("X-Token: 1"));
  const auto other = *lockstep::testing::HttpServer::Start();
  question.url = server_->Url(absl::StrCat("/redirect-to?", other->Url("/request")));
  EXPECT_THAT(Fetch(question)->body, ::testing::Not(HasSubstr("X-Token")));
}

TEST_F(Fetcher, BoundsBodiesAfterDecompression) {
  EXPECT_EQ(Fetch(Ask("/bytes/1000"))->body.size(), 1000u);
  EXPECT_EQ(Fetch(Ask("/bytes/1001")).status(),
            absl::ResourceExhaustedError("it has more than 1000 bytes"));
  HttpQuestion question = Ask("/gzip");
  question.most_bytes = 1;
  EXPECT_EQ(Fetch(question).status(), absl::ResourceExhaustedError("it has more than 1 bytes"));
}

TEST_F(Fetcher, GivesUpWhenItsTimeIsOver) {
  HttpQuestion question = Ask("/delay/600000");
  question.timeout = absl::Milliseconds(20);
  EXPECT_EQ(Fetch(question).status(), absl::DeadlineExceededError("no answer within 20ms"));
}

TEST_F(Fetcher, TellsOfServersThatDoNotAnswerInHttp) {
  for (const char* path : {"/reset", "/close", "/garbage", "/truncated"}) {
    EXPECT_TRUE(absl::IsUnavailable(Fetch(Ask(path)).status())) << path;
  }
  EXPECT_EQ(Fetch({.url = "ftp://localhost/", .most_bytes = 1}).status(),
            absl::InvalidArgumentError("it is not an http:// or https:// URL"));
}

TEST_F(Fetcher, WhatIsUnderWayIsGivenUpWithIt) {
  HttpFetcher fetcher(loop_, {});
  fetcher.Fetch(Ask("/delay/600000"), [](const absl::StatusOr<HttpAnswer>&) { FAIL(); });
}

}  // namespace
}  // namespace lockstep::coordinator
