// HTTP/2 over connections of our own, with a server whose every frame the test decides.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"

#include "agent/net/http2_error.h"
#include "tests/agent/net/http2_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;

TEST_F(Http2Test, AnExchangeIsOneStream) {
  Ask({.method = "POST",
       .headers = {{"X-One", "1"}, {"Connection", "keep-alive"}, {"TE", "gzip"}},
       .body = "what"});
  const std::unique_ptr<Http2Peer> peer = Accept();
  AwaitRequest(*peer, 1);
  EXPECT_THAT(
      peer->FramesOf(NGHTTP2_HEADERS, 1)[0].fields,
      ElementsAre(Pair(":method", "POST"), Pair(":scheme", "http"),
                  Pair(":authority", absl::StrCat("127.0.0.1:", listener_.port())),
                  Pair(":path", "/path?q=1"), Pair("x-one", "1"), Pair("content-length", "4")));
  EXPECT_EQ(peer->BodyOf(1), "what");
  peer->SendHead(1, {{":status", "201"}, {"content-length", "4"}, {"x-two", "2"}});
  peer->SendData(1, "fine", /*last=*/true);
  const HttpResponse& response = Await();
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.status_text, "201 Created");
  EXPECT_EQ(response.proto, "HTTP/2.0");
  EXPECT_THAT(response.headers, ElementsAre(Pair("content-length", "4"), Pair("x-two", "2")));
  EXPECT_EQ(response.body, "fine");
  EXPECT_EQ(response.remote_ip, "127.0.0.1");
  EXPECT_EQ(response.remote_port, listener_.port());
  EXPECT_GT(response.timings.connecting, absl::ZeroDuration());
  EXPECT_GT(response.timings.duration(), absl::ZeroDuration());
  const size_t sent = peer->FramesOf(NGHTTP2_HEADERS, 1)[0].payload.size() + 4 + 2 * 9;
  EXPECT_EQ(response.bytes_sent, static_cast<int64_t>(sent));
  EXPECT_GT(response.bytes_received, 4 + 2 * 9);
}

TEST_F(Http2Test, TheAuthorityIsSentAsTheUrlSpellsIt) {
  Ask({}, "LocalHost");
  const std::unique_ptr<Http2Peer> peer = Accept();
  AwaitRequest(*peer, 1);
  EXPECT_THAT(peer->FramesOf(NGHTTP2_HEADERS, 1)[0].fields,
              Contains(Pair(":authority", absl::StrCat("LocalHost:", listener_.port()))));
}

TEST_F(Http2Test, OneConnectionCarriesThemInTurnAndSideBySide) {
  const std::unique_ptr<Http2Peer> peer = UsedPeer();
  ExpectWorks(*peer, 3);
  Ask();
  Ask({.method = "HEAD"});
  AwaitRequest(*peer, 5);
  AwaitRequest(*peer, 7);
  peer->SendHead(7, {{":status", "200"}, {"content-length", "10"}}, /*last=*/true);
  EXPECT_EQ(Await(3).status, 200);
  EXPECT_FALSE(responses_[2].has_value());
  peer->Answer(5, "204", "");
  EXPECT_EQ(Await(2).status, 204);
  EXPECT_EQ(listener_.Accept(), nullptr);
}

// They are all begun before there is a connection.
TEST_F(Http2Test, ABatchWaitsForTheFirstConnection) {
  for (int i = 0; i < 3; ++i) {
    Ask();
  }
  const std::unique_ptr<Http2Peer> peer = Accept();
  for (const int32_t stream : {1, 3, 5}) {
    AwaitRequest(*peer, stream);
    peer->Answer(stream, "200", "all");
  }
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(Await(i).body, "all");
  }
  EXPECT_EQ(listener_.Accept(), nullptr);
}

