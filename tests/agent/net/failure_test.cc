// Exchanges that fail: k6's codes, Go's words, and the rules of a run that forbid a target.
#include <filesystem>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "agent/net/net_error.h"
#include "tests/agent/net/net_test_support.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

// A port on which nobody listens: bound, so that nobody else takes it, but not listening.
class ClosedPort {
 public:
  ClosedPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~ClosedPort() { close(fd_); }
  int port() const { return port_; }

 private:
  int fd_;
  int port_ = 0;
};

class FailureTest : public NetTest {
 protected:
  HttpResponse Ask(absl::string_view url, NetOptions options = {},
                   absl::Duration timeout = absl::Seconds(20)) {
    return Ask(ParsedUrl(url), std::move(options), timeout);
  }
  HttpResponse Ask(Url url, NetOptions options = {}, absl::Duration timeout = absl::Seconds(20)) {
    const std::unique_ptr<Network> network = MakeNetwork(std::move(options));
    MultiLoop loop(*network);
    const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
    return Exchange(loop, *pool, {.url = std::move(url), .timeout = timeout});
  }

  std::unique_ptr<lockstep::testing::HttpServer> server_ = StartServer();
};

TEST_F(FailureTest, EachHasItsCodeAndText) {
  struct Row {
    const char* path;
    int code;
    const char* message;
    const char* body = "";
  };
  for (const Row& row :
       {Row{"/close", 1000, "EOF"},
        Row{"/status/101", 1000, "unsupported response status: 101 Switching Protocols"},
        Row{"/reset", 1220, "read: connection reset by peer"},
        Row{"/truncated", 1000, "unexpected EOF", "short"},
        Row{"/garbage", 1000,
            "net/http: HTTP/1.x transport connection broken: malformed HTTP response"}}) {
    SCOPED_TRACE(row.path);
    const HttpResponse response = Ask(server_->Url(row.path));
    EXPECT_EQ(response.status, 0);
    EXPECT_EQ(response.error.code, row.code);
    EXPECT_EQ(response.error.message, row.message);
    EXPECT_EQ(response.body, row.body);
    EXPECT_EQ(response.proto, "");
    EXPECT_TRUE(response.headers.empty());
  }
}

TEST_F(FailureTest, RefusedNamesTheAddressOnlyInItsDetail) {
  const ClosedPort closed;
  const HttpResponse response = Ask(absl::StrCat("http://127.0.0.1:", closed.port(), "/"));
  EXPECT_EQ(response.status, 0);
  EXPECT_EQ(response.error.code, 1212);
  EXPECT_EQ(response.error.message, "dial: connection refused");
  EXPECT_EQ(response.error.in_full(),
            absl::StrCat("dial tcp 127.0.0.1:", closed.port(), ": connect: connection refused"));
  EXPECT_EQ(response.timings.duration(), absl::ZeroDuration());
  EXPECT_EQ(response.remote_ip, "");
  EXPECT_EQ(response.remote_port, 0);
}

// What a message shows is a tag: the same for all hosts, ports and moments.
TEST(NetError, MessagesHoldNothingOfTheConnection) {
  struct Row {
    CurlFailure failure;
    int code;
    const char* message;
  };
  const auto tls = [](absl::string_view text) {
    return CurlFailure{.code = CURLE_SSL_CONNECT_ERROR, .text = text};
  };
  const Row rows[] = {
      {{.code = CURLE_COULDNT_CONNECT, .os_errno = EHOSTUNREACH, .address = "10.0.0.1:80"},
       1213,
       "dial: unknown errno `113` on linux with message `no route to host`"},
      {{.code = CURLE_OPERATION_TIMEDOUT, .timeout_was_dial = true, .address = "10.0.0.1:80"},
       1211,
       "dial: i/o timeout"},
      {{.code = CURLE_COULDNT_CONNECT, .os_errno = ECONNREFUSED, .proxy = "10.0.0.1:3128"},
       1212,
       "dial: connection refused"},
      {{.code = CURLE_COULDNT_CONNECT, .text = "Failed to connect to h port 80 after 3 ms"},
       1210,
       "dial: no connection"},
      {{.code = CURLE_RECV_ERROR, .os_errno = ETIMEDOUT},
       1202,
       "read: unknown errno `110` on linux with message `connection timed out`"},
      {tls("OpenSSL/3.0.19: error:0A000410:SSL routines::sslv3 alert handshake failure"), 1300,
       "remote error: tls: handshake failure"},
      {tls("OpenSSL/3.0.19: error:0A00042E:SSL routines::tlsv1 alert protocol version"), 1300,
       "remote error: tls: protocol version not supported"},
      {tls("OpenSSL/3.0.19: error:0A000102:SSL routines::unsupported protocol"), 1300,
       "tls: unsupported protocol"},
      {{.code = CURLE_RECV_ERROR,
        .text = "OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, "
                "errno 0"},
       1300,
       "remote error: tls: certificate required"},
      {{.code = CURLE_RECV_ERROR, .text = "Too large response headers: 307201 > 307200"},
       1000,
       "the header of the response is too large: a line may have 100 KiB, all 300 KiB"},
      {{.code = CURLE_TOO_LARGE, .text = "HTTP request too large"},
       1000,
       "the header of the request is too large: 1 MiB at most"},
  };
  for (const Row& row : rows) {
    const HttpError error = ErrorFromCurl(row.failure);
    EXPECT_EQ(error.code, row.code);
    EXPECT_EQ(error.message, row.message);
  }
}

