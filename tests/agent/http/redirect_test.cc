#include "agent/http/redirect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/http/headers.h"
#include "tests/support/parsed_url.h"

namespace lockstep::agent {
namespace {

using ::lockstep::testing::ParsedUrl;
using ::testing::ElementsAre;
using ::testing::Pair;

// The request that follows; nothing if none does.
absl::StatusOr<std::optional<HttpRequest>> FollowFrom(const RedirectOrigin& origin,
                                                      const HttpRequest& request,
                                                      const HttpResponse& response) {
  const absl::StatusOr<std::optional<RedirectTarget>> target =
      FindRedirectTarget(request.url, response);
  if (!target.ok() || !target->has_value()) {
    return target.ok() ? absl::StatusOr<std::optional<HttpRequest>>(std::nullopt) : target.status();
  }
  return FollowRedirect(origin, request, response, (**target).url);
}

// The first redirect of a chain.
absl::StatusOr<std::optional<HttpRequest>> Follow(const HttpRequest& request,
                                                  const HttpResponse& response) {
  return FollowFrom(OriginOf(request), request, response);
}

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
    const auto hop = Follow(post, RedirectTo(status, "/b"));
    ASSERT_TRUE(hop.ok() && hop->has_value());
    EXPECT_EQ((*hop)->method, "GET") << status;
    EXPECT_EQ((*hop)->body, "") << status;
    EXPECT_FALSE((*hop)->has_body) << status;
    EXPECT_THAT((*hop)->headers, ElementsAre(Pair("Referer", "http://h/a"))) << status;
    EXPECT_EQ((*hop)->url.request_url(), "http://h/b") << status;
    EXPECT_TRUE((*hop)->follow_up);
  }
  for (const int status : {307, 308}) {
    const auto hop = Follow(post, RedirectTo(status, "b"));
    ASSERT_TRUE(hop.ok() && hop->has_value());
    EXPECT_EQ((*hop)->method, "POST") << status;
    EXPECT_EQ((*hop)->body, "x") << status;
  }
  EXPECT_EQ((*Follow({.method = "HEAD", .url = post.url}, RedirectTo(303, "/")))->method, "HEAD");
}

TEST(Redirect, TheReferrerIsSpeltAsItsUrl) {
  const auto hop =
      Follow({.url = ParsedUrl("http://u:p@Host.test:80/a?b#c")}, RedirectTo(302, "/d"));
  EXPECT_EQ(FindHeader((*hop)->headers, "Referer"), "http://Host.test:80/a?b");
  EXPECT_EQ((*hop)->url.host_header(), "Host.test:80");
}

TEST(Redirect, LeavesSecretsBehindWhenTheHostChanges) {
  const HttpRequest request{.url = ParsedUrl("http://h.test/a"),
                            .headers = {{"authorization", "s"}, {"Cookie", "c"}, {"X-Other", "o"}}};
  const auto other = Follow(request, RedirectTo(302, "http://evil.test/"));
  EXPECT_THAT((*other)->headers,
              ElementsAre(Pair("X-Other", "o"), Pair("Referer", "http://h.test/a")));
  const auto below = Follow(request, RedirectTo(302, "http://sub.h.test/"));
  EXPECT_THAT((*below)->headers, ElementsAre(Pair("authorization", "s"), Pair("X-Other", "o"),
                                             Pair("Referer", "http://h.test/a")));
  const auto suffix = Follow(request, RedirectTo(302, "http://nh.test/"));
  EXPECT_FALSE(FindHeader((*suffix)->headers, "Authorization").has_value());
}

// Secrets go to the first host and below, wherever the chain has been.
TEST(Redirect, ComparesHostsWithTheFirstOfTheChain) {
  const RedirectOrigin origin{"h.test", std::nullopt};
  const HttpRequest below{.url = ParsedUrl("http://sub.h.test/a"),
                          .headers = {{"Authorization", "s"}}};
  const auto back = FollowFrom(origin, below, RedirectTo(302, "http://h.test/"));
  EXPECT_TRUE(FindHeader((*back)->headers, "Authorization").has_value());
  const auto deeper =
      FollowFrom({"sub.h.test", std::nullopt}, below, RedirectTo(302, "http://h.test/"));
  EXPECT_FALSE(FindHeader((*deeper)->headers, "Authorization").has_value());
}

