// Exchanges over TLS: whose certificates are believed, and what is told of the connection.
#include <filesystem>

#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/net/tls_context.h"
#include "tests/agent/net/net_test_support.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

class TlsTest : public AskingTest {
 protected:
  TestCertificate certificate_{"localhost"};
  std::unique_ptr<lockstep::testing::HttpServer> secure_ = StartServer(
      {.certificate_file = certificate_.certificate_file(), .key_file = certificate_.key_file()});
};

TEST_F(TlsTest, UnknownIssuersAreRefused) {
  const HttpResponse response = Ask(secure_->Url("/"));
  EXPECT_EQ(response.status, 0);
  EXPECT_EQ(response.error.code, 1310);
  EXPECT_EQ(response.error.message, "x509: unknown authority");
  EXPECT_EQ(response.error.in_full(),
            "tls: failed to verify certificate: x509: certificate signed by unknown authority");
}

TEST_F(TlsTest, ACertificateOfAnotherHostHasACodeOfItsOwn) {
  const HttpResponse response = Ask(
      absl::StrCat("https://other.test:", secure_->port(), "/"),
      {.hosts = {{"other.test", "127.0.0.1"}}, .trust = {.file = certificate_.certificate_file()}});
  EXPECT_EQ(response.status, 0);
  EXPECT_EQ(response.error.code, 1311);
  EXPECT_EQ(response.error.message, "x509: certificate doesn't match hostname");
  EXPECT_THAT(response.error.in_full(), HasSubstr("other.test"));
}

// Direct, and as libcurl carries it.
TEST_F(TlsTest, ACommonNameIsNoNameOfAHost) {
  const TestCertificate bare("localhost", /*alternatives=*/false);
  const auto server =
      StartServer({.certificate_file = bare.certificate_file(), .key_file = bare.key_file()});
  for (const HttpRequest::Auth auth : {HttpRequest::Auth::kNone, HttpRequest::Auth::kDigest}) {
    const Url url = ParsedUrl(absl::StrCat("https://localhost:", server->port(), "/"));
    const auto ask = [&](NetOptions options) {
      options.hosts = {{"localhost", "127.0.0.1"}};
      const std::unique_ptr<Network> network = MakeNetwork(std::move(options));
      MultiLoop loop(*network);
      const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
      return Exchange(loop, *pool, {.url = url, .timeout = absl::Seconds(20), .auth = auth});
    };
    const HttpResponse response = ask({.trust = {.file = bare.certificate_file()}});
    EXPECT_EQ(response.status, 0);
    EXPECT_EQ(response.error.code, 1311);
    EXPECT_EQ(response.error.message, "x509: certificate doesn't match hostname");
    EXPECT_EQ(response.error.in_full(),
              "tls: failed to verify certificate: x509: certificate is not valid for localhost");
    EXPECT_EQ(ask({.insecure = true}).status, 200);
  }
}

// Go looks at the certificate's own time, then at its host, and only then for an authority. Direct,
// as libcurl carries it, and with a library that shakes hands by itself.
TEST_F(TlsTest, OfSeveralFaultsOfACertificateThatOfGoIsNamed) {
  struct Case {
    bool trusted, expired;
    std::string host;
    int code;
    std::string why;
  };
  const std::string old = "certificate has expired or is not yet valid";
  const std::string elsewhere = "certificate is not valid for other.test";
  const std::string unknown = "certificate signed by unknown authority";
  for (const Case& it :
       {Case{true, false, "localhost", 0, ""}, Case{true, false, "other.test", 1311, elsewhere},
        Case{false, false, "localhost", 1310, unknown},
        Case{false, false, "other.test", 1311, elsewhere}, Case{true, true, "localhost", 1300, old},
        Case{true, true, "other.test", 1300, old}, Case{false, true, "localhost", 1300, old},
        Case{false, true, "other.test", 1300, old}}) {
    SCOPED_TRACE(absl::StrCat(it.trusted, it.expired, it.host));
    const TestCertificate certificate("localhost", /*alternatives=*/true, it.expired);
    const TestCertificate stranger("stranger");
    const std::string authority =
        it.trusted ? certificate.certificate_file() : stranger.certificate_file();
    const auto server = StartServer(
        {.certificate_file = certificate.certificate_file(), .key_file = certificate.key_file()});
    const std::unique_ptr<Network> network =
        MakeNetwork({.hosts = {{it.host, "127.0.0.1"}}, .trust = {.file = authority}});
    const std::string refusal =
        it.why.empty() ? "" : absl::StrCat("tls: failed to verify certificate: x509: ", it.why);
    for (const HttpRequest::Auth auth : {HttpRequest::Auth::kNone, HttpRequest::Auth::kDigest}) {
      MultiLoop loop(*network);
      const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
      const HttpResponse response =
          Exchange(loop, *pool,
                   {.url = ParsedUrl(absl::StrCat("https://", it.host, ":", server->port(), "/")),
                    .timeout = absl::Seconds(20),
                    .auth = auth});
      EXPECT_EQ(response.error.code, it.code);
      EXPECT_EQ(response.error.in_full(), refusal);
    }
    const absl::Status judged =
        JudgeServer(network->trusted_roots()->store(), certificate.certificate(), it.host);
    EXPECT_EQ(judged.message(), refusal);
    EXPECT_EQ(judged.ok(), it.code == 0);
  }
}

