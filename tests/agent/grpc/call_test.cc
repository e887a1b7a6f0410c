// Calls and streams against a server in this process.
#include "agent/grpc/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/grpc/grpc_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(GrpcTest, AUnaryCallHasMessageMetadataAndItsTime) {
  const auto server = lockstep::testing::GrpcServer::Start();
  const auto channel = Connect(*server);
  const GrpcResult result = Greet(*channel, R"({"name":"ada","times":2})", absl::Seconds(20),
                                  {{"x-client", "m1"}, {"x-client-bin", std::string("\0\xff", 2)}});
  EXPECT_EQ(0, result.status);
  EXPECT_EQ(R"({"text":"hello adahello ada","meta":"m1"})", Answer(result.response));
  EXPECT_THAT(ValuesOf(result.headers, "x-srv"), ElementsAre("m1"));
  EXPECT_THAT(ValuesOf(result.headers, "x-srv-bin"), ElementsAre(std::string("\0\xff", 2)));
  EXPECT_THAT(ValuesOf(result.trailers, "x-trail"), ElementsAre("end"));
  EXPECT_GT(result.duration, absl::ZeroDuration());
  // name: 2 + 3 bytes, times: 2; text: 2 + 18, meta: 2 + 2; 14 for the frames.
  EXPECT_EQ(7 + 14, result.bytes_sent);
  EXPECT_EQ(24 + 14, result.bytes_received);
  EXPECT_EQ(server->address(), server->authority());
}

TEST_F(GrpcTest, AStatusIsAResultWithDetails) {
  const auto server = lockstep::testing::GrpcServer::Start();
  const auto channel = Connect(*server);
  const GrpcResult result = Greet(*channel, R"({"name":"nobody"})");
  EXPECT_EQ(5, result.status);
  EXPECT_EQ("no such person", result.error);
  EXPECT_FALSE(result.details.empty());
  EXPECT_THAT(ValuesOf(result.trailers, "x-trail"), ElementsAre("end"));
}

TEST_F(GrpcTest, ADeadlineEndsACall) {
  const auto server = lockstep::testing::GrpcServer::Start();
  const auto channel = Connect(*server);
  const GrpcResult result = Greet(*channel, R"({"name":"slow"})", absl::Milliseconds(50));
  EXPECT_EQ(4, result.status);
  EXPECT_EQ("context deadline exceeded", result.error);
  EXPECT_GE(result.duration, absl::Milliseconds(50));
}

TEST_F(GrpcTest, MessagesThatAreTooLargeAreRefused) {
  const auto server = lockstep::testing::GrpcServer::Start();
  EXPECT_THAT(Greet(*Connect(*server), R"({"name":"huge"})").error,
              HasSubstr("message larger than max"));
  const auto wide = Connect({.address = server->address(),
                             .plaintext = true,
                             .max_receive_bytes = 6'000'000,
                             .max_send_bytes = 10});
  EXPECT_EQ(0, Greet(**wide, R"({"name":"huge"})").status);
  const GrpcResult result = Greet(**wide, R"({"name":"longer than ten"})");
  EXPECT_EQ(8, result.status);
  EXPECT_THAT(result.error, HasSubstr("larger than max"));
}

TEST_F(GrpcTest, AnAbandonedCallIsCancelledAndTellsNobody) {
  const auto server = lockstep::testing::GrpcServer::Start();
  const auto channel = Connect(*server);
  auto call = StartUnary(*engine_, *channel, {.path = "/suite.Desk/Greet"},
                         Request(R"({"name":"slow"})"), [](const GrpcResult&) { FAIL(); });
  Until([&] { return server->messages() == 1; });
  call.reset();
  engine_.reset();  // waits for gRPC, which would not end without the cancellation
}

TEST_F(GrpcTest, ACancelledCallHasThatStatus) {
  const auto server = lockstep::testing::GrpcServer::Start();
  const auto channel = Connect(*server);
  int status = -1;
  bool by_us = false;
  const auto call = StartUnary(*engine_, *channel, {.path = "/suite.Desk/Greet"},
                               Request(R"({"name":"slow"})"), [&](const GrpcResult& result) {
                                 status = result.status;
                                 by_us = result.cancelled;
                               });
  call->Cancel();
  Until([&] { return status >= 0; });
  EXPECT_EQ(1, status);
  EXPECT_TRUE(by_us);
}

TEST_F(GrpcTest, AThousandCallsAtOnceAllComeBack) {
  const auto server = lockstep::testing::GrpcServer::Start();
  const auto channel = Connect(*server);
  constexpr int kCalls = 1000;
  int answered = 0;
  std::vector<std::unique_ptr<GrpcCall>> calls;
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(StartUnary(*engine_, *channel, {.path = "/suite.Desk/Greet"},
                               Request(R"({"name":"ada","times":1})"),
                               [&](const GrpcResult& result) { answered += result.status == 0; }));
  }
  Until([&] { return answered == kCalls; });
  EXPECT_EQ(kCalls, server->calls().at("/suite.Desk/Greet"));
}

