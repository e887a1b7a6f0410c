#include "agent/http/digest_auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

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
  EXPECT_THAT(
      DigestAuthorization(*challenge, credentials, "GET", "/dir/index.html", cnonce, 1),
      ::testing::HasSubstr(
          R"(response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")"));
  challenge = FindDigestChallenge({headers[1]});
  EXPECT_EQ(DigestAuthorization(*challenge, credentials, "GET", "/dir/index.html", cnonce, 1),
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
            "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", "
            "response=\"8ca523f5e9506fed4657c9700eebdbec\", algorithm=MD5, "
            "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", qop=auth, nc=00000001, "
            "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\"");
}

TEST(DigestAuth, ANameWithALineBreakBeginsNoOtherHeader) {
  const auto challenge =
      FindDigestChallenge({{"WWW-Authenticate", R"(Digest realm="d", nonce="n")"}});
  ASSERT_TRUE(challenge.has_value());
  EXPECT_THAT(DigestAuthorization(*challenge, {"a\r\nX-Evil: 1", "p"}, "GET", "/", "c", 1),
              ::testing::StartsWith(R"(Digest username="aX-Evil: 1", realm="d")"));
}

TEST(DigestAuth, FindsItsChallengeAmongSeveralOfOneLine) {
  for (const char* line :
       {R"(Basic realm="a, Digest b", Digest realm="d", nonce="n", qop="auth")",
        R"(Negotiate, Digest realm="d",nonce="n" , qop="auth", Basic realm="a")",
        R"(Digest realm="x", nonce="y", algorithm=ROT13, Digest realm=d, nonce=n, qop=auth)",
        R"(NTLM TlRMTVNTUAAC==, digest realm = "d", nonce="n", qop="auth,auth-int")"}) {
    SCOPED_TRACE(line);
    const auto challenge = FindDigestChallenge({{"WWW-Authenticate", line}});
    ASSERT_TRUE(challenge.has_value());
    EXPECT_EQ(challenge->realm, "d");
    EXPECT_EQ(challenge->nonce, "n");
    EXPECT_EQ(challenge->algorithm, "MD5");
    EXPECT_TRUE(challenge->qop_auth);
  }
}

TEST(DigestAuth, SkipsChallengesThatItCannotAnswer) {
  EXPECT_FALSE(FindDigestChallenge({{"WWW-Authenticate", R"(Basic realm="x")"}}).has_value());
  EXPECT_FALSE(
      FindDigestChallenge({{"WWW-Authenticate", R"(Digest realm="x", nonce="n", algorithm=ROT13)"}})
          .has_value());
  EXPECT_FALSE(
      FindDigestChallenge({{"WWW-Authenticate", R"(Digest realm="x", nonce="n", qop="auth-int")"}})
          .has_value());
  const auto old =
      FindDigestChallenge({{"www-authenticate", R"(Digest realm="a \"q\" b", nonce="n")"}});
  ASSERT_TRUE(old.has_value());
  EXPECT_EQ(old->realm, R"(a "q" b)");
  EXPECT_FALSE(old->qop_auth);
}

}  // namespace
}  // namespace lockstep::agent
