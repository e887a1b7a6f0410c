// Connections: plain, over TLS, and those that fail.
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "agent/grpc/connect_failure.h"
#include "common/rpc/grpc_cause.h"
#include "tests/agent/grpc/grpc_fixture.h"
#include "tests/agent/net/net_test_support.h"
#include "tests/support/http_server.h"

namespace lockstep::agent {
namespace {

using lockstep::testing::GrpcServer;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// The key in PEM, encrypted with `password`.
std::string Encrypted(const std::string& key, const char* password) {
  BIO* const in = BIO_new_mem_buf(key.data(), static_cast<int>(key.size()));
  EVP_PKEY* const read = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  BIO* const out = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(out, read, EVP_aes_256_cbc(), password,
                                static_cast<int>(std::strlen(password)), nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  std::string result(text, static_cast<size_t>(size));
  BIO_free(in);
  BIO_free(out);
  EVP_PKEY_free(read);
  return result;
}

// Takes connections, as far as the kernel does that alone, and says nothing.
class SilentServer {
 public:
  SilentServer() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    LOCKSTEP_CHECK(bind(fd_, any, size) == 0 && listen(fd_, 1) == 0 &&
                   getsockname(fd_, any, &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { close(fd_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  const int fd_;
  int port_ = 0;
};

class GrpcConnectTest : public GrpcTest {
 protected:
  std::string ErrorOf(GrpcConnectSpec spec) {
    return std::string(Connect(std::move(spec)).status().message());
  }
  const TestCertificate certificate_{"desk.test"};
};

TEST(GrpcCause, IsWhatGrpcSaysLast) {
  EXPECT_EQ(
      GrpcCause(
          "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Failed to connect to "
          "remote host: Connection refused"),
      "ipv4:127.0.0.1:1: Failed to connect to remote host: Connection refused");
  EXPECT_EQ(GrpcCause("last error: a; last error: UNAVAILABLE: b"), "b");
  EXPECT_EQ(GrpcCause("Socket closed"), "Socket closed");
  EXPECT_EQ(GrpcCause(""), "");
}

TEST(ConnectFailure, SaysInPlainWordsWhatIsWrong) {
  constexpr absl::string_view kDial = "transport: error while dialing: dial tcp 127.0.0.1:1: ";
  constexpr absl::string_view kNoGrpc =
      "the server does not speak gRPC: it does not answer with HTTP/2";
  constexpr absl::string_view kTls =
      "transport: authentication handshake failed: dial tcp 127.0.0.1:1: ";
  const std::pair<absl::string_view, std::string> rows[] = {
      {"Failed to connect to remote host: Connection refused",
       absl::StrCat(kDial, "connect: connection refused")},
      {"Trying to connect an http1.x server", absl::StrCat(kDial, kNoGrpc)},
      {"Failed parsing HTTP/2", absl::StrCat(kDial, kNoGrpc)},
      {"recvmsg:Connection reset by peer",
       absl::StrCat(
           kDial,
           "the server closed the connection: it may not speak gRPC, or expect TLS (or none)")},
      {"No route to host", absl::StrCat(kDial, "No route to host")},
      {"Tls handshake failed: SSL_ERROR_SSL: error:0A00010B:SSL routines::wrong version number",
       absl::StrCat(
           kTls,
           "tls: first record does not look like a TLS handshake; { plaintext: true } connects without TLS")},
      {"Tls handshake failed: SSL_ERROR_SSL: error:0A000086:SSL routines::certificate verify failed",
       absl::StrCat(kTls, "certificate verify failed")},
      {"Custom verification check failed with error: UNAUTHENTICATED: tls: no",
       absl::StrCat(kTls, "tls: no")},
  };
  for (const auto& [cause, failure] : rows) {
    EXPECT_EQ(failure, ConnectFailure(
                           absl::StrCat("failed to connect to all addresses; last error: UNKNOWN: "
                                        "ipv4:127.0.0.1:1: ",
                                        cause),
                           "127.0.0.1:1"));
  }
  EXPECT_EQ(absl::StrCat(kDial, kNoGrpc), ConnectFailure("OK", "127.0.0.1:1"));
  EXPECT_EQ(absl::StrCat(kDial, kNoGrpc), ConnectFailure("", "127.0.0.1:1"));
}

TEST_F(GrpcConnectTest, EachConnectHasAConnectionOfItsOwn) {
  const auto server = GrpcServer::Start();
  const auto first = Connect(*server), second = Connect(*server);
  EXPECT_NE(first->get(), second->get());
  EXPECT_EQ(0, Greet(*first, "{}").status);
  EXPECT_EQ(0, Greet(*second, "{}").status);
}

TEST_F(GrpcConnectTest, ANameThatIsNoneIsSaidOnce) {
  // Two dots in a row are not a name: nobody has to be asked.
  EXPECT_THAT(ErrorOf({.address = "a..b:1", .plaintext = true}),
              MatchesRegex("dial tcp: lookup a..b: [^:]+"));
}

TEST_F(GrpcConnectTest, AuthorityAndUserAgentAreTheScripts) {
  const auto server = GrpcServer::Start();
  const auto channel = Connect({.address = server->address(),
                                .plaintext = true,
                                .authority = "desk.example",
                                .user_agent = "tester/1"});
  ASSERT_TRUE(channel.ok()) << channel.status();
  EXPECT_EQ(0, Greet(**channel, "{}").status);
  EXPECT_EQ("desk.example", server->authority());
  EXPECT_THAT(server->metadata("user-agent"), HasSubstr("tester/1"));
}

TEST_F(GrpcConnectTest, NobodyListeningIsAnErrorAtOnce) {
  auto server = lockstep::testing::HttpServer::Start();
  const int port = (*server)->port();
  server->reset();
  EXPECT_EQ(
      absl::StrCat("connection error: desc = \"transport: error while dialing: dial tcp 127.0.0.1:",
                   port, ": connect: connection refused\""),
      ErrorOf({.address = absl::StrCat("127.0.0.1:", port), .plaintext = true}));
}

TEST_F(GrpcConnectTest, ASilentServerRunsIntoTheTimeout) {
  const SilentServer server;
  const absl::Status status =
      Connect({.address = server.address(), .plaintext = true, .timeout = absl::Milliseconds(50)})
          .status();
  EXPECT_EQ(absl::DeadlineExceededError("context deadline exceeded"), status);
  engine_.reset();  // does not wait for what is left of the attempt
}

TEST_F(GrpcConnectTest, AServerThatSpeaksSomethingElseIsAnError) {
  const auto tls =
      GrpcServer::Start({.certificate = certificate_.certificate(), .key = certificate_.key()});
  EXPECT_FALSE(Connect({.address = tls->address(), .plaintext = true}).ok());
}

TEST_F(GrpcConnectTest, BadAddressesAreNamed) {
  for (const char* bad : {"http://h:1", "h:1/path", "", "u:p@h:1"}) {
    EXPECT_THAT(ErrorOf({.address = bad, .plaintext = true}),
                HasSubstr("host:port without a scheme is expected"))
        << bad;
  }
  EXPECT_THAT(ErrorOf({.address = "u:secret@h:1", .plaintext = true}),
              HasSubstr("invalid address \"****:****@h:1\""));
}

TEST_F(GrpcConnectTest, TheRunsRulesHold) {
  const auto server = GrpcServer::Start();
  UseNetwork({.hosts = {{"desk.test", server->address()}},
              .block_hostnames = {"blocked.test"},
              .blacklist_ips = {"10.0.0.0/8"}});
  const auto channel = Connect({.address = "desk.test:1", .plaintext = true});
  ASSERT_TRUE(channel.ok()) << channel.status();
  EXPECT_EQ(0, Greet(**channel, "{}").status);
  EXPECT_EQ("desk.test:1", server->authority());
  EXPECT_THAT(ErrorOf({.address = "blocked.test:1", .plaintext = true}),
              HasSubstr("blocked pattern"));
  EXPECT_THAT(ErrorOf({.address = "10.0.0.1:1", .plaintext = true}),
              HasSubstr("blacklisted range"));
}

TEST_F(GrpcConnectTest, ServersAreCheckedAgainstTheAuthorities) {
  const auto server =
      GrpcServer::Start({.certificate = certificate_.certificate(), .key = certificate_.key()});
  const auto channel =
      Connect({.address = server->address(), .cacerts = {certificate_.certificate()}});
  ASSERT_TRUE(channel.ok()) << channel.status();
  EXPECT_EQ(0, Greet(**channel, "{}").status);
  const TestCertificate other("other.test");
  EXPECT_THAT(ErrorOf({.address = server->address(), .cacerts = {other.certificate()}}),
              HasSubstr("tls: failed to verify certificate: x509: "));
  EXPECT_EQ(
      ErrorOf({.address = server->address()}),
      absl::StrCat(
          "connection error: desc = \"transport: authentication handshake failed: dial tcp ",
          server->address(),
          ": tls: failed to verify certificate: x509: certificate signed by unknown authority\""));
  // The certificate is for desk.test and 127.0.0.1.
  EXPECT_FALSE(Connect({.address = server->address(),
                        .cacerts = {certificate_.certificate()},
                        .authority = "other.test"})
                   .ok());
  EXPECT_TRUE(Connect({.address = server->address(),
                       .cacerts = {certificate_.certificate()},
                       .authority = "desk.test"})
                  .ok());
  EXPECT_THAT(ErrorOf({.address = server->address(), .cacerts = {"no PEM"}}),
              HasSubstr("tls.cacerts: there is no PEM certificate in it"));
}

TEST_F(GrpcConnectTest, ACommonNameIsNoNameOfAHost) {
  const TestCertificate bare("desk.test", /*alternatives=*/false);
  const auto server = GrpcServer::Start({.certificate = bare.certificate(), .key = bare.key()});
  EXPECT_THAT(ErrorOf({.address = server->address(),
                       .cacerts = {bare.certificate()},
                       .authority = "desk.test"}),
              HasSubstr("x509: certificate is not valid for desk.test"));
}

TEST_F(GrpcConnectTest, AnyCertificateWillDoIfTheTestSaysSo) {
  const auto server =
      GrpcServer::Start({.certificate = certificate_.certificate(), .key = certificate_.key()});
  UseNetwork({.insecure = true});
  const auto channel = Connect({.address = server->address()});
  ASSERT_TRUE(channel.ok()) << channel.status();
  EXPECT_EQ(0, Greet(**channel, "{}").status);
}

TEST_F(GrpcConnectTest, TheEnvironmentsAuthoritiesCount) {
  const auto server =
      GrpcServer::Start({.certificate = certificate_.certificate(), .key = certificate_.key()});
  UseNetwork({.trust = {.file = certificate_.certificate_file()}});
  EXPECT_TRUE(Connect({.address = server->address()}).ok());
}

TEST_F(GrpcConnectTest, AuthoritiesAreReadOnceForAllConnections) {
  const auto server =
      GrpcServer::Start({.certificate = certificate_.certificate(), .key = certificate_.key()});
  std::string path = absl::StrCat(::testing::TempDir(), "/authorities.XXXXXX");
  const int file = mkstemp(path.data());
  const std::string pem = certificate_.certificate();
  ASSERT_EQ(static_cast<ssize_t>(pem.size()), write(file, pem.data(), pem.size()));
  close(file);
  UseNetwork({.trust = {.file = path}});
  EXPECT_TRUE(Connect({.address = server->address()}).ok());
  ASSERT_EQ(0, unlink(path.c_str()));
  const auto second = Connect({.address = server->address()});
  EXPECT_TRUE(second.ok()) << second.status();
}

TEST_F(GrpcConnectTest, AScriptsAuthoritiesAreReadOnceForAllConnections) {
  GrpcAuthorities& authorities = engine_->authorities();
  const auto first = authorities.Of({certificate_.certificate()});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*first, *authorities.Of({certificate_.certificate()}));
  const TestCertificate other("other.test");
  EXPECT_NE(*first, *authorities.Of({other.certificate()}));
  EXPECT_EQ("tls.cacerts: there is no PEM certificate in number 2",
            authorities.Of({other.certificate(), "no PEM"}).status().message());
}

TEST_F(GrpcConnectTest, ClientsShowTheirCertificates) {
  const TestCertificate client("client.test");
  const auto server = GrpcServer::Start({.certificate = certificate_.certificate(),
                                         .key = certificate_.key(),
                                         .client_authority = client.certificate()});
  const auto greets = [&](GrpcConnectSpec spec) {
    spec.address = server->address();
    spec.cacerts = {certificate_.certificate()};
    const auto channel = Connect(std::move(spec));
    return channel.ok() && Greet(**channel, "{}", absl::Seconds(5)).status == 0;
  };
  EXPECT_TRUE(greets({.cert = client.certificate(), .key = client.key()}));
  EXPECT_FALSE(greets({}));
  const std::string encrypted = Encrypted(client.key(), "secret");
  EXPECT_TRUE(greets({.cert = client.certificate(), .key = encrypted, .password = "secret"}));
  EXPECT_THAT(ErrorOf({.address = server->address(),
                       .cert = client.certificate(),
                       .key = encrypted,
                       .password = "wrong"}),
              HasSubstr("`password` is not its password"));
  EXPECT_THAT(
      ErrorOf(
          {.address = server->address(), .cert = client.certificate(), .key = certificate_.key()}),
      HasSubstr("tls.key: it is not that of `cert`"));
  UseNetwork(
      {.tls_auth = {TlsAuth{
           .cert = client.certificate(), .key = client.key(), .password = {}, .domains = {}}}});
  EXPECT_TRUE(greets({}));
}

TEST_F(GrpcConnectTest, AnAbandonedAttemptLeavesNothing) {
  const SilentServer server;
  auto work = StartConnect(*engine_, {.address = server.address(), .plaintext = true},
                           [](const auto&) { FAIL(); });
  loop_->Turn(true);
  work.reset();
  engine_.reset();
}

}  // namespace
}  // namespace lockstep::agent
