#include "agent/http/url.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "agent/http/url_cache.h"
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
  EXPECT_EQ(ParseUrl("http://h/#a b\"<>`\xFF#{%41}")->fragment, "a%20b%22%3C%3E%60%FF#{%41}");
  EXPECT_EQ(ResolveUrl(url, "/ok#\u00fc")->fragment, "%C3%BC");
  EXPECT_EQ(url.request_url(), "http://example.com:8080/a/b?x=1&y");
  EXPECT_EQ(url.display_url(), "http://****:****@Example.COM:8080/a/b?x=1&y#frag");
}

TEST(Url, LeavesOutTheDefaultPortAndBracketsIpv6) {
  EXPECT_EQ(ParsedUrl("https://h:443").request_url(), "https://h/");
  EXPECT_EQ(ParsedUrl("http://h:443/").authority(), "h:443");
  EXPECT_EQ(ParsedUrl("http://[::1]:81/").authority(), "[::1]:81");
  EXPECT_EQ(ParsedUrl("http://[::1]/").host, "::1");
}

// As Go's client says it; dialled and compared is the host in small letters.
TEST(Url, AHostHeaderIsWhatTheTextHas) {
  for (const auto& [text, header] :
       {std::pair("http://ExAmple.test/", "ExAmple.test"),
        std::pair("http://h.test:80/", "h.test:80"), std::pair("https://H:443", "H:443"),
        std::pair("http://h:/", "h"), std::pair("http://h:81", "h:81"),
        std::pair("http://h:0081", "h:0081"), std::pair("http://[FE80::1]:80/", "[FE80::1]:80"),
        std::pair("http://[::1]/", "[::1]"), std::pair("http://u:p@A.b:81/", "A.b:81"),
        std::pair("http://BÜCHER.test:80/", "xn--bcher-kva.test:80")}) {
    EXPECT_EQ(ParsedUrl(text).host_header(), header) << text;
  }
  const Url url = ParsedUrl("http://u:p@ExAmple.test:80/a?b#c");
  EXPECT_EQ(url.host, "example.test");
  EXPECT_EQ(url.authority(), "example.test");
  EXPECT_EQ(url.request_url(), "http://example.test/a?b");
  EXPECT_EQ(url.display_url(), "http://****:****@ExAmple.test:80/a?b#c");
  EXPECT_EQ(ResolveUrl(url, "/x")->host_header(), "ExAmple.test:80");
  EXPECT_EQ(ResolveUrl(url, "//other.test/x")->host_header(), "other.test");
}

// As Go dials and sends them.
TEST(Url, WritesNamesInOtherScriptsInAscii) {
  EXPECT_EQ(ParsedUrl("http://Bücher.test/").host, "xn--bcher-kva.test");
  EXPECT_EQ(ParsedUrl("http://BÜCHER.test:81/").authority(), "xn--bcher-kva.test:81");
  EXPECT_EQ(ParsedUrl("http://m%C3%BCnchen.test/").host, "xn--mnchen-3ya.test");
  EXPECT_EQ(ParsedUrl("http://a_b--c.test/").host, "a_b--c.test");
  EXPECT_EQ(ParseUrl("http://a\xE2\x80\xA8"
                     "b.test/")
                .status()
                .code(),
            absl::StatusCode::kFailedPrecondition);  // U+2028 is in no name
}

TEST(Url, EscapesWhatMayNotStandInARequestLine) {
  EXPECT_EQ(ParsedUrl("http://h/a b/ż?q=a b\"").request_url(), "http://h/a%20b/%C5%BC?q=a%20b%22");
  EXPECT_EQ(ParsedUrl("http://h/%7Euser").path, "/%7Euser");
}