TEST(Redirect, DropsHostWhereTheLocationNamesOne) {
  const HttpRequest request{.url = ParsedUrl("http://h.test/a/b"),
                            .headers = {{"Host", "virtual.test"}}};
  for (const char* location : {"/x", "x", "?q=http://h", "#f", "//", "///x"}) {
    const auto hop = Follow(request, RedirectTo(302, location));
    EXPECT_EQ(FindHeader((*hop)->headers, "Host"), "virtual.test") << location;
  }
  for (const char* location : {"http://h.test/x", "http://other.test/", "//h.test/x"}) {
    const auto hop = Follow(request, RedirectTo(302, location));
    EXPECT_FALSE(FindHeader((*hop)->headers, "Host").has_value()) << location;
  }
}

TEST(Redirect, RefererIsTheLastHopOrWhatTheScriptSet) {
  const HttpRequest first{.url = ParsedUrl("http://h.test/1")};
  const RedirectOrigin origin = OriginOf(first);
  const auto second = FollowFrom(origin, first, RedirectTo(302, "/2"));
  EXPECT_EQ(FindHeader((*second)->headers, "Referer"), "http://h.test/1");
  const auto third = FollowFrom(origin, **second, RedirectTo(302, "/3"));
  EXPECT_THAT((*third)->headers, ElementsAre(Pair("Referer", "http://h.test/2")));
  const HttpRequest own{.url = first.url, .headers = {{"Referer", "mine"}}};
  const auto kept = FollowFrom(OriginOf(own), own, RedirectTo(302, "/2"));
  EXPECT_THAT((*kept)->headers, ElementsAre(Pair("Referer", "mine")));
}

TEST(Redirect, SendsNoRefererFromHttpsToHttp) {
  const auto hop = Follow({.url = ParsedUrl("https://h/")}, RedirectTo(302, "http://h/"));
  EXPECT_TRUE((*hop)->headers.empty());
}

TEST(Redirect, IsNoneWithoutLocationOrWithAnotherStatus) {
  const HttpRequest request{.url = ParsedUrl("http://h/")};
  EXPECT_FALSE(Follow(request, RedirectTo(200, "/x"))->has_value());
  EXPECT_FALSE(Follow(request, RedirectTo(304, "/x"))->has_value());
  EXPECT_FALSE(Follow(request, RedirectTo(302, ""))->has_value());
  EXPECT_EQ(Follow(request, RedirectTo(302, "http://a b/")).status().message(),
            "failed to parse Location header \"http://a b/\": parse \"http://a b/\": invalid "
            "character \" \" in host name");
  EXPECT_EQ(Follow(request, RedirectTo(302, "http://a:secret%zz@b/")).status().message(),
            "failed to parse Location header \"http://****:****@b/\": parse "
            "\"http://****:****@b/\": net/url: invalid userinfo");
}

// As in Go's client: it is the next request that fails, under its own name.
TEST(Redirect, LeadsToUrlsThatNothingCanBeSentTo) {
  struct Case {
    std::string location, shown, message;
    int code;
  };
  const Case cases[] = {
      {"javascript:1", "javascript:1", "unsupported protocol scheme \"javascript\"", 1000},
      {"http:///x", "http:///x", "http: no Host in request URL", 1000},
      {"//:80/x", "https://:80/x", "http: no Host in request URL", 1000},
      {"http://a:secret@b:99999/", "http://****:****@b:99999/",
       "dial tcp: address 99999: invalid port", 1210},
  };
  for (const Case& each : cases) {
    const auto target =
        FindRedirectTarget(ParsedUrl("https://h/#f"), RedirectTo(302, each.location));
    ASSERT_TRUE(target.ok() && target->has_value() && (*target)->hopeless) << each.location;
    EXPECT_EQ((*target)->shown, each.shown);
    EXPECT_EQ((*target)->hopeless->message, each.message);
    EXPECT_EQ((*target)->hopeless->code, each.code);
  }
}

}  // namespace
}  // namespace lockstep::agent
