#include "agent/http/redirect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/parsed_url.h"

namespace lockstep::agent {
namespace {

using ::lockstep::testing::ParsedUrl;
using ::testing::ElementsAre;
using ::testing::Pair;

HttpResponse RedirectTo(int status, const std::string& location) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"location", location}};
  return response;
}

TEST(Redirect, TurnsPostIntoGetWithoutBodyExceptFor307And308) {
  const HttpRequest post{.method = "POST",
                         .url = ParsedUrl("http://h/a"),
                         .headers = {{"Content-Type", "t"}},
                         .body = "x",
                         .has_body = true};
  for (const int status : {301, 302, 303}) {
    const auto hop = FollowRedirect(post, RedirectTo(status, "/b"));
    ASSERT_TRUE(hop.ok() && hop->has_value());
    EXPECT_EQ((*hop)->method, "GET") << status;
    EXPECT_EQ((*hop)->body, "") << status;
    EXPECT_FALSE((*hop)->has_body) << status;
    EXPECT_THAT((*hop)->headers, ElementsAre(Pair("Referer", "http://h/a"))) << status;
    EXPECT_EQ((*hop)->url.request_url(), "http://h/b") << status;
    EXPECT_TRUE((*hop)->follow_up);
  }
  for (const int status : {307, 308}) {
    const auto hop = FollowRedirect(post, RedirectTo(status, "b"));
    ASSERT_TRUE(hop.ok() && hop->has_value());
    EXPECT_EQ((*hop)->method, "POST") << status;
    EXPECT_EQ((*hop)->body, "x") << status;
  }
  EXPECT_EQ((*FollowRedirect({.method = "HEAD", .url = post.url}, RedirectTo(303, "/")))->method,
            "HEAD");
}

TEST(Redirect, LeavesSecretsBehindWhenTheHostChanges) {
  const HttpRequest request{.url = ParsedUrl("http://h.test/a"),
                            .headers = {{"authorization", "s"}, {"Cookie", "c"}, {"X-Other", "o"}}};
  const auto other = FollowRedirect(request, RedirectTo(302, "http://evil.test/"));
  EXPECT_THAT((*other)->headers,
              ElementsAre(Pair("X-Other", "o"), Pair("Referer", "http://h.test/a")));
  const auto below = FollowRedirect(request, RedirectTo(302, "http://sub.h.test/"));
  EXPECT_THAT((*below)->headers, ElementsAre(Pair("authorization", "s"), Pair("X-Other", "o"),
                                             Pair("Referer", "http://h.test/a")));
  const auto suffix = FollowRedirect(request, RedirectTo(302, "http://nh.test/"));
  EXPECT_FALSE(FindHeader((*suffix)->headers, "Authorization").has_value());
}

TEST(Redirect, SendsNoRefererFromHttpsToHttp) {
  const auto hop = FollowRedirect({.url = ParsedUrl("https://h/")}, RedirectTo(302, "http://h/"));
  EXPECT_TRUE((*hop)->headers.empty());
}

TEST(Redirect, IsNoneWithoutLocationOrWithAnotherStatus) {
  const HttpRequest request{.url = ParsedUrl("http://h/")};
  EXPECT_FALSE(FollowRedirect(request, RedirectTo(200, "/x"))->has_value());
  EXPECT_FALSE(FollowRedirect(request, RedirectTo(304, "/x"))->has_value());
  EXPECT_FALSE(FollowRedirect(request, RedirectTo(302, ""))->has_value());
  EXPECT_EQ(FollowRedirect(request, RedirectTo(302, "http://a b/")).status().message(),
            "failed to parse Location header \"http://a b/\": parse \"http://a b/\": invalid "
            "character \" \" in host name");
}

}  // namespace
}  // namespace lockstep::agent
