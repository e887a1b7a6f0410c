// Streams over MultiLoop against the loopback server, which they ask in its own language.
#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/http/byte_stream.h"
#include "agent/http/unsent.h"
#include "tests/agent/net/net_test_support.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kRequest[] = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

class StreamRecorder final : public StreamListener {
 public:
  void OnOpen() override {
    opened = true;
    if (on_open) {
      on_open();
    }
  }
  void OnBytes(absl::string_view bytes) override {
    absl::StrAppend(&received, bytes);
    if (on_bytes) {
      on_bytes();
    }
  }
  void OnEnd(absl::Status why) override { end = std::move(why); }

  bool opened = false;
  std::string received;
  std::optional<absl::Status> end;
  std::function<void()> on_open, on_bytes;
};

class TcpStreamTest : public NetTest {
 public:
  ~TcpStreamTest() override {
    stream_.reset();
    pool_.reset();
  }

 protected:
  // Asks `target` for "/" and waits for the end.
  void Ask(StreamTarget target, NetOptions options = {}) {
    stream_.reset();
    pool_.reset();
    loop_.reset();
    network_ = MakeNetwork(std::move(options));
    loop_ = std::make_unique<MultiLoop>(*network_);
    pool_ = loop_->MakePool(1);
    stream_ = loop_->OpenStream(*pool_, std::move(target), recorder_);
    recorder_.on_open = [this] { EXPECT_TRUE(stream_->Write(kRequest)); };
    TurnUntil(*loop_, [this] { return recorder_.end.has_value(); });
  }
  StreamTarget Target(const std::string& host = "127.0.0.1") const {
    StreamTarget target;
    target.host = host;
    target.port = server_->port();
    return target;
  }

  std::unique_ptr<lockstep::testing::HttpServer> server_ = StartServer();
  std::unique_ptr<Network> network_;
  std::unique_ptr<MultiLoop> loop_;
  std::unique_ptr<ConnectionPool> pool_;
  std::unique_ptr<ByteStream> stream_;
  StreamRecorder recorder_;
};

