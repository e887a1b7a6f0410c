// Exchanges that fail: k6's codes, Go's words, and the rules of a run that forbid a target.
#include <optional>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "agent/net/net_error.h"
#include "tests/agent/net/net_test_support.h"
#include "tests/agent/net/raw_peer.h"

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

class FailureTest : public AskingTest {};

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

// Direct, and as libcurl carries it.
TEST_F(FailureTest, AHeadThatNoAnswerMayHaveIsAnErrorAtOnce) {
  using Auth = HttpRequest::Auth;
  for (const std::string& answer :
       {std::string("HTTP/1.1 099 Weird\r\nContent-Length: 0\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n", 46),
        std::string("HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n")}) {
    for (const Auth auth : {Auth::kNone, Auth::kDigest}) {
      SCOPED_TRACE(answer);
      RawListener listener;
      const std::unique_ptr<Network> network = MakeNetwork();
      MultiLoop loop(*network);
      const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
      std::optional<HttpResponse> response;
      Submit(
          loop, *pool,
          {.url = ParsedUrl(absl::StrCat("http://127.0.0.1:", listener.port(), "/")), .auth = auth},
          [&response](HttpResponse& r) { response = std::move(r); });
      std::unique_ptr<RawPeer> peer;
      TurnUntil(loop, [&] { return (peer = listener.Accept()) != nullptr; });
      TurnUntil(loop, [&] { return !peer->Read().empty(); });
      peer->Write(answer);
      TurnUntil(loop, [&] { return response.has_value(); });
      EXPECT_EQ(response->status, 0);
      EXPECT_EQ(response->error.code, 1000);
      EXPECT_EQ(response->error.message,
                "net/http: HTTP/1.x transport connection broken: malformed HTTP response");
    }
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

}  // namespace
}  // namespace lockstep::agent