TEST_F(Http2Test, WhatOneConnectionDoesNotTakeGoesOverAnother) {
  Ask();
  const std::unique_ptr<Http2Peer> first = Accept({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}});
  AwaitRequest(*first, 1);
  TurnUntil(loop_, [&] { return first->FramesOf(NGHTTP2_SETTINGS, 0).size() == 2; });  // taken
  Ask();
  const std::unique_ptr<Http2Peer> second = Accept();
  AwaitRequest(*second, 1);
  second->Answer(1, "200", "second");
  EXPECT_EQ(Await(1).body, "second");
  first->Answer(1, "200", "first");
  EXPECT_EQ(Await(0).body, "first");
}

TEST_F(Http2Test, AServerThatTakesNoStreamIsWaitedFor) {
  Ask();
  const std::unique_ptr<Http2Peer> peer = Accept({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0}});
  AwaitRequest(*peer, 1);
  peer->Answer(1, "200", "first");
  Await(0);
  Ask();
  loop_.Turn(/*wait=*/false);
  EXPECT_FALSE(peer->Asked(3));
  peer->Send(NGHTTP2_SETTINGS, 0, 0, absl::string_view("\0\3\0\0\0\1", 6));
  AwaitRequest(*peer, 3);
  peer->Answer(3, "200", "second");
  EXPECT_EQ(Await(1).body, "second");
}

// Whatever its method: the server says that it has not worked on it.
TEST_F(Http2Test, ARefusedRequestIsSentAgain) {
  Ask({.method = "POST", .body = "order"});
  const std::unique_ptr<Http2Peer> peer = Accept();
  AwaitRequest(*peer, 1);
  peer->Reset(1, NGHTTP2_REFUSED_STREAM);
  AwaitRequest(*peer, 3);
  EXPECT_EQ(peer->BodyOf(3), "order");
  peer->Answer(3, "200", "taken");
  EXPECT_EQ(Await().body, "taken");
}

TEST_F(Http2Test, RefusedAgainItIsSentAfterAPauseThatEndsWithItsTimeout) {
  Ask({.timeout = absl::Milliseconds(300)});
  const std::unique_ptr<Http2Peer> peer = Accept();
  for (const int32_t stream : {1, 3}) {
    AwaitRequest(*peer, stream);
    peer->Reset(stream, NGHTTP2_REFUSED_STREAM);
  }
  EXPECT_EQ(Await().error.code, 1050);
  EXPECT_EQ(PauseAfter(1), absl::ZeroDuration());
  EXPECT_EQ(PauseAfter(2), absl::Seconds(1));
  EXPECT_EQ(PauseAfter(kMaxRefusals), absl::Seconds(32));
}

TEST_F(Http2Test, BehindTheLastStreamOfAGoAwayRequestsAreSentAgain) {
  const std::unique_ptr<Http2Peer> old = UsedPeer();
  Ask();
  Ask({.method = "POST", .body = "order"});
  AwaitRequest(*old, 3);
  AwaitRequest(*old, 5);
  old->GoAway(3, NGHTTP2_NO_ERROR);
  const std::unique_ptr<Http2Peer> fresh = Accept();
  AwaitRequest(*fresh, 1);
  EXPECT_EQ(fresh->BodyOf(1), "order");
  fresh->Answer(1, "200", "fresh");
  EXPECT_EQ(Await(2).body, "fresh");
  old->Answer(3, "200", "old");
  EXPECT_EQ(Await(1).body, "old");
  TurnUntil(loop_, [&] { return old->Ended(); });
  ExpectWorks(*fresh, 3);
}

TEST_F(Http2Test, AConnectionThatSaysGoodbyeWhileIdleIsLeft) {
  const std::unique_ptr<Http2Peer> old = UsedPeer();
  old->GoAway(1, NGHTTP2_NO_ERROR);
  TurnUntil(loop_, [&] { return old->Ended(); });
  Ask({.method = "POST", .body = "order"});
  const std::unique_ptr<Http2Peer> fresh = Accept();
  AwaitRequest(*fresh, 1);
}

struct Failure {
  int code;
  const char* message;
};