TEST_F(TcpStreamTest, CarriesBytesBothWays) {
  Ask(Target());
  EXPECT_TRUE(recorder_.opened);
  EXPECT_THAT(recorder_.received, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(recorder_.received, HasSubstr("hello\n"));
  EXPECT_TRUE(recorder_.end->ok()) << *recorder_.end;
  EXPECT_EQ(static_cast<int64_t>(sizeof(kRequest) - 1), stream_->bytes_sent());
  EXPECT_EQ(static_cast<int64_t>(recorder_.received.size()), stream_->bytes_received());
  EXPECT_FALSE(stream_->Write("more"));  // it has ended
}

TEST_F(TcpStreamTest, MoreThanTheKernelTakesAtOnce) {
  network_ = MakeNetwork();
  loop_ = std::make_unique<MultiLoop>(*network_);
  pool_ = loop_->MakePool(1);
  stream_ = loop_->OpenStream(*pool_, Target(), recorder_);
  const std::string body(8 << 20, 'x');
  recorder_.on_open = [&] {
    EXPECT_TRUE(stream_->Write(absl::StrCat(
        "POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ", body.size(),
        "\r\n\r\n")));
    EXPECT_TRUE(stream_->Write(body));
    // Over the limit, however much the kernel has taken: nothing of it is kept.
    EXPECT_FALSE(stream_->Write(std::string(kMostUnsentBytes + 1, 'y')));
  };
  TurnUntil(*loop_, [this] { return recorder_.end.has_value(); });
  EXPECT_TRUE(absl::EndsWith(recorder_.received, body));
}

TEST_F(TcpStreamTest, FollowsTheRunsRules) {
  Ask(Target("mapped.test"), {.hosts = {{"mapped.test", "127.0.0.1"}}});
  EXPECT_THAT(recorder_.received, HasSubstr("hello"));
  recorder_ = {};
  Ask(Target(), {.blacklist_ips = {"127.0.0.0/8"}});
  EXPECT_EQ(absl::StatusCode::kPermissionDenied, recorder_.end->code());
  EXPECT_THAT(recorder_.end->message(), HasSubstr("is in a blacklisted range"));
  recorder_ = {};
  Ask(Target("mapped.test"),
      {.hosts = {{"mapped.test", "127.0.0.1"}}, .block_hostnames = {"*.test"}});
  EXPECT_EQ(absl::StatusCode::kPermissionDenied, recorder_.end->code());
  recorder_ = {};
  Ask(Target("Mapped.TEST"), {.hosts = {{"mapped.test", "127.0.0.1"}}});
  EXPECT_THAT(recorder_.received, HasSubstr("hello"));
  recorder_ = {};
  Ask(Target("LocalHost"), {.block_hostnames = {"localhost"}});
  EXPECT_EQ(absl::StatusCode::kPermissionDenied, recorder_.end->code());
  recorder_ = {};
  Ask(Target(), {.local_ips = "127.0.0.77"});
  EXPECT_THAT(recorder_.received, HasSubstr("hello"));
}

TEST_F(TcpStreamTest, SaysWhyThereIsNoConnection) {
  StreamTarget target = Target();
  target.port = 1;
  Ask(target);
  EXPECT_EQ(absl::UnavailableError("dial tcp 127.0.0.1:1: connect: connection refused"),
            *recorder_.end);
  EXPECT_FALSE(recorder_.opened);
  recorder_ = {};
  Ask(Target("no-such-host.invalid"));
  EXPECT_EQ(absl::UnavailableError("dial tcp: lookup no-such-host.invalid: no such host"),
            *recorder_.end);
}

TEST_F(TcpStreamTest, DialingHasALimit) {
  StreamTarget target = Target();
  target.tls = true;  // the server does not speak it, and waits for the rest of a request
  target.dial_timeout = absl::Milliseconds(1);
  Ask(target);
  EXPECT_EQ(absl::StatusCode::kDeadlineExceeded, recorder_.end->code());
  EXPECT_THAT(recorder_.end->message(), HasSubstr("i/o timeout"));
}

TEST_F(TcpStreamTest, ListenersMayDestroyTheirStream) {
  network_ = MakeNetwork();
  loop_ = std::make_unique<MultiLoop>(*network_);
  pool_ = loop_->MakePool(1);
  stream_ = loop_->OpenStream(*pool_, Target(), recorder_);
  recorder_.on_open = [this] { stream_->Write(kRequest); };
  recorder_.on_bytes = [this] { stream_.reset(); };
  TurnUntil(*loop_, [this] { return stream_ == nullptr; });
  EXPECT_FALSE(recorder_.end.has_value());
  recorder_.on_open = [this] { stream_.reset(); };
  stream_ = loop_->OpenStream(*pool_, Target(), recorder_);
  TurnUntil(*loop_, [this] { return stream_ == nullptr; });
}

class TlsStreamTest : public TcpStreamTest {
 protected:
  TlsStreamTest() { Serve(false); }
  void Serve(bool want_client_certificate) {
    server_ = StartServer({.certificate_file = certificate_.certificate_file(),
                           .key_file = certificate_.key_file(),
                           .want_client_certificate = want_client_certificate});
  }
  StreamTarget Trusting(const std::string& host = "127.0.0.1") const {
    StreamTarget target = Target(host);
    target.tls = true;
    target.authorities = {certificate_.certificate()};
    return target;
  }

  const TestCertificate certificate_{"localhost"};
};

TEST_F(TlsStreamTest, SpeaksTlsWithAnAuthorityOfItsOwn) {
  Ask(Trusting());
  EXPECT_THAT(recorder_.received, HasSubstr("hello\n"));
  EXPECT_TRUE(recorder_.end->ok()) << *recorder_.end;
}

TEST_F(TlsStreamTest, ChecksWhoTheServerIs) {
  StreamTarget target = Trusting();
  target.authorities.clear();
  Ask(target);
  EXPECT_EQ(absl::StatusCode::kUnavailable, recorder_.end->code());
  EXPECT_EQ(recorder_.end->message(),
            "tls: failed to verify certificate: x509: certificate signed by unknown authority");
  recorder_ = {};
  Ask(Trusting("other.test"), {.hosts = {{"other.test", "127.0.0.1"}}});
  EXPECT_EQ(recorder_.end->message(),
            "tls: failed to verify certificate: x509: certificate is not valid for other.test");
  recorder_ = {};
  target = Trusting("other.test");
  target.authorities.clear();
  Ask(target, {.hosts = {{"other.test", "127.0.0.1"}}});
  EXPECT_EQ(recorder_.end->message(),
            "tls: failed to verify certificate: x509: certificate is not valid for other.test");
  recorder_ = {};
  Ask(target, {.insecure = true, .hosts = {{"other.test", "127.0.0.1"}}});
  EXPECT_THAT(recorder_.received, HasSubstr("hello\n"));
}

TEST_F(TlsStreamTest, ShowsACertificate) {
  Serve(true);
  StreamTarget target = Trusting();
  target.certificate = certificate_.certificate();
  target.key = certificate_.key();
  Ask(target);
  EXPECT_THAT(recorder_.received, HasSubstr("hello\n"));
  recorder_ = {};
  Ask(Trusting(), {.tls_auth = {{.cert = certificate_.certificate(),
                                 .key = certificate_.key(),
                                 .password = "",
                                 .domains = {}}}});
  EXPECT_THAT(recorder_.received, HasSubstr("hello\n"));
  recorder_ = {};
  Ask(Trusting());
  EXPECT_FALSE(recorder_.end->ok());
  EXPECT_EQ("", recorder_.received);
}

TEST_F(TlsStreamTest, RefusesKeysThatAreNone) {
  StreamTarget target = Trusting();
  target.certificate = certificate_.certificate();
  target.key = "none";
  Ask(target);
  EXPECT_EQ(absl::StatusCode::kInvalidArgument, recorder_.end->code());
  recorder_ = {};
  target = Trusting();
  target.authorities = {"none"};
  Ask(target);
  EXPECT_EQ(absl::InvalidArgumentError("ca: there is no PEM certificate in it"), *recorder_.end);
}

}  // namespace
}  // namespace lockstep::agent
