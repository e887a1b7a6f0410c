// What requests and answers are made of over HTTP/2: heads, bodies, the windows for them, and their
// limits.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"

#include "tests/agent/net/http2_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr char kTooLarge[] =
    "the header of the response is too large: a line may have 64 KiB, all 1 MiB";

class Http2MessageTest : public Http2Test {};

TEST_F(Http2MessageTest, AnUploadKeepsToTheServersWindow) {
  Ask({.method = "PUT", .body = std::string(200'000, 'x')});
  const std::unique_ptr<Http2Peer> peer = Accept();
  TurnUntil(loop_, [&] { return peer->BodyOf(1).size() == 65'535; });
  loop_.Turn(/*wait=*/false);
  EXPECT_EQ(peer->BodyOf(1).size(), 65'535U);
  peer->OpenWindow(0, 200'000);
  peer->OpenWindow(1, 200'000);
  AwaitRequest(*peer, 1);
  EXPECT_EQ(peer->BodyOf(1), std::string(200'000, 'x'));
  peer->Answer(1, "200", "");
  EXPECT_EQ(Await().status, 200);
  EXPECT_GT(Await().bytes_sent, 200'000);
}

TEST_F(Http2MessageTest, ALargeAnswerOpensTheWindowAsItComes) {
  Ask();
  const std::unique_ptr<Http2Peer> peer = Accept();
  AwaitRequest(*peer, 1);
  peer->SendHead(1, {{":status", "200"}});
  constexpr int kPieces = 600;  // of 16 KiB: 9.4 MiB, of which 4 may come unasked
  for (int i = 0; i < kPieces; ++i) {
    peer->SendData(1, std::string(16384, 'x'), i == kPieces - 1);
    loop_.Turn(/*wait=*/true);
  }
  EXPECT_EQ(Await().body.size(), kPieces * size_t{16384});
  EXPECT_TRUE(peer->Has(NGHTTP2_WINDOW_UPDATE, 1));
}

TEST_F(Http2MessageTest, AnAnswerMayComeBeforeTheRequestHasLeft) {
  Ask({.method = "POST", .body = std::string(1 << 20, 'x')});
  const std::unique_ptr<Http2Peer> peer = Accept();
  TurnUntil(loop_, [&] { return peer->Has(NGHTTP2_DATA, 1); });
  peer->Answer(1, "413", "too much");
  EXPECT_EQ(Await().status, 413);
  EXPECT_EQ(Await().body, "too much");
  TurnUntil(loop_, [&] { return peer->Has(NGHTTP2_RST_STREAM, 1); });
  ExpectWorks(*peer, 3);
}

TEST_F(Http2MessageTest, InterimAnswersAndTrailersAreNoPartOfIt) {
  const std::unique_ptr<Http2Peer> peer = UsedPeer();
  Ask();
  AwaitRequest(*peer, 3);
  peer->SendHead(3, {{":status", "103"}, {"link", "early"}});
  peer->SendHead(3, {{":status", "200"}, {"x-one", "1"}});
  peer->SendData(3, "body", /*last=*/false);
  peer->SendHead(3, {{"x-late", "2"}}, /*last=*/true);
  EXPECT_EQ(Await(1).status, 200);
  EXPECT_EQ(Await(1).body, "body");
  EXPECT_THAT(Await(1).headers, ElementsAre(Pair("x-one", "1")));
}

TEST_F(Http2MessageTest, AHeadThatNoAnswerMayHaveFailsItsExchangeOnly) {
  const std::unique_ptr<Http2Peer> peer = UsedPeer();
  int32_t stream = 3;
  for (const HeaderList& fields : std::vector<HeaderList>{
           {{":status", "099"}},
           {{":status", "200"}, {"x", std::string("a\0b", 3)}},
           {{":status", "200"}, {"x", "a\rb"}},
           {{":status", "200"}, {"x", "a\nb"}},
       }) {
    Ask();
    AwaitRequest(*peer, stream);
    peer->SendHead(stream, fields, /*last=*/true);
    const HttpResponse& response = Await(responses_.size() - 1);
    EXPECT_EQ(response.status, 0);
    EXPECT_EQ(response.error.code, 1632);
    EXPECT_EQ(response.error.message, "http2: stream error with http2 ErrCode PROTOCOL_ERROR");
    stream += 2;
  }
  ExpectWorks(*peer, stream);
}

TEST_F(Http2MessageTest, ABodyHasTheLengthThatWasAnnounced) {
  const std::unique_ptr<Http2Peer> peer = UsedPeer();
  Ask();
  Ask();
  AwaitRequest(*peer, 5);
  peer->SendHead(3, {{":status", "200"}, {"content-length", "10"}});
  peer->SendData(3, "short", /*last=*/true);
  EXPECT_EQ(Await(1).error.code, 1000);
  EXPECT_EQ(Await(1).error.message, "unexpected EOF");
  EXPECT_EQ(Await(1).body, "short");
  peer->SendHead(5, {{":status", "200"}, {"content-length", "2"}});
  peer->SendData(5, "long", /*last=*/true);
  EXPECT_EQ(Await(2).error.code, 1632);
  ExpectWorks(*peer, 7);
}

TEST_F(Http2MessageTest, AHeadThatIsTooLargeNamesItsLimits) {
  const std::unique_ptr<Http2Peer> peer = UsedPeer();
  Ask();
  AwaitRequest(*peer, 3);
  HeaderList fields = {{":status", "200"}};
  for (int i = 0; i < 12; ++i) {
    fields.emplace_back(absl::StrCat("x-", i), std::string(50'000, 'x'));
  }
  peer->SendHead(3, fields, /*last=*/true);
  EXPECT_EQ(Await(1).headers.size(), 12U);
  Ask();
  AwaitRequest(*peer, 5);
  for (int i = 0; i < 9; ++i) {
    fields.emplace_back(absl::StrCat("x-more-", i), std::string(52'000, 'x'));
  }
  peer->SendHead(5, fields, /*last=*/true);
  EXPECT_EQ(Await(2).error.code, 1000);
  EXPECT_EQ(Await(2).error.message, kTooLarge);
  ExpectWorks(*peer, 7);
}

TEST_F(Http2MessageTest, ALineThatIsTooLongNamesItsLimit) {
  const std::unique_ptr<Http2Peer> peer = UsedPeer();
  Ask();
  AwaitRequest(*peer, 3);
  peer->SendHead(3, {{":status", "200"}, {"x-long", std::string(70'000, 'x')}}, /*last=*/true);
  EXPECT_EQ(Await(1).error.code, 1660);
  EXPECT_EQ(Await(1).error.message,
            "http2: connection error with http2 ErrCode COMPRESSION_ERROR (a line of a header may "
            "have 64 KiB)");
}

TEST_F(Http2MessageTest, ARequestsHeadHasItsLimit) {
  Ask({.headers = {{"X-Long", std::string(2 << 20, 'x')}}});
  Accept();
  EXPECT_EQ(Await().error.message, "the header of the request is too large: 1 MiB at most");
}

TEST_F(Http2MessageTest, ABodyThatIsTooLongFailsItsExchangeOnly) {
  const std::unique_ptr<Http2Peer> peer = UsedPeer();
  Ask({.max_body_bytes = 3});
  AwaitRequest(*peer, 3);
  peer->Answer(3, "200", "long");
  EXPECT_THAT(Await(1).error.message, ::testing::StartsWith("the body is longer than 3 bytes"));
  ExpectWorks(*peer, 5);
}

TEST_F(Http2MessageTest, ABodyThatNobodyWantsIsCountedOnly) {
  Ask({.keep_body = false});
  const std::unique_ptr<Http2Peer> peer = Accept();
  AwaitRequest(*peer, 1);
  peer->Answer(1, "200", std::string(10'000, 'x'));
  EXPECT_EQ(Await().body, "");
  EXPECT_GT(Await().bytes_received, 10'000);
}

}  // namespace
}  // namespace lockstep::agent
