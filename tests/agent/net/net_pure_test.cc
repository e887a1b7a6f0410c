// The pure helpers of the HTTP API: URLs, redirects, forms, addresses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/http/form.h"
#include "agent/http/redirect.h"
#include "agent/http/url.h"
#include "agent/net/ip.h"
#include "agent/net/response_reader.h"
#include "tests/support/parsed_url.h"

namespace lockstep::agent {
namespace {

using ::lockstep::testing::ParsedUrl;
using ::testing::ElementsAre;
using ::testing::Pair;

TEST(Url, TakesAnAbsoluteUrlApart) {
  const Url url = ParsedUrl("HTTP://us%65r:p%40ss@Example.COM:8080/a/b?x=1&y#frag");
  EXPECT_EQ(url.scheme, "http");
  EXPECT_EQ(url.user, "user");
  EXPECT_EQ(url.password, "p@ss");
  EXPECT_EQ(url.host, "example.com");
  EXPECT_EQ(url.port, 8080);
  EXPECT_EQ(url.path, "/a/b");
  EXPECT_EQ(url.query, "x=1&y");
  EXPECT_EQ(url.fragment, "frag");
  EXPECT_EQ(url.request_url(), "http://example.com:8080/a/b?x=1&y");
  EXPECT_EQ(url.display_url(), "http://****:****@example.com:8080/a/b?x=1&y#frag");
}

TEST(Url, LeavesOutTheDefaultPortAndBracketsIpv6) {
  EXPECT_EQ(ParsedUrl("https://h:443").request_url(), "https://h/");
  EXPECT_EQ(ParsedUrl("http://h:443/").authority(), "h:443");
  EXPECT_EQ(ParsedUrl("http://[::1]:81/").authority(), "[::1]:81");
  EXPECT_EQ(ParsedUrl("http://[::1]/").host, "::1");
}

TEST(Url, EscapesWhatMayNotStandInARequestLine) {
  EXPECT_EQ(ParsedUrl("http://h/a b/ż?q=a b\"").request_url(), "http://h/a%20b/%C5%BC?q=a%20b%22");
  EXPECT_EQ(ParsedUrl("http://h/%7Euser").path, "/%7Euser");
}

TEST(Url, SaysWhatIsWrongInGosWords) {
  const std::pair<const char*, const char*> rows[] = {
      {"http://a b/", "parse \"http://a b/\": invalid character \" \" in host name"},
      {"http://h:x/", "parse \"http://h:x/\": invalid port \":x\" after host"},
      {"http://h:70000/", "parse \"http://h:70000/\": invalid port \":70000\" after host"},
      {"http://h/%zz", "parse \"http://h/%zz\": invalid URL escape \"%zz\""},
      {"://h/", "parse \"://h/\": missing protocol scheme"},
      {"http://[::1/", "parse \"http://[::1/\": missing ']' in host"},
      {"/path", "unsupported protocol scheme \"\""},
      {"http:///path", "no Host in request URL"},
  };
  for (const auto& [text, message] : rows) {
    EXPECT_EQ(ParseUrl(text).status().message(), message) << text;
  }
}

TEST(Url, ResolvesReferencesAsTheExamplesOfRfc3986) {
  const Url base = ParsedUrl("http://a/b/c/d;p?q");
  const std::pair<const char*, const char*> rows[] = {
      // section 5.4.1 and 5.4.2
      {"g", "http://a/b/c/g"},      {"./g", "http://a/b/c/g"},      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},         {"//g", "http://g/"},           {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},  {"", "http://a/b/c/d;p?q"},     {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},      {"..", "http://a/b/"},          {"../g", "http://a/b/g"},
      {"../..", "http://a/"},       {"../../g", "http://a/g"},      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},       {"/../g", "http://a/g"},        {"./g/.", "http://a/b/c/g/"},
      {"g/../h", "http://a/b/c/h"}, {"https://x/y", "https://x/y"},
  };
  for (const auto& [reference, expected] : rows) {
    const absl::StatusOr<Url> resolved = ResolveUrl(base, reference);
    ASSERT_TRUE(resolved.ok()) << reference;
    EXPECT_EQ(resolved->request_url(), expected) << reference;
  }
}

TEST(Form, SortsKeysAndEscapesAsGo) {
  EXPECT_EQ(EncodeForm({{"b c", "x&y"}, {"a", "2"}, {"a", "1"}, {"z", "~-_."}}),
            "a=2&a=1&b+c=x%26y&z=~-_.");
  EXPECT_EQ(EncodeForm({}), "");
  EXPECT_EQ(QueryUnescape("b+c%3D%zz"), "b c=%zz");
}

