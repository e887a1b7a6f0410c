// WebSockets over MultiLoop against the loopback server's echo.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"

#include "tests/agent/net/net_test_support.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Writes down what happens.
class Recorder : public WebSocketListener {
 public:
  void OnOpen(HttpResponse response) override {
    opened = std::move(response);
    log.push_back("open");
    if (on_open) {
      on_open();
    }
  }
  void OnText(std::string message) override {
    log.push_back(message.size() > 40 ? absl::StrCat("text of ", message.size())
                                      : "text " + message);
  }
  void OnBinary(std::string message) override {
    log.push_back(absl::StrCat("binary of ", message.size()));
  }
  void OnPing(std::string payload) override { log.push_back("ping " + payload); }
  void OnPong(std::string payload) override { log.push_back("pong " + payload); }
  void OnSent() override { ++told_of_sent; }
  void OnClose(int code, std::string reason) override {
    log.push_back(absl::StrCat("close ", code, " ", reason));
  }
  void OnRefused(HttpResponse response) override {
    opened = std::move(response);
    log.push_back("refused");
  }
  bool over() const {
    return !log.empty() && (log.back() == "refused" || log.back().rfind("close", 0) == 0);
  }

  std::vector<std::string> log;
  int told_of_sent = 0;
  HttpResponse opened;
  std::function<void()> on_open;
};

class WebSocketTest : public NetTest {
 protected:
  std::unique_ptr<WebSocket> Open(WebSocketRequest request) {
    return loop_.OpenWebSocket(*pool_, std::move(request), recorder_);
  }
  void TurnUntilOver() {
    TurnUntil(loop_, [this] { return recorder_.over(); });
  }

  std::unique_ptr<lockstep::testing::HttpServer> server_ = StartServer();
  std::unique_ptr<Network> network_ = MakeNetwork();
  MultiLoop loop_{*network_};
  std::unique_ptr<ConnectionPool> pool_ = loop_.MakePool(1);
  Recorder recorder_;
};

TEST_F(WebSocketTest, EchoesTextAndBinaryAndClosesByHandshake) {
  std::unique_ptr<WebSocket> socket;
  recorder_.on_open = [&socket] {
    EXPECT_TRUE(socket->SendText("hello"));
    EXPECT_TRUE(socket->SendBinary(std::string(3, '\0')));
    EXPECT_TRUE(socket->SendText(""));
    EXPECT_TRUE(socket->SendPing("p"));
    socket->Close(1000, "done");
    EXPECT_FALSE(socket->SendText("too late"));
  };
  socket = Open({.url = ParsedUrl(server_->Url("/ws"))});
  EXPECT_FALSE(socket->SendText("too early"));
  TurnUntilOver();
  EXPECT_THAT(recorder_.log, ElementsAre("open", "text hello", "binary of 3", "text ", "pong p",
                                         "close 1000 done"));
  EXPECT_EQ(recorder_.opened.status, 101);
  EXPECT_EQ(recorder_.opened.status_text, "101 Switching Protocols");
  EXPECT_GT(socket->bytes_sent(), 100);
  EXPECT_GT(socket->bytes_received(), 100);
}

TEST_F(WebSocketTest, WhoClosesAtOnceWaitsForNoAnswer) {
  std::unique_ptr<WebSocket> socket;
  recorder_.on_open = [&socket] {
    socket->SendText("last words");
    socket->CloseAtOnce(1000);
  };
  socket = Open({.url = ParsedUrl(server_->Url("/ws/mute"))});
  TurnUntilOver();
  EXPECT_THAT(recorder_.log, ElementsAre("open", "close 1000 "));
  EXPECT_GE(recorder_.told_of_sent, 1);
  EXPECT_EQ(socket->messages_sent(), 1);
  EXPECT_TRUE(socket->close_sent());
}

TEST_F(WebSocketTest, WhatThePeerMayNotCloseWithIsAViolation) {
  const auto socket = Open({.url = ParsedUrl(server_->Url("/ws/close/999"))});
  TurnUntilOver();
  EXPECT_THAT(recorder_.log, ElementsAre("open", "close 1002 bad close code 999"));
}

