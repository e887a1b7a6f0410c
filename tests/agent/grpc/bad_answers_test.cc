// Answers that no gRPC library would send, and which their server calls a success.
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "agent/grpc/call_parts.h"
#include "tests/agent/grpc/grpc_fixture.h"
#include "tests/support/raw_grpc_server.h"

namespace lockstep::agent {
namespace {

using lockstep::testing::RawGrpcServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BadAnswers : public GrpcTest {
 protected:
  static std::string Message() { return RawGrpcServer::Framed("\x0a\x02ok"); }  // {text: "ok"}

  GrpcResult Unary(RawGrpcServer::Answer answer, absl::Duration timeout = absl::Seconds(20)) {
    server_.Say(std::move(answer));
    const auto channel = Connect({.address = server_.address(), .plaintext = true});
    EXPECT_TRUE(channel.ok()) << channel.status();
    return Greet(**channel, "{}", timeout);
  }
  void Stream(RawGrpcServer::Answer answer, bool one_message, StreamLog* log) {
    server_.Say(std::move(answer));
    const auto channel = Connect({.address = server_.address(), .plaintext = true});
    const auto stream = OpenStream(*engine_, **channel,
                                   {.path = "/suite.Desk/Count", .one_message = one_message}, *log);
    stream->WritesDone();
    Until([&] { return log->over; });
  }

  RawGrpcServer server_;
};

TEST_F(BadAnswers, AGoodOneIsAnswered) {
  const GrpcResult result = Unary({.data = Message(), .headers = {{"x-a", "1"}, {"x-a", "2"}}});
  EXPECT_EQ(0, result.status) << result.error;
  EXPECT_EQ(R"({"text":"ok","meta":""})", Answer(result.response));
  EXPECT_THAT(ValuesOf(result.headers, "x-a"), ElementsAre("1", "2"));
  EXPECT_EQ(0, Unary({.data = RawGrpcServer::Framed("")}).status);
}

TEST_F(BadAnswers, NoMessageIsAnError) {
  const GrpcResult none = Unary({});
  EXPECT_EQ(13, none.status);
  EXPECT_THAT(none.error, HasSubstr("cardinality violation"));
}

TEST_F(BadAnswers, AMessageThatIsCutShortIsAnError) {
  for (const size_t bytes : {1, 4, 5, 8}) {
    const GrpcResult cut = Unary({.data = Message().substr(0, bytes)});
    EXPECT_EQ(13, cut.status) << bytes;
    EXPECT_THAT(cut.error, HasSubstr("unexpected EOF"));
    EXPECT_THAT(cut.response, IsEmpty());
  }
}

TEST_F(BadAnswers, AConnectionThatEndsInTheMiddleHasGosWords) {
  for (const auto& [end, words] :
       {std::pair(RawGrpcServer::End::kClose, "error reading from server: EOF"),
        std::pair(RawGrpcServer::End::kReset,
                  "error reading from server: read: connection reset by peer")}) {
    const GrpcResult result = Unary({.end = end});
    EXPECT_EQ(14, result.status);
    EXPECT_EQ(words, result.error);
    StreamLog log;
    Stream({.data = Message(), .end = end}, /*one_message=*/false, &log);
    EXPECT_EQ(words, log.result.error);
  }
}

TEST(ResultOf, AResetConnectionHasGosWordsWhicheverCallMetIt) {
  for (const char* words : {"Connection reset by peer", "recvmsg:Connection reset by peer",
                            "sendmsg:Connection reset by peer", "sendmsg:Broken pipe"}) {
    EXPECT_EQ("error reading from server: read: connection reset by peer",
              agent::ResultOf(GRPC_STATUS_UNAVAILABLE, words).error);
    EXPECT_EQ(words, agent::ResultOf(GRPC_STATUS_INTERNAL, words).error);
  }
}

TEST_F(BadAnswers, TheStatusOfAFailureStaysWhatItIs) {
  const GrpcResult result =
      Unary({.trailers = {{"grpc-status", "7"}, {"grpc-message", "no%20way"}, {"x-b", "2"}}});
  EXPECT_EQ(7, result.status);
  EXPECT_EQ("no way", result.error);
  EXPECT_THAT(ValuesOf(result.trailers, "x-b"), ElementsAre("2"));
  EXPECT_EQ(99, Unary({.trailers = {{"grpc-status", "99"}}}).status);
}

TEST_F(BadAnswers, AServerOfHttpIsNamedAsGoNamesIt) {
  const auto page = [](const char* status) {
    return RawGrpcServer::Answer{.data = "<html>hello</html>",
                                 .headers = {{":status", status}, {"content-type", "text/html"}},
                                 .trailers = {{"x-a", "b"}}};
  };
  for (const auto& [http, status, words] :
       {std::tuple("404", 12, "unexpected HTTP status code received from server: 404 (Not Found)"),
        std::tuple("503", 14,
                   "unexpected HTTP status code received from server: 503 (Service Unavailable)"),
        std::tuple("200", 2, kNoGrpcStatus)}) {
    const GrpcResult result = Unary(page(http));
    EXPECT_EQ(status, result.status);
    EXPECT_EQ(words, result.error);
    StreamLog log;
    Stream(page(http), /*one_message=*/false, &log);
    EXPECT_EQ(words, log.result.error);
  }
  EXPECT_EQ(kNoGrpcStatus, Unary({.data = Message(), .trailers = {{"x-a", "b"}}}).error);
}

TEST_F(BadAnswers, AStreamThatEndsWithoutTrailersHasGosWords) {
  const RawGrpcServer::Answer answer{.data = Message(), .end = RawGrpcServer::End::kData};
  for (const bool one_message : {false, true}) {
    StreamLog log;
    Stream(answer, one_message, &log);
    EXPECT_EQ(13, log.result.status);
    EXPECT_EQ("server closed the stream without sending trailers", log.result.error);
    EXPECT_THAT(log.messages, SizeIs(1));
  }
  // Without a message nothing says that this is a server of gRPC, and of a unary call it may be
  // dropped.
  for (const std::string& data : {std::string(), Message()}) {
    const GrpcResult result = Unary({.data = data, .end = RawGrpcServer::End::kData});
    EXPECT_EQ(2, result.status);
    EXPECT_EQ(kNoTrailersOfWhom, result.error);
  }
}

TEST(ResultOf, AStreamThatIsResetHasGosWords) {
  const auto of = [](int number) {
    return agent::ResultOf(GRPC_STATUS_INTERNAL,
                           absl::StrCat("Received RST_STREAM with error code ", number))
        .error;
  };
  EXPECT_EQ("stream terminated by RST_STREAM with error code: REFUSED_STREAM", of(7));
  EXPECT_EQ("stream terminated by RST_STREAM with error code: HTTP_1_1_REQUIRED", of(13));
  EXPECT_EQ("stream terminated by RST_STREAM with error code: unknown error code 0xff", of(255));
}

TEST_F(BadAnswers, TwoMessagesEndACallAtOnce) {
  for (const int messages : {2, 3}) {
    std::string data;
    for (int i = 0; i < messages; ++i) {
      data += Message();
    }
    const GrpcResult result = Unary({.data = data}, absl::InfiniteDuration());
    EXPECT_EQ(13, result.status);
    EXPECT_THAT(result.error, HasSubstr("more than one message"));
  }
}

TEST_F(BadAnswers, AMessageCompressedInNoKnownWayIsAnError) {
  for (const RawGrpcServer::Fields& headers :
       {RawGrpcServer::Fields{}, RawGrpcServer::Fields{{"grpc-encoding", "identity"}},
        RawGrpcServer::Fields{{"grpc-encoding", "snappy"}}}) {
    const std::string data = RawGrpcServer::Framed("\x0a\x02ok", 1);
    const GrpcResult result = Unary({.data = data, .headers = headers});
    EXPECT_EQ(13, result.status);
    EXPECT_THAT(result.error, HasSubstr("grpc-encoding"));
    StreamLog log;
    Stream({.data = Message() + data, .headers = headers}, false, &log);
    EXPECT_EQ(13, log.result.status);
    EXPECT_THAT(log.result.error, HasSubstr("grpc-encoding"));
    EXPECT_THAT(log.messages, SizeIs(1));
  }
  EXPECT_EQ(
      13, Unary({.data = RawGrpcServer::Framed("nope", 1), .headers = {{"grpc-encoding", "gzip"}}})
              .status);
}

TEST_F(BadAnswers, AStreamOfTheClientHasOneMessageAsItsAnswer) {
  for (const std::string& data : {std::string(), Message() + Message(), Message().substr(0, 8)}) {
    StreamLog log;
    Stream({.data = data}, true, &log);
    EXPECT_EQ(13, log.result.status);
    EXPECT_THAT(log.result.error, HasSubstr("cardinality violation"));
    EXPECT_THAT(log.messages.size(), ::testing::Le(1u));
  }
  StreamLog good;
  Stream({.data = Message()}, true, &good);
  EXPECT_EQ(0, good.result.status);
  StreamLog empty;
  Stream({}, false, &empty);
  EXPECT_EQ(0, empty.result.status);
}

TEST_F(BadAnswers, AListenerMayFailAStream) {
  class Picky final : public GrpcStreamListener {
   public:
    void OnHeaders(const GrpcMetadata&) override {}
    void OnMessage(std::string) override {
      ++messages;
      stream->Fail("not mine");
    }
    void OnSent() override {}
    void OnEnd(GrpcResult got) override { result = std::move(got); }
    GrpcStream* stream = nullptr;
    int messages = 0;
    std::optional<GrpcResult> result;
  };
  std::string data;
  for (int i = 0; i < 40; ++i) {
    data += Message();
  }
  server_.Say({.data = data});
  const auto channel = Connect({.address = server_.address(), .plaintext = true});
  Picky picky;
  const auto stream = OpenStream(*engine_, **channel, {.path = "/suite.Desk/Count"}, picky);
  picky.stream = stream.get();
  stream->WritesDone();
  Until([&] { return picky.result.has_value(); });
  EXPECT_EQ(13, picky.result->status);
  EXPECT_EQ("not mine", picky.result->error);
  EXPECT_EQ(1, picky.messages);
}

TEST_F(BadAnswers, MetadataMayBeAsLargeAsInGo) {
  const std::string large(100'000, 'a');
  const GrpcResult result =
      Unary({.data = Message(),
             .headers = {{"x-large", large}},
             .trailers = {{"grpc-status", "0"}, {"x-larger", large + large}}});
  EXPECT_EQ(0, result.status) << result.error;
  EXPECT_THAT(ValuesOf(result.headers, "x-large"), ElementsAre(large));
  EXPECT_THAT(ValuesOf(result.trailers, "x-larger"), ElementsAre(large + large));
}

}  // namespace
}  // namespace lockstep::agent