TEST(Form, WritesMultipartWithEscapedNames) {
  EXPECT_EQ(EncodeMultipart({{.name = "a\"b", .data = "1"},
                             {.name = "f",
                              .data = "xyz",
                              .is_file = true,
                              .filename = "n.txt",
                              .content_type = "text/plain"}},
                            "BB"),
            "--BB\r\nContent-Disposition: form-data; name=\"a\\\"b\"\r\n\r\n1\r\n"
            "--BB\r\nContent-Disposition: form-data; name=\"f\"; "
            "filename=\"n.txt\"\r\nContent-Type: text/plain\r\n\r\n"
            "xyz\r\n--BB--\r\n");
  EXPECT_EQ(EncodeMultipart({}, "BB"), "--BB--\r\n");
}

TEST(Form, BoundariesHaveSixtyHexDigits) {
  Random random(1);
  const std::string boundary = MakeBoundary(random);
  EXPECT_EQ(boundary.size(), 60U);
  EXPECT_EQ(boundary.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(boundary, MakeBoundary(random));
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

TEST(Ip, RangesHoldTheirEdgesOnly) {
  const absl::StatusOr<IpRange> range = ParseCidr("10.1.2.3/30");
  ASSERT_TRUE(range.ok());
  EXPECT_EQ(range->text, "10.1.2.0/30");
  EXPECT_TRUE(range->Contains(*ParseIp("10.1.2.0")));
  EXPECT_TRUE(range->Contains(*ParseIp("10.1.2.3")));
  EXPECT_FALSE(range->Contains(*ParseIp("10.1.2.4")));
  EXPECT_FALSE(range->Contains(*ParseIp("10.1.1.255")));
  EXPECT_TRUE(ParseCidr("::1/128")->Contains(*ParseIp("::1")));
  EXPECT_FALSE(ParseCidr("0.0.0.0/0")->Contains(*ParseIp("::1")));
}

TEST(Ip, RefusesWhatIsNoRange) {
  EXPECT_EQ(ParseCidr("10.0.0.0/33").status().message(),
            "\"10.0.0.0/33\" is not an address range: the prefix length must be 0..32");
  EXPECT_EQ(ParseCidr("x/8").status().message(), "\"x\" is not an IP address");
}

TEST(Ip, PoolCountsThroughItsEntriesAndWrapsAround) {
  const absl::StatusOr<IpPool> pool = IpPool::Parse("10.0.0.9, 10.0.1.0/29,10.2.0.1-10.2.0.2");
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(pool->size(), 9U);  // 1 + (8 less network and broadcast) + 2
  EXPECT_EQ(pool->At(0).ToString(), "10.0.0.9");
  EXPECT_EQ(pool->At(1).ToString(), "10.0.1.1");
  EXPECT_EQ(pool->At(6).ToString(), "10.0.1.6");
  EXPECT_EQ(pool->At(7).ToString(), "10.2.0.1");
  EXPECT_EQ(pool->At(9).ToString(), "10.0.0.9");
  EXPECT_TRUE(IpPool::Parse("")->empty());
  EXPECT_FALSE(IpPool::Parse("10.0.0.2-10.0.0.1").ok());
}

TEST(ResponseReader, KeepsTheLastResponseAndNoTrailers) {
  HttpResponse response;
  ResponseReader reader(response);
  reader.Start(true);
  for (const char* line :
       {"HTTP/1.1 100 Continue\r\n", "X-Early: 1\r\n", "\r\n", "HTTP/1.1 201 Created\r\n",
        "A: 1\r\n", "a:2 \r\n", "Content-Encoding: gzip\r\n", "\r\n"}) {
    reader.AddHeaderLine(line);
  }
  EXPECT_TRUE(reader.AddBody("body"));
  reader.AddHeaderLine("X-Trailer: t\r\n");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.status_text, "201 Created");
  EXPECT_EQ(response.proto, "HTTP/1.1");
  EXPECT_THAT(response.headers,
              ElementsAre(Pair("A", "1"), Pair("a", "2"), Pair("Content-Encoding", "gzip")));
  EXPECT_EQ(response.body, "body");
  EXPECT_EQ(reader.content_encoding(), "gzip");
}

TEST(ResponseReader, GivesHttp2TheStandardPhrase) {
  HttpResponse response;
  ResponseReader reader(response);
  reader.Start(false);
  reader.AddHeaderLine("HTTP/2 404 \r\n");
  EXPECT_EQ(response.proto, "HTTP/2.0");
  EXPECT_EQ(response.status_text, "404 Not Found");
  reader.AddHeaderLine("\r\n");
  EXPECT_TRUE(reader.AddBody("dropped"));
  EXPECT_EQ(response.body, "");
}

}  // namespace
}  // namespace lockstep::agent
