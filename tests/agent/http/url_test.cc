#include "agent/http/url.h"

#include <gtest/gtest.h>

#include "tests/support/parsed_url.h"

namespace lockstep::agent {
namespace {

using ::lockstep::testing::ParsedUrl;

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

TEST(Url, EscapesQueriesAsGo) {
  EXPECT_EQ(QueryEscape("a b&c=~-_./\xc5\xbc"), "a+b%26c%3D~-_.%2F%C5%BC");
  EXPECT_EQ(QueryUnescape("b+c%3D%zz"), "b c=%zz");
}

}  // namespace
}  // namespace lockstep::agent
