// The pure helpers of the HTTP API that carry state or secrets: cookies, digest answers, content
// codings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/http/compress.h"
#include "agent/http/cookie_jar.h"
#include "agent/http/digest_auth.h"

namespace lockstep::agent {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

Url At(absl::string_view text) {
  return *ParseUrl(text);
}

void Store(CookieJar& jar, absl::string_view url, const std::string& line) {
  jar.SetAll(At(url), {{"set-cookie", line}}, kNow);
}

TEST(CookieJar, ReadsAllAttributes) {
  const std::optional<Cookie> cookie = ParseSetCookie(
      "sid=\"a b\"; Path=/x; Domain=.Example.com; Max-Age=60; Secure; HttpOnly; Expires=Tue, 14 "
      "Nov 2023 22:13:20 GMT");
  ASSERT_TRUE(cookie.has_value());
  EXPECT_EQ(cookie->name, "sid");
  EXPECT_EQ(cookie->value, "a b");
  EXPECT_EQ(cookie->path, "/x");
  EXPECT_EQ(cookie->domain, "example.com");
  EXPECT_EQ(cookie->max_age, 60);
  EXPECT_TRUE(cookie->secure);
  EXPECT_TRUE(cookie->http_only);
  EXPECT_EQ(cookie->expires, kNow);
  EXPECT_EQ(ParseSetCookie("a=1; Max-Age=0")->max_age, -1);
  EXPECT_FALSE(ParseSetCookie("no cookie").has_value());
  EXPECT_FALSE(ParseSetCookie("=v").has_value());
}

TEST(CookieJar, SendsToTheHostThatSetAndBelowItsDomain) {
  CookieJar jar;
  Store(jar, "http://www.example.com/", "own=1");
  Store(jar, "http://www.example.com/", "all=2; Domain=example.com");
  EXPECT_EQ(jar.HeaderFor(At("http://www.example.com/"), kNow), "own=1; all=2");
  EXPECT_EQ(jar.HeaderFor(At("http://sub.www.example.com/"), kNow), "all=2");
  EXPECT_EQ(jar.HeaderFor(At("http://example.com/"), kNow), "all=2");
  EXPECT_EQ(jar.HeaderFor(At("http://badexample.com/"), kNow), "");
}

TEST(CookieJar, IgnoresCookiesForForeignDomains) {
  CookieJar jar;
  Store(jar, "http://a.test/", "x=1; Domain=b.test");
  Store(jar, "http://10.0.0.1/", "y=1; Domain=0.0.1");
  EXPECT_EQ(jar.size(), 0U);
}

TEST(CookieJar, MatchesPathsByWholeSegments) {
  CookieJar jar;
  Store(jar, "http://h/dir/page", "d=1");  // the default path is /dir
  Store(jar, "http://h/dir/page", "r=2; Path=/");
  EXPECT_EQ(jar.HeaderFor(At("http://h/dir/other"), kNow), "d=1; r=2");
  EXPECT_EQ(jar.HeaderFor(At("http://h/dir"), kNow), "d=1; r=2");
  EXPECT_EQ(jar.HeaderFor(At("http://h/directory"), kNow), "r=2");
}

TEST(CookieJar, KeepsSecureCookiesOffPlainConnections) {
  CookieJar jar;
  Store(jar, "https://h/", "s=1; Secure");
  EXPECT_EQ(jar.HeaderFor(At("http://h/"), kNow), "");
  EXPECT_EQ(jar.HeaderFor(At("https://h/"), kNow), "s=1");
}

TEST(CookieJar, ForgetsWhatExpires) {
  CookieJar jar;
  Store(jar, "http://h/", "m=1; Max-Age=10");
  Store(jar, "http://h/", "e=2; Expires=Tue, 14 Nov 2023 22:13:25 GMT");  // kNow + 5 s
  Store(jar, "http://h/", "p=3; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(jar.HeaderFor(At("http://h/"), kNow), "m=1; e=2");
  EXPECT_EQ(jar.HeaderFor(At("http://h/"), kNow + absl::Seconds(5)), "m=1");
  EXPECT_EQ(jar.HeaderFor(At("http://h/"), kNow + absl::Seconds(10)), "");
  EXPECT_EQ(jar.size(), 0U);
}

TEST(CookieJar, ReplacesRemovesAndClears) {
  CookieJar jar;
  Store(jar, "http://h/", "a=1");
  Store(jar, "http://h/", "b=1");
  Store(jar, "http://h/", "a=2");
  EXPECT_EQ(jar.HeaderFor(At("http://h/"), kNow), "a=2; b=1");
  Store(jar, "http://h/", "a=; Max-Age=0");
  EXPECT_EQ(jar.HeaderFor(At("http://h/"), kNow), "b=1");
  Store(jar, "http://other/", "c=1");
  jar.Delete(At("http://h/"), "b", kNow);
  EXPECT_EQ(jar.size(), 1U);
  jar.Clear(At("http://other/"), kNow);
  EXPECT_EQ(jar.size(), 0U);
}

// RFC 7616, section 3.9.1: the worked examples.
TEST(DigestAuth, AnswersTheExamplesOfTheRfc) {
  const HeaderList headers = {
      {"WWW-Authenticate",
       "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, "
       "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
       "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""},
      {"WWW-Authenticate",
       "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, "
       "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
       "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""}};
  const DigestCredentials credentials{"Mufasa", "Circle of Life"};
  const char* const cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
  std::optional<DigestChallenge> challenge = FindDigestChallenge(headers);
  ASSERT_TRUE(challenge.has_value());
  EXPECT_EQ(challenge->algorithm, "SHA-256");
  EXPECT_THAT(DigestAuthorization(*challenge, credentials, "GET", "/dir/index.html", cnonce, 1),
              ::testing::HasSubstr(
                  "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""));
  challenge = FindDigestChallenge({headers[1]});
  EXPECT_EQ(DigestAuthorization(*challenge, credentials, "GET", "/dir/index.html", cnonce, 1),
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
            "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", "
            "response=\"8ca523f5e9506fed4657c9700eebdbec\", algorithm=MD5, "
            "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", qop=auth, nc=00000001, "
            "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\"");
}

TEST(DigestAuth, SkipsChallengesThatItCannotAnswer) {
  EXPECT_FALSE(FindDigestChallenge({{"WWW-Authenticate", "Basic realm=\"x\""}}).has_value());
  EXPECT_FALSE(FindDigestChallenge(
                   {{"WWW-Authenticate", "Digest realm=\"x\", nonce=\"n\", algorithm=ROT13"}})
                   .has_value());
  EXPECT_FALSE(FindDigestChallenge(
                   {{"WWW-Authenticate", "Digest realm=\"x\", nonce=\"n\", qop=\"auth-int\""}})
                   .has_value());
  const auto old =
      FindDigestChallenge({{"www-authenticate", "Digest realm=\"a \\\"q\\\" b\", nonce=\"n\""}});
  ASSERT_TRUE(old.has_value());
  EXPECT_EQ(old->realm, "a \"q\" b");
  EXPECT_FALSE(old->qop_auth);
}

TEST(Compress, EveryCodingComesBack) {
  const std::string text = std::string(100'000, 'a') + "the end";
  for (const Coding coding : {Coding::kGzip, Coding::kDeflate, Coding::kBrotli, Coding::kZstd}) {
    SCOPED_TRACE(CodingName(coding));
    const std::string packed = Compress(coding, text);
    EXPECT_LT(packed.size(), 5'000U);
    EXPECT_EQ(Decompress(coding, packed, 1 << 20).value_or("failed"), text);
    EXPECT_EQ(Decompress(coding, Compress(coding, ""), 1 << 20).value_or("failed"), "");
    EXPECT_EQ(Decompress(coding, packed, 50'000).status().code(),
              absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(Decompress(coding, absl::string_view(packed).substr(0, packed.size() / 2), 1 << 20)
                  .status()
                  .code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Decompress(coding, "this is not what it says", 1 << 20).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(Compress, CodingsAreUndoneInReverse) {
  std::string twice = Compress(Coding::kBrotli, Compress(Coding::kGzip, "x"));
  EXPECT_EQ(DecodeContent("gzip, br", twice, 100).value_or("failed"), "x");
  EXPECT_FALSE(DecodeContent("br, gzip", twice, 100).ok());
  EXPECT_EQ(DecodeContent("x-unknown", "opaque", 100).value_or("failed"), "opaque");
  EXPECT_EQ(DecodeContent("identity", "same", 100).value_or("failed"), "same");
}

TEST(Compress, DeflateWithoutItsHeaderIsTakenToo) {
  std::string raw = Compress(Coding::kDeflate, "raw text");
  raw = raw.substr(2, raw.size() - 6);  // zlib's header and checksum
  EXPECT_EQ(Decompress(Coding::kDeflate, raw, 100).value_or("failed"), "raw text");
}

TEST(Compress, ListsNameWhatIsUnknown) {
  EXPECT_EQ(ParseCodings("gzip, br")->size(), 2U);
  EXPECT_EQ(ParseCodings("gzip,lzma").status().message(),
            "unknown compression algorithm \"lzma\", want gzip, deflate, br or zstd");
}

}  // namespace
}  // namespace lockstep::agent
