// The rules that NetOptions turn into: patterns, proxies, client certificates, names of TLS.
#include "agent/net/rules.h"

#include <cstdlib>

#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"

namespace lockstep::agent {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Rules, TheLongestPatternWinsAndExactNamesFirst) {
  HostPatterns<int> patterns;
  patterns.Add("*.test", 1);
  patterns.Add("*.sub.test", 2);
  patterns.Add("x.sub.test", 3);
  EXPECT_EQ(*patterns.Find("a.test"), 1);
  EXPECT_EQ(*patterns.Find("a.sub.test"), 2);
  EXPECT_EQ(*patterns.Find("x.sub.test"), 3);
  EXPECT_EQ(patterns.Find("test"), nullptr);
}

TEST(Rules, GosSettingMayForbidHttp2) {
  for (const auto& [settings, http2] : {std::pair{"http2client=0", false},
                                        {"x509sha1=1,http2client=0,a", false},
                                        {"http2client=0,http2client=1", true},
                                        {"http2client", true},
                                        {"http2server=0", true},
                                        {"", true}}) {
    SCOPED_TRACE(settings);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there is no other thread
    ASSERT_EQ(setenv("GODEBUG", settings, /*overwrite=*/1), 0);
    EXPECT_EQ(NetOptionsFrom(RunOptions()).http2, http2);
  }
  unsetenv("GODEBUG");  // NOLINT(concurrency-mt-unsafe): likewise
  EXPECT_TRUE(NetOptionsFrom(RunOptions()).http2);
}

TEST(Rules, ProxiesFollowGosRules) {
  const ProxySettings proxy{"http://p:1", "http://s:2",
                            "skip.test,.below.test,10.0.0.0/8,port.test:81"};
  const auto network = Network::Make({.proxy = proxy});
  ASSERT_TRUE(network.ok());
  const auto proxy_for = [&](bool https, const char* host, int port = 80) {
    return (*network)->rules().ProxyFor(proxy, https, host, port);
  };
  EXPECT_EQ(proxy_for(false, "a.test"), "http://p:1");
  EXPECT_EQ(proxy_for(true, "a.test"), "http://s:2");
  EXPECT_EQ(proxy_for(false, "localhost"), "");
  EXPECT_EQ(proxy_for(false, "127.0.0.9"), "");
  EXPECT_EQ(proxy_for(false, "skip.test"), "");
  EXPECT_EQ(proxy_for(false, "under.skip.test"), "");
  EXPECT_EQ(proxy_for(false, "noskip.test"), "http://p:1");
  EXPECT_EQ(proxy_for(false, "x.below.test"), "");
  EXPECT_EQ(proxy_for(false, "below.test"), "http://p:1");
  EXPECT_EQ(proxy_for(false, "10.1.2.3"), "");
  EXPECT_EQ(proxy_for(false, "11.1.2.3"), "http://p:1");
  EXPECT_EQ(proxy_for(false, "port.test", 81), "");
  EXPECT_EQ(proxy_for(false, "port.test", 80), "http://p:1");
}

TEST(Rules, CipherSuitesThatOpenSslHasNoMoreAreWarnedOf) {
  NetOptions options;
  options.tls_cipher_suites = {"TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_AES_128_GCM_SHA256"};
  const auto network = Network::Make(options);
  ASSERT_TRUE(network.ok());
  EXPECT_THAT(
      (*network)->warnings(),
      ElementsAre(
          "tlsCipherSuites: no connection can have 'TLS_RSA_WITH_RC4_128_SHA' any more; the "
          "others are offered"));
  EXPECT_EQ((*network)->rules().openssl_ciphers, "AES128-GCM-SHA256");
  // Nothing else would mean the usual ones.
  options.tls_cipher_suites = {"TLS_RSA_WITH_RC4_128_SHA"};
  EXPECT_THAT(
      std::string(Network::Make(options).status().message()),
      StartsWith(
          "tlsCipherSuites: no connection can have 'TLS_RSA_WITH_RC4_128_SHA' any more, want "));
}