TEST_F(Http2Test, ResetsAreErrorsOfTheirFamily) {
  const std::unique_ptr<Http2Peer> peer = UsedPeer();
  int32_t stream = 1;
  for (const auto& [reset, failure] : std::initializer_list<std::pair<uint32_t, Failure>>{
           {NGHTTP2_NO_ERROR, {1631, "http2: stream error with http2 ErrCode NO_ERROR"}},
           {NGHTTP2_INTERNAL_ERROR,
            {1633, "http2: stream error with http2 ErrCode INTERNAL_ERROR"}},
           {NGHTTP2_HTTP_1_1_REQUIRED,
            {1644, "http2: stream error with http2 ErrCode HTTP_1_1_REQUIRED"}},
           {0x99, {1630, "http2: stream error with http2 ErrCode unknown error code 0x99"}}}) {
    Ask();
    stream += 2;
    AwaitRequest(*peer, stream);
    peer->Reset(stream, reset);
    const HttpResponse& response = Await(responses_.size() - 1);
    EXPECT_EQ(response.status, 0);
    EXPECT_EQ(response.proto, "");
    EXPECT_EQ(response.error.code, failure.code);
    EXPECT_EQ(response.error.message, failure.message);
  }
  ExpectWorks(*peer, stream + 2);
}