TEST(Url, SaysWhatIsWrongInGosWords) {
  const std::pair<const char*, const char*> rows[] = {
      {"http://a b/", "parse \"http://a b/\": invalid character \" \" in host name"},
      {"http://h/a\r\nb", "parse \"http://h/a\\r\\nb\": net/url: invalid control character in URL"},
      {"http://a\"/", "parse \"http://a\\\"/\": invalid character \"\\\"\" in host name"},
      {"http://a\\/", "parse \"http://a\\\\/\": invalid character \"\\\\\" in host name"},
      {"http://h:x/", "parse \"http://h:x/\": invalid port \":x\" after host"},
      {"http://h:70000/", "dial tcp: address 70000: invalid port"},
      {"http://h/%zz", "parse \"http://h/%zz\": invalid URL escape \"%zz\""},
      {"http://h:-1/", "parse \"http://h:-1/\": invalid port \":-1\" after host"},
      {"http://[::1]x/", "parse \"http://[::1]x/\": invalid port \"x\" after host"},
      {"http://%zz/", "parse \"http://%zz/\": invalid URL escape \"%zz\""},
      {"http://[fe80::1%et]/", "parse \"http://[fe80::1%et]/\": invalid URL escape \"%et\""},
      {"http://a%20b/", "parse \"http://a%20b/\": invalid URL escape \"%20\""},
      {"http://%5B::1/", "parse \"http://%5B::1/\": invalid URL escape \"%5B\""},
      {"http://%5B%3A%3A1%5D/", "parse \"http://%5B%3A%3A1%5D/\": invalid URL escape \"%5B\""},
      {"http://a%25%2e/", "parse \"http://a%25%2e/\": invalid URL escape \"%2e\""},
      {"http://[%3A%3A1]/", "parse \"http://[%3A%3A1]/\": invalid URL escape \"%3A\""},
      {"http://[::1%25%0d%0aX-In:y]:1/",
       "parse \"http://[::1%25%0d%0aX-In:y]:1/\": invalid URL escape \"%0d\""},
      {"http://[h.test]/",
       "parse \"http://[h.test]/\": invalid host: \"h.test\" is not an IPv6 address"},
      {"http://[127.0.0.1]/",
       "parse \"http://[127.0.0.1]/\": invalid host: \"127.0.0.1\" is not an IPv6 address"},
      {"http://[]/", "parse \"http://[]/\": invalid host: \"\" is not an IPv6 address"},
      {"http://::1/", "parse \"http://::1/\": invalid port \"::1\" after host"},
      {"http://h:80:81/", "parse \"http://h:80:81/\": invalid port \":80:81\" after host"},
      {"http://a b@h/", "parse \"http://****:****@h/\": net/url: invalid userinfo"},
      {"://h/", "parse \"://h/\": missing protocol scheme"},
      {"http://[::1/", "parse \"http://[::1/\": missing ']' in host"},
      {"/path", "unsupported protocol scheme \"\""},
      {"undefined/api", "unsupported protocol scheme \"\""},
      {"mailto:a@b", "unsupported protocol scheme \"mailto\""},
      {"1.2.3.4:80/x", "parse \"1.2.3.4:80/x\": first path segment in URL cannot contain colon"},
      {"http:///path", "http: no Host in request URL"},
      {"file:///path", "unsupported protocol scheme \"file\""},
  };
  for (const auto& [text, message] : rows) {
    EXPECT_EQ(ParseUrl(text).status().message(), message) << text;
  }
}

TEST(Url, AReferenceThatGoCannotReadLeadsNowhere) {
  const Url base = ParsedUrl("http://a/b");
  const std::pair<const char*, const char*> rows[] = {
      {"127.0.0.1:80/x",
       "parse \"127.0.0.1:80/x\": first path segment in URL cannot contain colon"},
      {":80/x", "parse \":80/x\": missing protocol scheme"},
      {"/x%zz", "parse \"/x%zz\": invalid URL escape \"%zz\""},
      {"/x\t", "parse \"/x\\t\": net/url: invalid control character in URL"},
      {"//x%20y/", "parse \"http://x%20y/\": invalid URL escape \"%20\""},
  };
  for (const auto& [reference, message] : rows) {
    EXPECT_EQ(ResolveUrl(base, reference).status().message(), message) << reference;
  }
  EXPECT_EQ(ResolveUrl(base, "./x:y")->path, "/x:y");
  EXPECT_EQ(ResolveUrl(base, "/x:y")->path, "/x:y");
}

