// Sessions of Engine.IO on simulated time, against a server that the test plays.
#include "agent/http/socketio/engine_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/support/fake_http_client.h"
#include "tests/support/parsed_url.h"
#include "tests/support/sim_loop.h"

namespace lockstep::agent {
namespace {

using ::lockstep::testing::FakeHttpClient;
using ::lockstep::testing::ParsedUrl;
using ::lockstep::testing::SimLoop;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class NoPool final : public ConnectionPool {
 public:
  void Clear() override {}
};

class EngineSessionTest : public ::testing::Test, protected EngineListener {
 protected:
  void Start(EngineOptions options = {}) {
    options.url = ParsedUrl("http://h/socket.io/?room=1");
    options.url.path = "/socket.io/";
    options.jar = jar_;
    EngineListener& listener = *this;
    session_ = std::make_unique<EngineSession>(env_, std::move(options), listener);
  }
  void StartWithSocket(EngineProtocol protocol = EngineProtocol::kFour) {
    Start({.protocol = protocol, .polling = false});
    client_.socket()->listener().OnOpen({});
    client_.socket()->listener().OnText(
        R"(0{"sid":"s","upgrades":[],"pingInterval":300,"pingTimeout":200})");
  }
  std::string UrlOf(absl::string_view method) {
    for (const FakeHttpClient::Exchange& exchange : client_.exchanges) {
      if (exchange.request.method == method) {
        return exchange.request.url.request_url();
      }
    }
    return "";
  }
  std::string BodyOf(absl::string_view method) {
    for (const FakeHttpClient::Exchange& exchange : client_.exchanges) {
      if (exchange.request.method == method) {
        return exchange.request.body;
      }
    }
    return "(none)";
  }
  bool Polled(std::string payload) { return client_.Answer("GET", 200, std::move(payload)); }

  void OnEngineOpen(const HttpResponse&) override { seen_.push_back("open"); }
  void OnEngineMessage(EnginePacket message) override {
    seen_.push_back(absl::StrCat(message.binary ? "bytes " : "text ", message.data));
    if (message.data == "destroy") {
      session_.reset();
    }
  }
  void OnEngineUpgrade() override { seen_.push_back("upgrade"); }
  void OnEngineClose(absl::string_view reason, std::string detail, const HttpResponse&) override {
    seen_.push_back(absl::StrCat("close ", reason, ": ", detail));
  }

  static constexpr char kHandshake[] =
      R"(0{"sid":"s","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":100})";

