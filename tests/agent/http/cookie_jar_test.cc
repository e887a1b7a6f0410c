#include "agent/http/cookie_jar.h"

#include <gtest/gtest.h>

#include "tests/support/parsed_url.h"

namespace lockstep::agent {
namespace {

using ::lockstep::testing::ParsedUrl;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

void Store(CookieJar& jar, absl::string_view url, const std::string& line) {
  jar.SetAll(ParsedUrl(url), {{"set-cookie", line}}, kNow);
}

TEST(CookieJar, ReadsAllAttributes) {
  const std::optional<Cookie> cookie = ParseSetCookie(
      "sid=\"a b\"; Path=/x; Domain=.Example.com; Max-Age=60; Secure; HttpOnly; Expires=Tue, 14 "
      "Nov 2023 22:13:20 GMT");
  ASSERT_TRUE(cookie.has_value());
  EXPECT_EQ(cookie->name, "sid");
  EXPECT_EQ(cookie->value, "a b");
  EXPECT_EQ(cookie->path, "/x");
  EXPECT_EQ(cookie->domain, ".Example.com");
  EXPECT_EQ(cookie->max_age, 60);
  EXPECT_TRUE(cookie->secure);
  EXPECT_TRUE(cookie->http_only);
  EXPECT_EQ(cookie->expires, kNow);
  EXPECT_EQ(ParseSetCookie("a=1; Max-Age=0")->max_age, -1);
  EXPECT_FALSE(ParseSetCookie("no cookie").has_value());
  EXPECT_FALSE(ParseSetCookie("=v").has_value());
}

TEST(CookieJar, ReadsTheDatesThatServersWrite) {
  for (const char* text : {"Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:20 UTC",
                           "Tue, 14-Nov-2023 22:13:20 GMT", "Tuesday, 14-Nov-23 22:13:20 GMT",
                           "Tue Nov 14 22:13:20 2023"}) {
    EXPECT_EQ(ParseCookieDate(text), kNow) << text;
  }
  for (const char* text : {"", "tomorrow", "2023-11-14T22:13:20Z", "0"}) {
    EXPECT_FALSE(ParseCookieDate(text).has_value()) << text;
  }
}

TEST(CookieJar, RefusesWhatIsNoCookie) {
  for (const char* line : {"a b=1", "a=\xc3\xbc", "a=x\"y", "a=x\\y", "=1", "a"}) {
    EXPECT_FALSE(ParseSetCookie(line).has_value()) << line;
  }
  EXPECT_EQ(ParseSetCookie("a=\"q\"")->value, "q");
  EXPECT_EQ(ParseSetCookie("a=b=c, d")->value, "b=c, d");
}

TEST(CookieJar, WritesOnlyWhatACookieMayHold) {
  const auto written = [](absl::string_view name, absl::string_view value) {
    std::string header;
    AppendCookie(name, value, &header);
    return header;
  };
  EXPECT_EQ(written("a", "b"), "a=b");
  EXPECT_EQ(written("a", "b c"), "a=\"b c\"");
  EXPECT_EQ(written("a", "b,c"), "a=\"b,c\"");
  EXPECT_EQ(written("a", "b;c\"d\\e\nf\xc3\xbc"), "a=bcdef");
  EXPECT_EQ(written("a\r\nb", "c"), "a--b=c");
}

TEST(CookieJar, SecureOnesGoOverTlsAndToThisMachine) {
  for (const auto& [url, sent] :
       {std::pair("https://a.test/", true), std::pair("http://a.test/", false),
        std::pair("http://localhost/", true), std::pair("http://a.localhost/", true),
        std::pair("http://127.0.0.9/", true), std::pair("http://[::1]/", true),
        std::pair("http://127.a.test/", false), std::pair("http://nolocalhost/", false)}) {
    CookieJar jar;
    Store(jar, url, "s=1; Secure");
    EXPECT_EQ(jar.HeaderFor(ParsedUrl(url), kNow), sent ? "s=1" : "") << url;
  }
}

TEST(CookieJar, SendsToTheHostThatSetAndBelowItsDomain) {
  CookieJar jar;
  Store(jar, "http://www.example.com/", "own=1");
  Store(jar, "http://www.example.com/", "all=2; Domain=example.com");
  EXPECT_EQ(jar.HeaderFor(ParsedUrl("http://www.example.com/"), kNow), "own=1; all=2");
  EXPECT_EQ(jar.HeaderFor(ParsedUrl("http://sub.www.example.com/"), kNow), "all=2");
  EXPECT_EQ(jar.HeaderFor(ParsedUrl("http://example.com/"), kNow), "all=2");
  EXPECT_EQ(jar.HeaderFor(ParsedUrl("http://badexample.com/"), kNow), "");
}

TEST(CookieJar, IgnoresCookiesForForeignDomains) {
  CookieJar jar;
  Store(jar, "http://a.test/", "x=1; Domain=b.test");
  Store(jar, "http://10.0.0.1/", "y=1; Domain=0.0.1");
  Store(jar, "http://10.0.0.1/", "y=1; Domain=.10.0.0.1");
  Store(jar, "http://a.test/", "z=1; Domain=.");
  Store(jar, "http://a.test/", "z=1; Domain=..a.test");
  EXPECT_EQ(jar.size(), 0U);
}

TEST(CookieJar, KeepsSoManyOfADomainAndTheOldestGo) {
  CookieJar jar;
  Store(jar, "http://other/", "kept=1");
  Store(jar, "http://h/", "first=1");
  Store(jar, "http://h/", "short=1; Max-Age=1");
  for (int i = 0; i < 178; ++i) {
    Store(jar, "http://h/", "n" + std::to_string(i) + "=1");
  }
  Store(jar, "http://h/", "first=2");  // one that is known takes no room
  EXPECT_EQ(jar.size(), 181u);
  EXPECT_EQ(jar.For(ParsedUrl("http://h/"), kNow)[0].name, "first");
  Store(jar, "http://h/", "one-more=1");
  EXPECT_EQ(jar.size(), 181u);
  EXPECT_EQ(jar.For(ParsedUrl("http://h/"), kNow)[0].name, "short");
  for (int i = 0; i < 5000; ++i) {
    Store(jar, "http://h" + std::to_string(i) + "/", "a=1");
  }
  EXPECT_EQ(jar.size(), 3000u);
}

TEST(CookieJar, MatchesPathsByWholeSegments) {
  CookieJar jar;
  Store(jar, "http://h/dir/page", "d=1");  // the default path is /dir
  Store(jar, "http://h/dir/page", "r=2; Path=/");
  EXPECT_EQ(jar.HeaderFor(ParsedUrl("http://h/dir/other"), kNow), "d=1; r=2");
  EXPECT_EQ(jar.HeaderFor(ParsedUrl("http://h/dir"), kNow), "d=1; r=2");
  EXPECT_EQ(jar.HeaderFor(ParsedUrl("http://h/directory"), kNow), "r=2");
}

TEST(CookieJar, KeepsSecureCookiesOffPlainConnections) {
  CookieJar jar;
  Store(jar, "https://h/", "s=1; Secure");
  EXPECT_EQ(jar.HeaderFor(ParsedUrl("http://h/"), kNow), "");
  EXPECT_EQ(jar.HeaderFor(ParsedUrl("https://h/"), kNow), "s=1");
}

TEST(CookieJar, ForgetsWhatExpires) {
  CookieJar jar;
  Store(jar, "http://h/", "m=1; Max-Age=10");
  Store(jar, "http://h/", "e=2; Expires=Tue, 14 Nov 2023 22:13:25 GMT");  // kNow + 5 s
  Store(jar, "http://h/", "p=3; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(jar.HeaderFor(ParsedUrl("http://h/"), kNow), "m=1; e=2");
  EXPECT_EQ(jar.HeaderFor(ParsedUrl("http://h/"), kNow + absl::Seconds(5)), "m=1");
  EXPECT_EQ(jar.HeaderFor(ParsedUrl("http://h/"), kNow + absl::Seconds(10)), "");
  EXPECT_EQ(jar.size(), 0U);
}

TEST(CookieJar, ReplacesRemovesAndClears) {
  CookieJar jar;
  Store(jar, "http://h/", "a=1");
  Store(jar, "http://h/", "b=1");
  Store(jar, "http://h/", "a=2");
  EXPECT_EQ(jar.HeaderFor(ParsedUrl("http://h/"), kNow), "a=2; b=1");
  Store(jar, "http://h/", "a=; Max-Age=0");
  EXPECT_EQ(jar.HeaderFor(ParsedUrl("http://h/"), kNow), "b=1");
  Store(jar, "http://other/", "c=1");
  jar.Delete(ParsedUrl("http://h/"), "b", kNow);
  EXPECT_EQ(jar.size(), 1U);
  jar.Clear(ParsedUrl("http://other/"), kNow);
  EXPECT_EQ(jar.size(), 0U);
}

}  // namespace
}  // namespace lockstep::agent