TEST(Url, AReferenceKeepsTheZoneOfAnAddress) {
  const Url url = *ResolveUrl(ParsedUrl("http://[fe80::1%25eth0]:81/a"), "b?c#d");
  EXPECT_EQ(url.host, "fe80::1%eth0");
  EXPECT_EQ(url.port, 81);
  EXPECT_EQ(url.target(), "/b?c");
}

// Section 5.4 but for "g:h", which names no host.
TEST(Url, ResolvesReferencesAsTheExamplesOfRfc3986) {
  const Url base = ParsedUrl("http://a/b/c/d;p?q");
  const std::pair<const char*, const char*> rows[] = {
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"g;x?y#s", "http://a/b/c/g;x?y#s"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../", "http://a/"},
      {"../../g", "http://a/g"},
      // abnormal ones
      {"../../../g", "http://a/g"},
      {"../../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"g#s/./x", "http://a/b/c/g#s/./x"},
      {"g#s/../x", "http://a/b/c/g#s/../x"},
      // section 5.2.2: absolute ones lose their dots, too
      {"https://x/y/../z", "https://x/z"},
      {"//x/y/./z", "http://x/y/z"},
  };
  for (const auto& [reference, expected] : rows) {
    const absl::StatusOr<Url> resolved = ResolveUrl(base, reference);
    ASSERT_TRUE(resolved.ok()) << reference;
    EXPECT_EQ(resolved->display_url(), expected) << reference;
  }
}

TEST(Url, LeavesTheDotsOfWhatIsNotResolved) {
  EXPECT_EQ(ParsedUrl("http://h/a/../b/.").request_url(), "http://h/a/../b/.");
}

TEST(Url, TakesCredentialsUpToTheLastAt) {
  const Url url = ParsedUrl("http://a@b:c:d@h/@x");
  EXPECT_EQ(url.user, "a@b");
  EXPECT_EQ(url.password, "c:d");
  EXPECT_EQ(url.host, "h");
  EXPECT_EQ(url.login(), "a%40b:c%3Ad@");
  EXPECT_EQ(ParsedUrl("http://h/u:p@x").login(), "");
}

TEST(Url, MaskedTextsAreOtherwiseAsWritten) {
  for (const auto& [text, masked] :
       {std::pair("http://u:p@h", "http://****:****@h"),
        std::pair("https://u@h:99999/a?b=c@d", "https://****:****@h:99999/a?b=c@d"),
        std::pair("//u:p@x@h/", "//****:****@h/"), std::pair("http://h/a@b", "http://h/a@b"),
        std::pair("http://u:p/w@h/x", "http://****:****@h/x"),
        std::pair("http://u:p?w#@h/", "http://****:****@h/"),
        std::pair("http://h:80/a@b", "http://h:80/a@b"),
        std::pair("http://u:123456/secret@h/", "http://****:****@h/"),
        std::pair("http://${}:${}/users/@me", "http://${}:${}/users/@me"),
        std::pair("http://h:undefined/a?b=c@d", "http://h:undefined/a?b=c@d"),
        std::pair("http://h:undefined/@me", "http://h:undefined/@me"),
        std::pair("http://h:x/a?b=c@d", "http://h:x/a?b=c@d"),
        std::pair("http://[::1]/a@b", "http://[::1]/a@b"),
        std::pair("http://h?a=//b@c", "http://h?a=//b@c"), std::pair("a@b", "a@b"),
        std::pair("/x?u=http://a@b/", "/x?u=http://a@b/"), std::pair("", "")}) {
    EXPECT_EQ(MaskCredentials(text), masked) << text;
  }
  EXPECT_EQ(ParseUrl("http://u:secret@[::").status().message(),
            "parse \"http://****:****@[::\": missing ']' in host");
  for (const char* text : {"http://u:secret%zz@h/", "http://u:secret/@h/", "http://u:sec ret@h/"}) {
    EXPECT_EQ(ParseUrl(text).status().message(),
              "parse \"http://****:****@h/\": net/url: invalid userinfo");
  }
}

TEST(Url, NothingOfAPasswordIsToldOfWhatCannotBeRead) {
  EXPECT_EQ(ParseUrl("http://u:123/secret%zz@h/").status().message(),
            "parse \"http://****:****@h/\": invalid URL escape \"%zz\"");
  EXPECT_EQ(ParseUrl("http://h:undefined/@me").status().message(),
            "parse \"http://h:undefined/@me\": invalid port \":undefined\" after host");
  EXPECT_EQ(ParseUrl("http://u:123456/secret@h/").status().message(),
            "dial tcp: address : invalid port");
}

TEST(Url, AReferenceWithAnEmptyAuthorityStaysOnItsHost) {
  const Url base = ParsedUrl("http://u:p@h:81/a/b?q#f");
  for (const auto& [reference, resolved] :
       {std::pair("//", "http://h:81/a/b?q"), std::pair("//?x", "http://h:81/a/b?x"),
        std::pair("//#y", "http://h:81/a/b?q"), std::pair("///c/../d", "http://h:81///d")}) {
    EXPECT_EQ(ResolveUrl(base, reference)->request_url(), resolved) << reference;
  }
  EXPECT_EQ(ResolveUrl(base, "//other/x")->request_url(), "http://other/x");
}

TEST(Url, ReferencesKeepTheCredentialsOfTheirHostOnly) {
  const Url base = ParsedUrl("http://u:p@h/");
  EXPECT_EQ(ResolveUrl(base, "/x")->user, "u");
  EXPECT_FALSE(ResolveUrl(base, "http://h/x")->has_credentials);
}

TEST(Url, ReadsPorts) {
  EXPECT_EQ(ParsedUrl("http://h:/").port, 80);
  EXPECT_EQ(ParsedUrl("https://h:0443/").authority(), "h");
  EXPECT_EQ(ParsedUrl("http://h:65535/").port, 65535);
  EXPECT_EQ(ParsedUrl("ftp://h/").port, 0);
}

TEST(Url, ReadsIpv6WithZones) {
  EXPECT_EQ(ParsedUrl("http://[FE80::1%25eth0]:81/").host, "fe80::1%eth0");
  EXPECT_EQ(ParsedUrl("http://[::ffff:192.0.2.1]/").authority(), "[::ffff:192.0.2.1]");
}

TEST(Url, DecodesHostsAndLeavesPathsEncoded) {
  const Url url = ParsedUrl("http://%C5%BC.test/%2F%c5%bc?%zz");
  EXPECT_EQ(url.host, "xn--hha.test");
  EXPECT_EQ(url.target(), "/%2F%c5%bc?%zz");
}

TEST(Url, EscapesQueriesAsGo) {
  EXPECT_EQ(QueryEscape("a b&c=~-_./\xc5\xbc"), "a+b%26c%3D~-_.%2F%C5%BC");
}

// Whatever was asked for before, and whether or not it stands in the same place.
TEST(UrlCache, AnswersAsIfItHadNoMemory) {
  UrlCache cache;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 40; ++i) {
      const std::string text = absl::StrCat("http://host", i, ".test/", i);
      ASSERT_TRUE(cache.Parse(text).ok());
      EXPECT_EQ(cache.Parse(text)->host, absl::StrCat("host", i, ".test"));
      EXPECT_EQ(cache.Parse(text)->path, absl::StrCat("/", i));
    }
    EXPECT_EQ(cache.Parse("http://a b/").status(), ParseUrl("http://a b/").status());
  }
}

}  // namespace
}  // namespace lockstep::agent