TEST_F(Http2Test, AGoAwayThatEndsInAnErrorIsOne) {
  Ask();
  const std::unique_ptr<Http2Peer> peer = Accept();
  AwaitRequest(*peer, 1);
  peer->GoAway(0, NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(Await().error.code, 1622);
  EXPECT_EQ(Await().error.message, "http2: received GoAway with http2 ErrCode ENHANCE_YOUR_CALM");
}

// As nghttp2's server does, of which Node's is one, when a header's line is larger than it takes.
TEST_F(Http2Test, AGoAwayWithAnErrorEndsAllThoughTheConnectionStaysOpen) {
  const std::unique_ptr<Http2Peer> peer = UsedPeer();
  Ask();
  Ask();
  AwaitRequest(*peer, 5);
  peer->GoAway(5, NGHTTP2_COMPRESSION_ERROR);
  for (const size_t index : {1U, 2U}) {
    EXPECT_EQ(Await(index).error.code, 1620);
    EXPECT_EQ(Await(index).error.message,
              "http2: received GoAway with http2 ErrCode COMPRESSION_ERROR (many servers take no "
              "line of a header above 64 KiB)");
  }
  TurnUntil(loop_, [&] { return peer->Ended(); });
}

TEST_F(Http2Test, APeerThatBreaksTheRulesEndsItsConnection) {
  Ask();
  Ask();
  const std::unique_ptr<Http2Peer> peer = Accept();
  AwaitRequest(*peer, 3);
  peer->SendData(0, "nowhere", /*last=*/false);
  for (const size_t index : {0U, 1U}) {
    EXPECT_EQ(Await(index).error.code, 1652);
    EXPECT_EQ(Await(index).error.message,
              "http2: connection error with http2 ErrCode PROTOCOL_ERROR");
  }
  TurnUntil(loop_, [&] { return peer->Ended(); });
  EXPECT_TRUE(peer->Has(NGHTTP2_GOAWAY, 0));
  Ask();
  AwaitRequest(*Accept(), 1);
}

TEST_F(Http2Test, AServerOfHttp1IsNotTakenForOne) {
  Ask();
  std::unique_ptr<RawPeer> peer;
  TurnUntil(loop_, [&] { return (peer = listener_.Accept()) != nullptr; });
  peer->Write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(Await().error.code, 1652);
  EXPECT_EQ(Await().error.message, "http2: connection error with http2 ErrCode PROTOCOL_ERROR");
}

TEST_F(Http2Test, AConnectionThatIsLostBeforeTheAnswerMayBeReplaced) {
  std::unique_ptr<Http2Peer> peer = UsedPeer();
  Ask();
  Ask({.method = "POST", .body = "order"});
  AwaitRequest(*peer, 5);
  peer.reset();
  EXPECT_EQ(Await(2).error.code, 1000);
  EXPECT_EQ(Await(2).error.message, "unexpected EOF");
  peer = Accept();
  AwaitRequest(*peer, 1);
  peer->SendHead(1, {{":status", "200"}});
  peer->SendData(1, "begun", /*last=*/false);
  loop_.Turn(/*wait=*/true);
  peer->Frames();  // a connection that is closed with something unread is reset
  peer.reset();
  EXPECT_EQ(Await(1).error.message, "unexpected EOF");
  EXPECT_EQ(Await(1).body, "begun");
}

TEST_F(Http2Test, PingsAndSettingsAreAnswered) {
  const std::unique_ptr<Http2Peer> peer = UsedPeer();
  peer->Send(NGHTTP2_PING, 0, 0, "12345678");
  TurnUntil(loop_, [&] { return peer->Has(NGHTTP2_PING, 0); });
  EXPECT_EQ(peer->FramesOf(NGHTTP2_PING, 0)[0].payload, "12345678");
  EXPECT_EQ(peer->FramesOf(NGHTTP2_PING, 0)[0].flags, NGHTTP2_FLAG_ACK);
  EXPECT_EQ(peer->FramesOf(NGHTTP2_SETTINGS, 0).back().flags, NGHTTP2_FLAG_ACK);
  ExpectWorks(*peer, 3);
}

TEST_F(Http2Test, ATimeoutAndACancelEndTheirStreamOnly) {
  const std::unique_ptr<Http2Peer> peer = UsedPeer();
  Ask({.timeout = absl::Milliseconds(20)});
  const ExchangeId cancelled = Ask();
  AwaitRequest(*peer, 5);
  loop_.Cancel(cancelled);
  EXPECT_EQ(Await(1).error.code, 1050);
  for (const int32_t stream : {3, 5}) {
    TurnUntil(loop_, [&] { return peer->Has(NGHTTP2_RST_STREAM, stream); });
    EXPECT_EQ(peer->FramesOf(NGHTTP2_RST_STREAM, stream)[0].payload,
              absl::string_view("\0\0\0\x8", 4));  // CANCEL
  }
  peer->Answer(3, "200", "late");
  ExpectWorks(*peer, 7);
  EXPECT_FALSE(responses_[2].has_value());
}

TEST_F(Http2Test, AClearClosesIdleConnectionsAndThoseInUseAfterwards) {
  const std::unique_ptr<Http2Peer> idle = UsedPeer();
  pool_->Clear();
  TurnUntil(loop_, [&] { return idle->Ended(); });
  Ask();
  const std::unique_ptr<Http2Peer> used = Accept();
  AwaitRequest(*used, 1);
  pool_->Clear();
  used->Answer(1, "200", "still");
  EXPECT_EQ(Await(1).body, "still");
  TurnUntil(loop_, [&] { return used->Ended(); });
}

TEST_F(Http2Test, WithItsPoolAConnectionGoes) {
  const std::unique_ptr<Http2Peer> peer = UsedPeer();
  Ask();
  AwaitRequest(*peer, 3);
  pool_.reset();
  TurnUntil(loop_, [&] { return peer->Ended(); });
  EXPECT_FALSE(responses_[1].has_value());
}

class Http2OnceTest : public Http2Test {
 protected:
  Http2OnceTest() : Http2Test({.no_connection_reuse = true, .http2_prior_knowledge = true}) {}
};

TEST_F(Http2OnceTest, EachExchangeHasItsOwnConnection) {
  Ask();
  Ask();
  const std::unique_ptr<Http2Peer> one = Accept(), other = Accept();
  for (Http2Peer* const peer : {one.get(), other.get()}) {
    AwaitRequest(*peer, 1);
    peer->Answer(1, "200", "alone");
    TurnUntil(loop_, [&] { return peer->Ended(); });
  }
  EXPECT_EQ(Await(0).body, "alone");
  EXPECT_EQ(Await(1).body, "alone");
}

}  // namespace
}  // namespace lockstep::agent