TEST_F(WebSocketTest, LongMessagesComeWhole) {
  std::unique_ptr<WebSocket> socket;
  recorder_.on_open = [&socket] {
    for (const size_t size : {125U, 126U, 65535U, 65536U, 20'000'000U}) {
      socket->SendText(std::string(size, 'm'));
    }
    socket->Close(1000, "");
  };
  socket = Open({.url = ParsedUrl(server_->Url("/ws"))});
  TurnUntilOver();
  EXPECT_THAT(recorder_.log, ElementsAre("open", "text of 125", "text of 126", "text of 65535",
                                         "text of 65536", "text of 20000000", "close 1000 "));
  EXPECT_EQ(socket->buffered_bytes(), 0);
}

TEST_F(WebSocketTest, AsksForSubprotocolsAndSendsHeaders) {
  const auto socket = Open({.url = ParsedUrl(server_->Url("/ws")),
                            .headers = {{"X-One", "1"}},
                            .subprotocols = {"chat", "super"}});
  TurnUntil(loop_, [this] { return !recorder_.log.empty(); });
  EXPECT_EQ(socket->subprotocol(), "chat");
}

TEST_F(WebSocketTest, TheHostIsSentAsTheUrlSpellsIt) {
  const std::string host = absl::StrCat("LocalHost:", server_->port());
  const auto socket = Open({.url = ParsedUrl(absl::StrCat("http://", host, "/request"))});
  TurnUntilOver();
  EXPECT_THAT(recorder_.opened.body, HasSubstr(absl::StrCat("\r\nHost: ", host, "\r\n")));
}

TEST_F(WebSocketTest, ThePeersCloseIsAnsweredAndReported) {
  const auto socket = Open({.url = ParsedUrl(server_->Url("/ws/close/4001"))});
  TurnUntilOver();
  EXPECT_THAT(recorder_.log, ElementsAre("open", "close 4001 bye"));
}

TEST_F(WebSocketTest, PingsAreReported) {
  const auto socket = Open({.url = ParsedUrl(server_->Url("/ws/ping"))});
  TurnUntil(loop_, [this] { return recorder_.log.size() >= 2; });
  EXPECT_THAT(recorder_.log, ElementsAre("open", "ping are you there"));
}

TEST_F(WebSocketTest, ACutConnectionIs1006) {
  const auto socket = Open({.url = ParsedUrl(server_->Url("/ws/drop"))});
  TurnUntilOver();
  EXPECT_EQ(recorder_.log.front(), "open");
  EXPECT_THAT(recorder_.log.back(), ::testing::StartsWith("close 1006"));
}

TEST_F(WebSocketTest, ARefusalIsAnswerInOneRequest) {
  struct Row {
    const char* path;
    int status;
    std::string body;
  };
  for (const Row& row : {Row{"/status/403", 403, "status 403"}, Row{"/", 200, "hello\n"},
                         Row{"/chunked", 200, "onetwothree"}, Row{"/truncated", 200, "short"},
                         Row{"/bytes/100000", 200, std::string(kMaxRefusalBytes, 'x')}}) {
    SCOPED_TRACE(row.path);
    recorder_.log.clear();
    const int64_t before = server_->requests();
    const auto socket = Open({.url = ParsedUrl(server_->Url(row.path))});
    TurnUntilOver();
    EXPECT_THAT(recorder_.log, ElementsAre("refused"));
    EXPECT_EQ(recorder_.opened.status, row.status);
    EXPECT_EQ(recorder_.opened.body, row.body);
    EXPECT_EQ(recorder_.opened.error.message, "websocket: bad handshake");
    EXPECT_EQ(server_->requests(), before + 1);
    EXPECT_GT(socket->bytes_received(), static_cast<int64_t>(row.body.size()));
  }
}

TEST_F(WebSocketTest, A101OfAnotherProtocolIsNoHandshake) {
  const auto socket = Open({.url = ParsedUrl(server_->Url("/status/101"))});
  TurnUntilOver();
  EXPECT_THAT(recorder_.log, ElementsAre("refused"));
  EXPECT_EQ(recorder_.opened.status, 0);
  EXPECT_THAT(recorder_.opened.error.message, HasSubstr("bad handshake: the server's 101"));
}