// The first bytes of a handshake, which name the protocols.
std::string Hello(SSL_CTX* context) {
  const std::unique_ptr<SSL, openssl::Free<&SSL_free>> ssl(SSL_new(context));
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  SSL_set_connect_state(ssl.get());
  SSL_do_handshake(ssl.get());
  std::string hello(BIO_ctrl_pending(out), '\0');
  BIO_read(out, hello.data(), static_cast<int>(hello.size()));
  return hello;
}

TEST_F(TlsTest, ANetworkWithoutHttp2DoesNotOfferIt) {
  for (const bool http2 : {true, false}) {
    const std::unique_ptr<Network> network = MakeNetwork({.insecure = true, .http2 = http2});
    const absl::StatusOr<TlsContext> context = MakeHttpTlsContext(*network, nullptr);
    ASSERT_TRUE(context.ok());
    const std::string hello = Hello(context->get());
    EXPECT_THAT(hello, HasSubstr("\x08http/1.1"));
    EXPECT_EQ(absl::StrContains(hello, "\x02h2"), http2);
  }
}

TEST_F(TlsTest, AuthoritiesAreThoseThatAreGiven) {
  const std::string file = certificate_.certificate_file();
  const std::string folder = file.substr(0, file.rfind('/'));
  const TestCertificate other("localhost");
  EXPECT_EQ(Ask(secure_->Url("/"), {.trust = {.file = file}}).status, 200);
  EXPECT_EQ(Ask(secure_->Url("/"), {.trust = {.folders = folder}}).status, 200);
  EXPECT_EQ(Ask(secure_->Url("/"), {.trust = {.file = other.certificate_file()}}).error.code, 1310);
  EXPECT_EQ(Ask(secure_->Url("/"), {.trust = {other.certificate_file(), folder}}).status, 200);
}

TEST_F(TlsTest, AuthoritiesAreReadOnceForAllConnections) {
  const auto copy = std::make_unique<TestCertificate>("localhost");
  std::filesystem::copy_file(certificate_.certificate_file(), copy->certificate_file(),
                             std::filesystem::copy_options::overwrite_existing);
  const std::unique_ptr<Network> network = MakeNetwork({.no_connection_reuse = true,
                                                        .trust = {.file = copy->certificate_file()},
                                                        .expect_tls = true});
  std::filesystem::remove(copy->certificate_file());
  for (int i = 0; i < 2; ++i) {
    MultiLoop loop(*network);
    const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
    EXPECT_EQ(Exchange(loop, *pool, {.url = ParsedUrl(secure_->Url("/"))}).status, 200);
    EXPECT_EQ(Exchange(loop, *pool, {.url = ParsedUrl(secure_->Url("/"))}).status, 200);
  }
}

TEST_F(TlsTest, AuthoritiesThatNobodyExpectsToNeedAreReadWithTheFirstConnection) {
  const auto copy = std::make_unique<TestCertificate>("localhost");
  std::filesystem::copy_file(certificate_.certificate_file(), copy->certificate_file(),
                             std::filesystem::copy_options::overwrite_existing);
  const std::unique_ptr<Network> network = MakeNetwork({.trust = {copy->certificate_file()}});
  std::filesystem::remove(copy->certificate_file());
  MultiLoop loop(*network);
  const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
  const HttpResponse response = Exchange(loop, *pool, {.url = ParsedUrl(secure_->Url("/"))});
  EXPECT_EQ(response.error.code, 1300);
  EXPECT_EQ(response.error.message, "x509: SSL_CERT_FILE or SSL_CERT_DIR cannot be read");
}

TEST_F(TlsTest, AuthoritiesThatCannotBeReadAreNamed) {
  EXPECT_EQ(
      Network::Make({.trust = {.file = "/no/ca.pem", .folders = "/no:/nor"}}).status().message(),
      "SSL_CERT_FILE: there is no PEM certificate to be read in /no/ca.pem; "
      "SSL_CERT_DIR: there is no PEM certificate to be read in /no; "
      "SSL_CERT_DIR: there is no PEM certificate to be read in /nor");
  EXPECT_TRUE(Network::Make({.insecure = true, .trust = {.file = "/no/ca.pem"}}).ok());
}