TEST(Rules, AnUnknownCipherSuiteIsToldWhichThereAre) {
  NetOptions options;
  options.tls_cipher_suites = {"TLS_NOPE", "", "TLS_RSA_WITH_AES_128_CBC_SHA"};
  const std::string error(Network::Make(options).status().message());
  EXPECT_EQ(error.substr(0, error.find(" TLS_")),
            "tlsCipherSuites: unknown cipher suite 'TLS_NOPE', '', want");
  // What the message offers is taken.
  options.tls_cipher_suites = absl::StrSplit(error.substr(error.find("want ") + 5), ", ");
  EXPECT_EQ(options.tls_cipher_suites.size(), 14u);
  EXPECT_TRUE(Network::Make(options).ok());
}

TEST(Rules, Http3IsRefusedWhereLibcurlHasNone) {
  const curl_version_info_data* const curl = curl_version_info(CURLVERSION_NOW);
  const auto network = Network::Make({.http3 = true});
  if ((curl->features & CURL_VERSION_HTTP3) != 0) {
    EXPECT_TRUE(network.ok()) << network.status();
  } else {
    EXPECT_THAT(std::string(network.status().message()),
                AllOf(StartsWith("http3: this agent's libcurl ("), HasSubstr(curl->version),
                      HasSubstr(curl->ssl_version), HasSubstr("has no HTTP/3")));
  }
  EXPECT_THAT(std::string(Network::Make({.tls_max = "tls1.2", .http3 = true}).status().message()),
              HasSubstr("http3: HTTP/3 needs TLS 1.3, but tlsVersion allows at most tls1.2"));
}

TEST(Rules, ProxiesGetTheirSchemeAndPort) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", ""},
      {"p:3128", "http://p:3128"},
      {"http://p", "http://p:80"},
      {"HTTPS://u:w@p/", "https://u:w@p:443"},
      {"socks5://[::1]", "socks5h://[::1]:1080"},
      {"http://[::1]:3128", "http://[::1]:3128"},
  };
  for (const auto& [given, read] : kCases) {
    NetOptions options;
    options.proxy.http = given;
    EXPECT_EQ((*Network::Make(options))->options().proxy.http, read) << given;
  }
}

TEST(Rules, ProxiesThatCannotBeAreNamedWithoutTheirPassword) {
  NetOptions options;
  options.proxy.http = "ftp://u:secret@p";
  options.proxy.https = "http://";
  const std::string error(Network::Make(options).status().message());
  EXPECT_EQ(error,
            "HTTP_PROXY: want http://host:port, https://host:port or socks5://host:port, got one "
            "with scheme \"ftp\"; HTTPS_PROXY: want http://host:port, https://host:port or "
            "socks5://host:port, got one with scheme \"http\" and no host");
}

TEST(Rules, ClientCertificatesMatchDomainsBeforeTheGeneralOne) {
  const std::vector<TlsAuth> certificates = {
      {"any", "", "", {}}, {"wild", "", "", {"*.a.test"}}, {"exact", "", "", {"b.test"}}};
  EXPECT_EQ(ClientCertificateFor(certificates, "x.a.test")->cert, "wild");
  EXPECT_EQ(ClientCertificateFor(certificates, "x.y.a.test")->cert, "any");
  EXPECT_EQ(ClientCertificateFor(certificates, "B.test")->cert, "exact");
  EXPECT_EQ(ClientCertificateFor({certificates[2]}, "c.test")->cert, certificates[2].cert);
  EXPECT_EQ(ClientCertificateFor({}, "c.test"), nullptr);
}

TEST(Rules, TlsIsNamedAsK6Does) {
  EXPECT_EQ(TlsVersionName("TLSv1.3"), "tls1.3");
  EXPECT_EQ(TlsVersionName("TLSv1"), "tls1.0");
  EXPECT_EQ(TlsCipherName("TLS_AES_128_GCM_SHA256"), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(TlsCipherName("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305");
  EXPECT_EQ(TlsCipherName("TLS_CHACHA20_POLY1305_SHA256"), "TLS_CHACHA20_POLY1305_SHA256");
}

}  // namespace
}  // namespace lockstep::agent