  SimLoop loop_;
  FakeHttpClient client_;
  NoPool pool_;
  EngineEnv env_{client_, pool_, loop_, [](int64_t, int64_t) {}};
  std::shared_ptr<CookieJar> jar_ = std::make_shared<CookieJar>();
  std::unique_ptr<EngineSession> session_;
  std::vector<std::string> seen_;
};

TEST_F(EngineSessionTest, PollsAndPosts) {
  Start({.websocket = false});
  EXPECT_EQ("http://h/socket.io/?room=1&EIO=4&transport=polling", UrlOf("GET"));
  ASSERT_TRUE(Polled(absl::StrCat(kHandshake,
                                  "\x1e"
                                  "4early")));
  EXPECT_EQ("http://h/socket.io/?room=1&EIO=4&transport=polling&sid=s", UrlOf("GET"));
  EXPECT_THAT(seen_, ElementsAre("open", "text early"));
  EXPECT_EQ(nullptr, client_.socket());
  session_->Send({.data = "one"});
  session_->Send({.data = "two"});
  session_->Send({.data = "\x01", .binary = true});
  EXPECT_EQ("4one", BodyOf("POST"));
  ASSERT_TRUE(client_.Answer("POST", 200, "ok"));
  EXPECT_EQ(
      "4two\x1e"
      "bAQ==",
      BodyOf("POST"));
  ASSERT_TRUE(Polled("bAQ=="));
  EXPECT_EQ("bytes \x01", seen_.back());
}

TEST_F(EngineSessionTest, BodiesAreNotLongerThanTheServerTakes) {
  Start({.websocket = false});
  Polled(kHandshake);
  session_->Send({.data = "first"});
  for (int i = 0; i < 4; ++i) {
    session_->Send({.data = std::string(40, 'x')});
  }
  client_.Answer("POST", 200, "ok");
  EXPECT_EQ(2 * 41 + 1, BodyOf("POST").size());
  client_.Answer("POST", 200, "ok");
  EXPECT_EQ(2 * 41 + 1, BodyOf("POST").size());
  client_.Answer("POST", 200, "ok");
  EXPECT_EQ("(none)", BodyOf("POST"));
}

TEST_F(EngineSessionTest, PollsAreInBase64ForProtocol3) {
  Start({.protocol = EngineProtocol::kThree, .websocket = false});
  EXPECT_EQ("http://h/socket.io/?room=1&EIO=3&transport=polling&b64=1", UrlOf("GET"));
  ASSERT_TRUE(Polled(R"(12:0{"sid":"s"}2:40)"));
  EXPECT_THAT(seen_, ElementsAre("open", "text 0"));
  session_->Send({.data = "é"});
  EXPECT_EQ("2:4é", BodyOf("POST"));
}

TEST_F(EngineSessionTest, UpgradesOnceTheLastPollIsAnswered) {
  Start();
  Polled(kHandshake);
  FakeHttpClient::Socket* const socket = client_.socket();
  ASSERT_NE(nullptr, socket);
  EXPECT_EQ("http://h/socket.io/?room=1&EIO=4&transport=websocket&sid=s",
            socket->request().url.request_url());
  socket->listener().OnOpen({});
  EXPECT_THAT(socket->Sent(), ElementsAre("2probe"));
  session_->Send({.data = "posted"});
  socket->listener().OnText("3probe");
  session_->Send({.data = "later"});
  EXPECT_THAT(socket->Sent(), IsEmpty());
  client_.Answer("POST", 200, "ok");
  EXPECT_THAT(socket->Sent(), IsEmpty());
  Polled(
      "4last\x1e"
      "6");
  EXPECT_THAT(socket->Sent(), ElementsAre("5", "4later"));
  EXPECT_THAT(seen_, ElementsAre("open", "text last", "upgrade"));
  EXPECT_THAT(client_.exchanges, IsEmpty());
  EXPECT_EQ("websocket", session_->transport());
  socket->listener().OnText("4over the socket");
  EXPECT_EQ("text over the socket", seen_.back());
}

TEST_F(EngineSessionTest, GoesOnPollingWithoutTheUpgrade) {
  for (const bool refused : {true, false}) {
    seen_.clear();
    client_.exchanges.clear();
    Start();
    Polled(kHandshake);
    if (refused) {
      client_.socket()->listener().OnRefused({});
    } else {
      client_.socket()->listener().OnOpen({});
      client_.socket()->listener().OnText("3no");
    }
    EXPECT_EQ(nullptr, client_.socket());
    EXPECT_TRUE(Polled("4still here"));
    EXPECT_EQ("polling", session_->transport());
    EXPECT_THAT(seen_, ElementsAre("open", "text still here"));
  }
}

TEST_F(EngineSessionTest, AnswersPingsAndMissesThem) {
  StartWithSocket();
  for (int i = 0; i < 3; ++i) {
    loop_.RunFor(absl::Milliseconds(499));
    client_.socket()->listener().OnText("2");
    EXPECT_THAT(client_.socket()->Sent(), ElementsAre("3"));
  }
  EXPECT_THAT(seen_, ElementsAre("open"));
  loop_.RunFor(absl::Milliseconds(500));
  EXPECT_THAT(seen_,
              ElementsAre("open", "close ping timeout: the server has not been heard of in time"));
}

TEST_F(EngineSessionTest, InProtocol3TheClientPings) {
  StartWithSocket(EngineProtocol::kThree);
  loop_.RunFor(absl::Milliseconds(299));
  EXPECT_THAT(client_.socket()->Sent(), IsEmpty());
  loop_.RunFor(absl::Milliseconds(1));
  EXPECT_THAT(client_.socket()->Sent(), ElementsAre("2"));
  loop_.RunFor(absl::Milliseconds(199));
  client_.socket()->listener().OnText("3");
  loop_.RunFor(absl::Milliseconds(300));
  EXPECT_THAT(client_.socket()->Sent(), ElementsAre("2"));
  loop_.RunFor(absl::Milliseconds(200));
  EXPECT_EQ("close ping timeout: the server has not answered in time", seen_.back());
}

TEST_F(EngineSessionTest, SaysWhyThereIsNoSession) {
  const std::tuple<int, const char*, const char*> rows[] = {
      {0, "", "close transport error: refused"},
      {404, "nothing", "close transport error: the server answered 404: nothing"},
      {400, R"({"code":5,"message":"Unsupported protocol version"})",
       "(it speaks Socket.IO 2: set `version: 2`)"},
      {200, "96:0{}",
       "close parse error: the server speaks Engine.IO 3 (Socket.IO 2): set `version: 2`"},
      {200, "<html>", "close parse error: invalid Engine.IO packet \"<html>\""},
      {200, "0{}", "close parse error: invalid Engine.IO handshake"},
      {200, "4x", "close parse error: the server's first packet is not an Engine.IO handshake"},
  };
  for (const auto& [status, body, why] : rows) {
    seen_.clear();
    Start();
    client_.Answer("GET", status, body);
    ASSERT_EQ(1u, seen_.size());
    EXPECT_THAT(seen_[0], HasSubstr(why));
  }
  seen_.clear();
  Start();
  loop_.RunFor(absl::Seconds(20));
  EXPECT_THAT(seen_, ElementsAre("close transport error: timeout"));
  EXPECT_THAT(client_.exchanges, IsEmpty());
}

TEST_F(EngineSessionTest, ClosesInEachState) {
  Start();
  session_->Close();
  EXPECT_THAT(seen_, IsEmpty());
  loop_.RunFor(absl::ZeroDuration());
  EXPECT_THAT(seen_, ElementsAre("close forced close: "));
  seen_.clear();
  Start({.websocket = false});
  Polled(kHandshake);
  session_->Close();
  EXPECT_EQ("1", BodyOf("POST"));
  client_.Answer("POST", 200, "ok");
  EXPECT_THAT(seen_, ElementsAre("open", "close forced close: "));
  seen_.clear();
  session_.reset();
  StartWithSocket();
  session_->Close();
  EXPECT_THAT(client_.socket()->Sent(), ElementsAre("close 1000"));
  client_.socket()->listener().OnClose(1000, "");
  EXPECT_THAT(seen_, ElementsAre("open", "close forced close: "));
}

TEST_F(EngineSessionTest, TheServersEndIsTold) {
  StartWithSocket();
  client_.socket()->listener().OnClose(1006, "unexpected EOF");
  EXPECT_EQ("close transport close: unexpected EOF", seen_.back());
  client_.socket()->listener().OnText("4late");
  EXPECT_THAT(seen_, Not(Contains("text late")));
}

TEST_F(EngineSessionTest, AnEndBeforeTheHandshakeIsThatOfAnotherVersionPerhaps) {
  Start({.polling = false});
  client_.socket()->listener().OnOpen({});
  client_.socket()->listener().OnClose(1002, "protocol error");
  EXPECT_EQ(
      "close transport error: protocol error before the handshake: the server may speak another "
      "version of Socket.IO, see the option `version`",
      seen_.back());
}

TEST_F(EngineSessionTest, AListenerMayDestroyTheSession) {
  Start({.websocket = false});
  Polled(absl::StrCat(kHandshake,
                      "\x1e"
                      "4destroy\x1e"
                      "4never"));
  EXPECT_THAT(seen_, ElementsAre("open", "text destroy"));
  EXPECT_THAT(client_.exchanges, IsEmpty());
}

TEST_F(EngineSessionTest, WhatWaitsToBeSentIsLimited) {
  Start({.websocket = false});
  Polled(kHandshake);
  session_->Send({.data = "in flight"});
  session_->Send({.data = std::string(static_cast<size_t>(kMaxEngineBytes), 'x')});
  EXPECT_THAT(seen_, ElementsAre("open"));
  loop_.RunFor(absl::ZeroDuration());
  EXPECT_EQ("close transport error: more than 67108864 bytes wait to be sent", seen_.back());
}

TEST_F(EngineSessionTest, APingOfTheSameTurnDoesNotPutOffTheEnd) {
  StartWithSocket();
  session_->Send({.data = std::string(static_cast<size_t>(kMaxEngineBytes) + 1, 'x')});
  client_.socket()->listener().OnText("2");
  loop_.RunFor(absl::ZeroDuration());
  EXPECT_EQ("close transport error: more than 67108864 bytes wait to be sent", seen_.back());
}

TEST_F(EngineSessionTest, CookiesComeBack) {
  Start({.websocket = false});
  FakeHttpClient::Exchange exchange = std::move(client_.exchanges.front());
  client_.exchanges.pop_front();
  HttpResponse response;
  response.status = 200;
  response.body = kHandshake;
  response.headers = {{"Set-Cookie", "AWSALB=7; Path=/"}};
  response.ended = loop_.clock().Wall();
  exchange.done(response);
  ASSERT_FALSE(client_.exchanges.empty());
  EXPECT_THAT(client_.exchanges.front().request.headers,
              ElementsAre(std::pair<std::string, std::string>("Cookie", "AWSALB=7")));
}

}  // namespace
}  // namespace lockstep::agent