TEST_F(TlsTest, VersionAndCipherAreNamed) {
  const HttpResponse newest = Ask(secure_->Url("/"), {.insecure = true});
  EXPECT_EQ(newest.status, 200) << newest.error.message;
  EXPECT_EQ(newest.tls_version(), "tls1.3");
  EXPECT_EQ(newest.tls_cipher_suite(), "TLS_AES_256_GCM_SHA384");  // OpenSSL's first choice
  EXPECT_GT(newest.timings.tls_handshaking, absl::ZeroDuration());
  EXPECT_GE(newest.timings.blocked, newest.timings.connecting + newest.timings.tls_handshaking);
  const HttpResponse older =
      Ask(secure_->Url("/"), {.insecure = true,
                              .tls_max = "tls1.2",
                              .tls_cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"}});
  EXPECT_EQ(older.tls_version(), "tls1.2") << older.error.message;
  EXPECT_EQ(older.tls_cipher_suite(), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
}

TEST_F(TlsTest, KeptConnectionsShakeHandsOnceAndStillNameTheirCipher) {
  const std::unique_ptr<Network> network = MakeNetwork({.insecure = true});
  MultiLoop loop(*network);
  const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
  Exchange(loop, *pool, {.url = ParsedUrl(secure_->Url("/"))});
  const HttpResponse kept = Exchange(loop, *pool, {.url = ParsedUrl(secure_->Url("/"))});
  EXPECT_EQ(kept.timings.tls_handshaking, absl::ZeroDuration());
  EXPECT_EQ(kept.tls_version(), "tls1.3");
  EXPECT_EQ(secure_->connections(), 1);
}

TEST_F(TlsTest, LargeBodiesArriveWholeBothWays) {
  const std::unique_ptr<Network> network = MakeNetwork({.insecure = true});
  MultiLoop loop(*network);
  const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
  std::string body(5 << 20, '\0');
  for (size_t i = 0; i < body.size(); ++i) {
    body[i] = static_cast<char>(i % 251);
  }
  for (const std::string& sent : {body, std::string("small")}) {
    const HttpResponse response = Exchange(
        loop, *pool, {.method = "POST", .url = ParsedUrl(secure_->Url("/echo")), .body = sent});
    EXPECT_EQ(response.status, 200) << response.error.message;
    EXPECT_TRUE(response.body == sent);
    EXPECT_GT(response.bytes_sent, static_cast<int64_t>(sent.size()));
  }
  EXPECT_EQ(secure_->connections(), 1);
}

TEST_F(TlsTest, PlainPeersAreNotTls) {
  std::string url = server_->Url("/");
  url.replace(0, 4, "https");
  const HttpResponse response = Ask(url, {.insecure = true});
  EXPECT_EQ(response.error.code, 1301) << response.error.message;
  EXPECT_EQ(response.error.message, "tls: first record does not look like a TLS handshake");
}

TEST_F(TlsTest, BrokenClientCertificatesAreNamedBeforeTheRun) {
  const TestCertificate one("one");
  const TestCertificate other("other");
  EXPECT_EQ(Network::Make({.tls_auth = {{one.certificate(), one.key(), "", {}},
                                        {"no certificate", one.key(), "", {}},
                                        {one.certificate(), "no key", "", {}},
                                        {one.certificate(), other.key(), "", {}}}})
                .status()
                .message(),
            "tlsAuth[1].cert: there is no PEM certificate in it; "
            "tlsAuth[2].key: there is no PEM private key in it, or `password` is not its password; "
            "tlsAuth[3].key: it is not that of `cert`");
}

TEST_F(TlsTest, ClientCertificatesGoToWhoeverAsks) {
  const TestCertificate client("client");
  const auto strict = StartServer({.certificate_file = certificate_.certificate_file(),
                                   .key_file = certificate_.key_file(),
                                   .want_client_certificate = true});
  const TlsAuth auth{client.certificate(), client.key(), "", {"127.0.0.1"}};
  EXPECT_EQ(Ask(strict->Url("/"), {.insecure = true, .tls_auth = {auth}}).status, 200);
  const HttpResponse without = Ask(strict->Url("/"), {.insecure = true});
  EXPECT_EQ(without.status, 0);
  // The server's alert races with the end of its connection.
  EXPECT_THAT(without.error.code, ::testing::AnyOf(1300, 1220, 1201)) << without.error.message;
  EXPECT_THAT(without.error.message,
              ::testing::AnyOf("remote error: tls: certificate required",
                               HasSubstr(": connection reset by peer"), "write: broken pipe"));
  // A server that asks is shown a certificate for other domains rather than none, as in k6 2.
  EXPECT_EQ(
      Ask(strict->Url("/"),
          {.insecure = true, .tls_auth = {{client.certificate(), client.key(), "", {"other"}}}})
          .status,
      200);
}

}  // namespace
}  // namespace lockstep::agent