TEST_F(FailureTest, UnknownHostsAreNamed) {
  const HttpResponse response = Ask("http://no-such-name.invalid/");
  EXPECT_THAT(response.error.code,
              ::testing::AnyOf(1101, 1100));  // 1100 on machines without any resolver
  EXPECT_THAT(response.error.message, ::testing::StartsWith("lookup: "));
  EXPECT_THAT(response.error.in_full(), HasSubstr("lookup no-such-name.invalid: "));
}

TEST_F(FailureTest, SchemesThatCannotBeAsked) {
  EXPECT_EQ(Ask("ftp://127.0.0.1/x").error.code, 1000);
  EXPECT_EQ(Ask("ftp://127.0.0.1/x").error.message, "unsupported protocol scheme \"ftp\"");
  EXPECT_EQ(Ask("ws://127.0.0.1/x").error.message, "unsupported protocol scheme \"ws\"");
  EXPECT_EQ(Ask(Url()).error.message, "unsupported protocol scheme \"\"");
}

TEST_F(FailureTest, TimeoutsEndWaitingAndReceiving) {
  for (const char* path : {"/delay/10000", "/slow-body/10000"}) {
    const HttpResponse response = Ask(server_->Url(path), {}, absl::Milliseconds(50));
    EXPECT_EQ(response.status, 0) << path;
    EXPECT_EQ(response.error.code, 1050) << path;
    EXPECT_EQ(response.error.message, "request timeout") << path;
    EXPECT_GE(response.timings.blocked + response.timings.duration(), absl::Milliseconds(49))
        << path;
  }
}

TEST_F(FailureTest, ATimeoutOfOneRequestDoesNotStayWithTheHandle) {
  const std::unique_ptr<Network> network = MakeNetwork();
  MultiLoop loop(*network);
  const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
  EXPECT_EQ(
      Exchange(loop, *pool,
               {.url = ParsedUrl(server_->Url("/delay/10000")), .timeout = absl::Milliseconds(30)})
          .error.code,
      1050);
  EXPECT_EQ(Exchange(loop, *pool,
                     {.url = ParsedUrl(server_->Url("/delay/60")), .timeout = absl::ZeroDuration()})
                .status,
            200);
}

TEST_F(FailureTest, BlockedNamesAndBlacklistedAddresses) {
  HttpResponse response = Ask("http://a.blocked.test/", {.block_hostnames = {"*.blocked.test"}});
  EXPECT_EQ(response.error.code, 1111);
  EXPECT_EQ(response.error.message, "hostname is blocked");
  EXPECT_EQ(response.error.in_full(),
            "hostname (a.blocked.test) is in a blocked pattern (*.blocked.test)");
  response = Ask(server_->Url("/"), {.blacklist_ips = {"127.0.0.0/8"}});
  EXPECT_EQ(response.error.code, 1110);
  EXPECT_EQ(response.error.message, "ip is blacklisted");
  EXPECT_EQ(response.error.in_full(), "IP (127.0.0.1) is in a blacklisted range (127.0.0.0/8)");
  response = Ask("http://mapped.test/",
                 {.hosts = {{"mapped.test", "127.0.0.9"}}, .blacklist_ips = {"127.0.0.0/8"}});
  EXPECT_EQ(response.error.code, 1110);
  EXPECT_EQ(server_->requests(), 0);
}