TEST_F(WebSocketTest, ABegun101IsNoAnswer) {
  const auto socket = Open({.url = ParsedUrl(server_->Url("/cut-101"))});
  TurnUntilOver();
  EXPECT_THAT(recorder_.log, ElementsAre("refused"));
  EXPECT_EQ(recorder_.opened.status, 0);
  EXPECT_EQ(recorder_.opened.error.message, "unexpected EOF");
}

TEST_F(WebSocketTest, HeadersOfTheHandshakeAreItsOwn) {
  const auto socket =
      Open({.url = ParsedUrl(server_->Url("/ws")), .headers = {{"upgrade", "h2c"}}});
  TurnUntilOver();
  EXPECT_EQ(recorder_.opened.error.message, "websocket: duplicate header not allowed: Upgrade");
  EXPECT_EQ(server_->requests(), 0);
}

TEST_F(WebSocketTest, ARefusalWhoseBodyStallsIsARefusal) {
  const auto socket = Open({.url = ParsedUrl(server_->Url("/slow-body/60000")),
                            .handshake_timeout = absl::Milliseconds(50)});
  TurnUntilOver();
  EXPECT_EQ(recorder_.opened.status, 200);
  EXPECT_EQ(recorder_.opened.error.message, "websocket: bad handshake");
}

TEST_F(WebSocketTest, HandshakesTimeOut) {
  const auto socket = Open({.url = ParsedUrl(server_->Url("/delay/10000")),
                            .handshake_timeout = absl::Milliseconds(30)});
  TurnUntilOver();
  EXPECT_EQ(recorder_.opened.error.code, 1050);
  EXPECT_EQ(recorder_.opened.status, 0);
}

TEST_F(WebSocketTest, RulesOfTheRunHold) {
  const auto socket = Open({.url = ParsedUrl("ftp://127.0.0.1/")});
  TurnUntilOver();
  EXPECT_EQ(recorder_.opened.error.message, "unsupported protocol scheme \"ftp\"");
}

TEST_F(WebSocketTest, AListenerMayDestroyTheSocket) {
  std::unique_ptr<WebSocket> socket;
  recorder_.on_open = [&socket] { socket.reset(); };
  socket = Open({.url = ParsedUrl(server_->Url("/ws/close/1000"))});
  TurnUntil(loop_, [&socket] { return socket == nullptr; });
  loop_.Turn(/*wait=*/false);
  EXPECT_THAT(recorder_.log, ElementsAre("open"));
}

TEST_F(WebSocketTest, TooLongMessagesCloseTheConnection) {
  std::unique_ptr<WebSocket> socket;
  recorder_.on_open = [&socket] { socket->SendText(std::string(2000, 'x')); };
  socket = Open({.url = ParsedUrl(server_->Url("/ws")), .max_message_bytes = 1000});
  TurnUntilOver();
  EXPECT_THAT(recorder_.log, ElementsAre("open", "close 1009 message too big"));
}

TEST_F(WebSocketTest, SpeaksTls) {
  const TestCertificate certificate("localhost");
  const auto secure = StartServer(
      {.certificate_file = certificate.certificate_file(), .key_file = certificate.key_file()});
  const std::unique_ptr<Network> network = MakeNetwork({.insecure = true});
  MultiLoop loop(*network);
  const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
  std::unique_ptr<WebSocket> socket;
  recorder_.on_open = [&socket] {
    socket->SendText("over TLS");
    socket->Close(1000, "");
  };
  socket = loop.OpenWebSocket(*pool, {.url = ParsedUrl(secure->Url("/ws"))}, recorder_);
  TurnUntil(loop, [this] { return recorder_.over(); });
  EXPECT_THAT(recorder_.log, ElementsAre("open", "text over TLS", "close 1000 "));
  EXPECT_EQ(recorder_.opened.tls_version(), "tls1.3");
}

}  // namespace
}  // namespace lockstep::agent