TEST_F(GrpcTest, AServersStreamComesInOrderAndNotFasterThanItIsTaken) {
  const auto server = lockstep::testing::GrpcServer::Start();
  const auto channel = Connect(*server);
  StreamLog log;
  const auto stream = OpenStream(*engine_, *channel, {.path = "/suite.Desk/Count"}, log);
  EXPECT_TRUE(stream->Write(Request(R"({"times":40})")));
  stream->WritesDone();
  EXPECT_FALSE(stream->Write(Request("{}")));
  Until([&] { return log.messages.size() == 16; });
  for (int i = 0; i < 20; ++i) {  // nothing else comes
    loop_->After(absl::Milliseconds(1), [] {});
    loop_->Turn(true);
  }
  EXPECT_THAT(log.messages, SizeIs(16));
  size_t taken = 0;
  Until([&] {
    for (; taken < log.messages.size(); ++taken) {
      stream->Taken();
    }
    return log.over;
  });
  ASSERT_THAT(log.messages, SizeIs(40));
  EXPECT_THAT(Answer(log.messages[0]), HasSubstr(R"("n1")"));
  EXPECT_THAT(Answer(log.messages[39]), HasSubstr(R"("n40")"));
  EXPECT_EQ("headers", log.events[0]);
  EXPECT_EQ(0, log.result.status);
  EXPECT_EQ(1, log.sent);
}

TEST_F(GrpcTest, AClientsStreamHasOneAnswer) {
  const auto server = lockstep::testing::GrpcServer::Start();
  const auto channel = Connect(*server);
  StreamLog log;
  const auto stream = OpenStream(*engine_, *channel, {.path = "/suite.Desk/Sum"}, log);
  for (int i = 1; i <= 100; ++i) {
    EXPECT_TRUE(stream->Write(Request(absl::StrCat("{\"times\":", i, "}"))));
  }
  stream->WritesDone();
  Until([&] { return log.over; });
  ASSERT_THAT(log.messages, SizeIs(1));
  EXPECT_THAT(Answer(log.messages[0]), HasSubstr(R"("5050")"));
  EXPECT_EQ(100, log.sent);
}

TEST_F(GrpcTest, AStreamOfBothSidesEndsWhenTheServerSaysSo) {
  const auto server = lockstep::testing::GrpcServer::Start();
  const auto channel = Connect(*server);
  StreamLog log;
  const auto stream = OpenStream(*engine_, *channel, {.path = "/suite.Desk/Chat"}, log);
  stream->Write(Request(R"({"name":"a"})"));
  Until([&] { return log.messages.size() == 1; });
  stream->Write(Request(R"({"name":"bye"})"));
  Until([&] { return log.over; });
  EXPECT_THAT(Answer(log.messages[1]), HasSubstr("re:bye"));
  EXPECT_EQ(0, log.result.status);
  EXPECT_FALSE(stream->Write(Request(R"({"name":"late"})")));
}

TEST_F(GrpcTest, AStreamEndsWithItsStatus) {
  const auto server = lockstep::testing::GrpcServer::Start();
  const auto channel = Connect(*server);
  StreamLog log;
  const auto stream = OpenStream(*engine_, *channel, {.path = "/suite.Desk/Count"}, log);
  stream->Write(Request(R"({"name":"abort","times":1})"));
  Until([&] { return log.over; });
  EXPECT_EQ(10, log.result.status);
  EXPECT_EQ("enough", log.result.error);
  EXPECT_THAT(log.messages, SizeIs(1));

  StreamLog unknown;
  const auto other = OpenStream(*engine_, *channel, {.path = "/suite.Desk/None"}, unknown);
  Until([&] { return unknown.over; });
  EXPECT_EQ(12, unknown.result.status);
}

TEST_F(GrpcTest, AnAbandonedStreamIsCancelled) {
  const auto server = lockstep::testing::GrpcServer::Start();
  const auto channel = Connect(*server);
  StreamLog log;
  auto stream = OpenStream(*engine_, *channel, {.path = "/suite.Desk/Chat"}, log);
  stream->Write(Request(R"({"name":"a"})"));
  Until([&] { return log.messages.size() == 1; });
  stream.reset();
  auto young = OpenStream(*engine_, *channel, {.path = "/suite.Desk/Chat"}, log);
  young.reset();
  engine_.reset();
  EXPECT_FALSE(log.over);
}

TEST(CheckMetadata, RefusesWhatGrpcCannotSend) {
  EXPECT_TRUE(CheckMetadata("x-a_b.c1", "text").ok());
  EXPECT_TRUE(CheckMetadata("x-bin", std::string("\0\1", 2)).ok());
  EXPECT_THAT(CheckMetadata("x a", "t").message(), HasSubstr("a name consists of"));
  EXPECT_THAT(CheckMetadata("", "t").message(), HasSubstr("a name consists of"));
  EXPECT_THAT(CheckMetadata(":path", "t").message(), HasSubstr("a name consists of"));
  EXPECT_THAT(CheckMetadata("x", "a\nb").message(), HasSubstr("printable ASCII"));
}

}  // namespace
}  // namespace lockstep::agent
