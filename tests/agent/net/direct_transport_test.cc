// Plain HTTP/1.1 over connections of our own, with a server whose every step the test decides.
#include "agent/net/direct_transport.h"

#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "tests/agent/net/net_test_support.h"
#include "tests/agent/net/raw_peer.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

constexpr char kFine[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";

class DirectTransportTest : public NetTest {
 protected:
  void Ask(HttpRequest request) {
    request.url = ParsedUrl(absl::StrCat("http://127.0.0.1:", listener_.port(), "/"));
    response_.reset();
    Submit(loop_, *pool_, std::move(request),
           [this](HttpResponse& r) { response_ = std::move(r); });
  }
  std::unique_ptr<RawPeer> Accept() {
    std::unique_ptr<RawPeer> peer;
    TurnUntil(loop_, [&] { return (peer = listener_.Accept()) != nullptr; });
    return peer;
  }
  // Turns until `peer` has the whole of a request without a body.
  void AwaitHead(RawPeer& peer) {
    TurnUntil(loop_, [&] { return absl::EndsWith(peer.Read(), "\r\n\r\n"); });
  }
  const HttpResponse& Await() {
    TurnUntil(loop_, [this] { return response_.has_value(); });
    return *response_;
  }
  // A request and its answer over a connection that is then kept.
  std::unique_ptr<RawPeer> KeptPeer() {
    Ask({});
    std::unique_ptr<RawPeer> peer = Accept();
    AwaitHead(*peer);
    peer->Write(kFine);
    EXPECT_EQ(Await().body, "fine");
    peer->Forget();
    return peer;
  }

  RawListener listener_;
  std::unique_ptr<Network> network_ = MakeNetwork();
  MultiLoop loop_{*network_};
  std::unique_ptr<ConnectionPool> pool_ = loop_.MakePool(1);
  std::optional<HttpResponse> response_;
};

TEST(DirectTransport, LeavesToCurlWhatIsCurls) {
  Target plain, secure, behind_proxy;
  plain.scheme = behind_proxy.scheme = "http";
  secure.scheme = "https";
  behind_proxy.proxy = "http://p:1";
  EXPECT_TRUE(DirectTransport::Carries({}, {}, plain));
  EXPECT_TRUE(DirectTransport::Carries({}, {}, secure));
  EXPECT_TRUE(DirectTransport::Carries({.http3 = true}, {}, plain));
  EXPECT_FALSE(DirectTransport::Carries({.http3 = true}, {}, secure));
  EXPECT_FALSE(DirectTransport::Carries({}, {}, behind_proxy));
}

TEST_F(DirectTransportTest, UsesAKeptConnectionAgain) {
  const std::unique_ptr<RawPeer> peer = KeptPeer();
  Ask({.method = "POST", .body = "again"});
  TurnUntil(loop_, [&] { return absl::EndsWith(peer->Read(), "again"); });
  peer->Write(kFine);
  EXPECT_EQ(Await().status, 200);
  EXPECT_EQ(listener_.Accept(), nullptr);
}

// What could be lost, because it is not repeated, does not go over a connection that has ended.
TEST_F(DirectTransportTest, AKeptConnectionThatEndsMeanwhileIsNotUsed) {
  KeptPeer().reset();
  loop_.Turn(/*wait=*/true);
  Ask({.method = "POST", .body = "order"});
  const std::unique_ptr<RawPeer> peer = Accept();
  TurnUntil(loop_, [&] { return absl::EndsWith(peer->Read(), "order"); });
  peer->Write(kFine);
  EXPECT_EQ(Await().status, 200);
}

TEST_F(DirectTransportTest, APeerThatSpeaksOutOfTurnIsLeft) {
  const std::unique_ptr<RawPeer> peer = KeptPeer();
  peer->Write("HTTP/1.1 408 Request Timeout\r\n\r\n");
  TurnUntil(loop_, [&] { return peer->Ended(); });
}

TEST_F(DirectTransportTest, BytesBehindAnAnswerEndItsConnection) {
  Ask({});
  const std::unique_ptr<RawPeer> peer = Accept();
  AwaitHead(*peer);
  peer->Write(absl::StrCat(kFine, "more"));
  EXPECT_EQ(Await().body, "fine");
  TurnUntil(loop_, [&] { return peer->Ended(); });
}

TEST_F(DirectTransportTest, AnAnswerMayComeBeforeTheRequestHasLeft) {
  Ask({.method = "POST", .body = std::string(32 << 20, 'x')});
  const std::unique_ptr<RawPeer> peer = Accept();
  peer->Write("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n");
  const HttpResponse& response = Await();
  EXPECT_EQ(response.status, 413);
  EXPECT_LT(response.bytes_sent, 32 << 20);
  // The rest of the body would be taken for a request.
  TurnUntil(loop_, [&] { return peer->Ended(); });
}

TEST_F(DirectTransportTest, ALargeBodyArrivesWhole) {
  std::string body(20 << 20, '\0');
  for (size_t i = 0; i < body.size(); ++i) {
    body[i] = static_cast<char>(i % 251);
  }
  Ask({.method = "PUT", .body = body});
  const std::unique_ptr<RawPeer> peer = Accept();
  TurnUntil(loop_, [&] { return peer->Read().size() > body.size(); });
  EXPECT_TRUE(absl::EndsWith(peer->Read(), body));
  peer->Write(kFine);
  EXPECT_EQ(Await().bytes_sent, static_cast<int64_t>(peer->Read().size()));
}

TEST_F(DirectTransportTest, AnAnswerThatComesInPiecesIsOne) {
  Ask({});
  const std::unique_ptr<RawPeer> peer = Accept();
  AwaitHead(*peer);
  for (const char c : absl::string_view(kFine)) {
    EXPECT_FALSE(response_.has_value());
    peer->Write(absl::string_view(&c, 1));
    loop_.Turn(/*wait=*/true);
  }
  const HttpResponse& response = Await();
  EXPECT_EQ(response.body, "fine");
  EXPECT_EQ(response.bytes_received, static_cast<int64_t>(sizeof kFine - 1));
}

TEST_F(DirectTransportTest, ARequestThatIsAbandonedTakesItsConnectionAlong) {
  Ask({});
  const std::unique_ptr<RawPeer> peer = Accept();
  AwaitHead(*peer);
  pool_.reset();
  TurnUntil(loop_, [&] { return peer->Ended(); });
  EXPECT_FALSE(response_.has_value());
}

TEST_F(DirectTransportTest, AConnectionFromBeforeTheClearIsNotKept) {
  Ask({});
  const std::unique_ptr<RawPeer> peer = Accept();
  AwaitHead(*peer);
  pool_->Clear();
  peer->Write(kFine);
  EXPECT_EQ(Await().body, "fine");
  TurnUntil(loop_, [&] { return peer->Ended(); });
}

// The next exchange begins as if there had been none before.
TEST_F(DirectTransportTest, NothingStaysOfAnExchangeThatWasCancelledWhileItDialled) {
  bool called = false;
  const ExchangeId id = Submit(
      loop_, *pool_, {.url = ParsedUrl(absl::StrCat("http://127.0.0.1:", listener_.port(), "/"))},
      [&called](const HttpResponse&) { called = true; });
  loop_.Turn(/*wait=*/false);  // dials, and does not look what comes of it
  loop_.Cancel(id);
  Ask({});
  const std::unique_ptr<RawPeer> given_up = Accept(), peer = Accept();
  AwaitHead(*peer);
  peer->Write(kFine);
  EXPECT_EQ(Await().status, 200);
  EXPECT_FALSE(called);
}

// As with Go's client, whose body follows at once.
TEST_F(DirectTransportTest, ExpectWaitsForNothing) {
  Ask({.method = "POST", .headers = {{"Expect", "100-continue"}}, .body = "behind it"});
  const std::unique_ptr<RawPeer> peer = Accept();
  TurnUntil(loop_, [&] { return absl::EndsWith(peer->Read(), "behind it"); });
  EXPECT_THAT(peer->Read(), HasSubstr("Expect: 100-continue\r\n"));
  peer->Write(absl::StrCat("HTTP/1.1 100 Continue\r\n\r\n", kFine));
  EXPECT_EQ(Await().status, 200);
}

TEST_F(DirectTransportTest, AnExpectationThatFailsIsAnAnswer) {
  Ask({.method = "POST", .headers = {{"Expect", "100-continue"}}, .body = "x"});
  const std::unique_ptr<RawPeer> peer = Accept();
  TurnUntil(loop_, [&] { return absl::EndsWith(peer->Read(), "\r\n\r\nx"); });
  peer->Write("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
  const HttpResponse& response = Await();
  EXPECT_EQ(response.status, 417);
  EXPECT_GE(response.timings.duration(), absl::ZeroDuration());
  EXPECT_EQ(peer->Read().find("POST"), peer->Read().rfind("POST")) << "it was sent twice";
}

}  // namespace
}  // namespace lockstep::agent