TEST_F(FailureTest, HostsAreMappedWithAndWithoutPorts) {
  const std::string address = absl::StrCat("127.0.0.1:", server_->port());
  for (const auto& [pattern, url] : std::map<std::string, std::string>{
           {"one.test", "http://one.test/request"},
           {"*.test", "http://any.sub.test:1234/request"},
           {"two.test:99", "http://two.test:99/request"},
       }) {
    const HttpResponse response = Ask(url, {.hosts = {{pattern, address}}});
    EXPECT_EQ(response.status, 200) << pattern << ": " << response.error.message;
    EXPECT_EQ(response.remote_port, server_->port()) << pattern;
  }
  const HttpResponse same_port =
      Ask(absl::StrCat("http://three.test:", server_->port(), "/request"),
          {.hosts = {{"three.test", "127.0.0.1"}}});
  EXPECT_THAT(same_port.body,
              HasSubstr(absl::StrCat("Host: three.test:", server_->port(), "\r\n")));
}

TEST_F(FailureTest, NamesAreLookedUpOnceWithinTheirTtl) {
  const std::unique_ptr<Network> network = MakeNetwork();
  MultiLoop loop(*network);
  const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
  const std::string url = absl::StrCat("http://localhost:", server_->port(), "/");
  const HttpResponse first = Exchange(loop, *pool, {.url = ParsedUrl(url)});
  EXPECT_EQ(first.status, 200) << first.error.message;
  EXPECT_GT(first.timings.looking_up, absl::ZeroDuration());
  EXPECT_GE(first.timings.blocked, first.timings.looking_up);
  EXPECT_EQ(Exchange(loop, *pool, {.url = ParsedUrl(url)}).timings.looking_up,
            absl::ZeroDuration());
}

TEST_F(FailureTest, RequestsPerSecondKeepTheirDistance) {
  const std::unique_ptr<Network> network = MakeNetwork({.requests_per_second = 50});
  MultiLoop loop(*network);
  const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
  std::vector<MonoTime> starts;
  for (int i = 0; i < 4; ++i) {
    Submit(loop, *pool, {.url = ParsedUrl(server_->Url("/"))},
           [&starts](const HttpResponse& r) { starts.push_back(r.started); });
  }
  TurnUntil(loop, [&starts] { return starts.size() == 4; });
  std::sort(starts.begin(), starts.end());
  EXPECT_GE(starts[3] - starts[0], absl::Milliseconds(59));
  const HttpResponse hop =
      Exchange(loop, *pool, {.url = ParsedUrl(server_->Url("/")), .follow_up = true});
  EXPECT_EQ(hop.status, 200);
}

TEST_F(FailureTest, OptionsThatCannotBeReadAreAllNamed) {
  const auto network = Network::Make({.tls_min = "ssl3.0",
                                      .tls_cipher_suites = {"TLS_NO_SUCH"},
                                      .hosts = {{"h", "nowhere"}},
                                      .blacklist_ips = {"1.2.3"},
                                      .local_ips = "x"});
  EXPECT_EQ(network.status().message(),
            "tlsVersion: unknown TLS version 'ssl3.0', want tls1.0, tls1.1, tls1.2 or tls1.3; "
            "hosts.h: want an IP address or ip:port, got \"nowhere\"; "
            "blacklistIPs: \"1.2.3\" is not an IP address; localIPs: \"x\" is not an IP address");
  EXPECT_THAT(Network::Make({.tls_cipher_suites = {"TLS_NO_SUCH"}}).status().message(),
              HasSubstr("tlsCipherSuites: unknown cipher suite 'TLS_NO_SUCH', want TLS_"));
}

class TlsTest : public FailureTest {
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
  EXPECT_EQ(newest.tls_version, "tls1.3");
  EXPECT_EQ(newest.tls_cipher_suite, "TLS_AES_256_GCM_SHA384");  // OpenSSL's first choice
  EXPECT_GT(newest.timings.tls_handshaking, absl::ZeroDuration());
  EXPECT_GE(newest.timings.blocked, newest.timings.connecting + newest.timings.tls_handshaking);
  const HttpResponse older =
      Ask(secure_->Url("/"), {.insecure = true,
                              .tls_max = "tls1.2",
                              .tls_cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"}});
  EXPECT_EQ(older.tls_version, "tls1.2") << older.error.message;
  EXPECT_EQ(older.tls_cipher_suite, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
}

TEST_F(TlsTest, KeptConnectionsShakeHandsOnceAndStillNameTheirCipher) {
  const std::unique_ptr<Network> network = MakeNetwork({.insecure = true});
  MultiLoop loop(*network);
  const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
  Exchange(loop, *pool, {.url = ParsedUrl(secure_->Url("/"))});
  const HttpResponse kept = Exchange(loop, *pool, {.url = ParsedUrl(secure_->Url("/"))});
  EXPECT_EQ(kept.timings.tls_handshaking, absl::ZeroDuration());
  EXPECT_EQ(kept.tls_version, "tls1.3");
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
