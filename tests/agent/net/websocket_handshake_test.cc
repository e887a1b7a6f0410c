// The opening handshake against the example of RFC 6455, section 1.3.
#include "agent/net/websocket_handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/random/random.h"
#include "absl/strings/escaping.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kKey[] = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr char kAccept[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

HeaderList Answer(HeaderList more = {}) {
  HeaderList answer = {{"Upgrade", "WebSocket"},
                       {"connection", "keep-alive, upgrade"},
                       {"Sec-WebSocket-Accept", kAccept}};
  answer.insert(answer.end(), more.begin(), more.end());
  return answer;
}

TEST(WebSocketHandshake, KeysAre16BytesAndDiffer) {
  absl::BitGen random;
  const std::string key = HandshakeKey(random);
  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(key, &bytes));
  EXPECT_EQ(bytes.size(), 16U);
  EXPECT_NE(key, HandshakeKey(random));
}

TEST(WebSocketHandshake, AsksForWhatTheRequestSays) {
  const auto headers = HandshakeHeaders(
      {.headers = {{"X-One", "1"}}, .subprotocols = {"chat", "superchat"}, .deflate = true}, kKey);
  ASSERT_TRUE(headers.ok()) << headers.status();
  EXPECT_THAT(*headers, ElementsAre(Pair("X-One", "1"), Pair("Upgrade", "websocket"),
                                    Pair("Connection", "Upgrade"), Pair("Sec-WebSocket-Key", kKey),
                                    Pair("Sec-WebSocket-Version", "13"),
                                    Pair("Sec-WebSocket-Protocol", "chat, superchat"),
                                    Pair("Sec-WebSocket-Extensions", kDeflateOffer)));
}

TEST(WebSocketHandshake, ItsOwnHeadersCannotBeGiven) {
  for (const char* name : {"upgrade", "Connection", "Sec-Websocket-Key", "Sec-WebSocket-Version",
                           "Sec-WebSocket-Extensions"}) {
    const auto headers = HandshakeHeaders({.headers = {{name, "x"}}}, kKey);
    EXPECT_THAT(headers.status().message(), HasSubstr("duplicate header not allowed")) << name;
  }
}

TEST(WebSocketHandshake, NoHeaderBeginsAnother) {
  const std::pair<WebSocketRequest, const char*> rows[] = {
      {{.headers = {{"X-A", "a\r\nX-Evil: 1"}}}, "value for \"X-A\""},
      {{.headers = {{"X A", "a"}}}, "name \"X A\""},
      {{.subprotocols = {"chat", "a\r\nX-Evil: 1"}}, "value for \"Sec-WebSocket-Protocol\""},
  };
  for (const auto& [request, what] : rows) {
    EXPECT_EQ(HandshakeHeaders(request, kKey).status().message(),
              std::string("net/http: invalid header field ") + what);
  }
}

TEST(WebSocketHandshake, TakesAnAnswerToItsKey) {
  const auto agreed = ReadAgreement(Answer({{"sec-websocket-protocol", "chat"},
                                            {"Sec-WebSocket-Extensions", "permessage-deflate"}}),
                                    {.deflate = true}, kKey);
  ASSERT_TRUE(agreed.ok()) << agreed.status();
  EXPECT_EQ(agreed->subprotocol, "chat");
  EXPECT_TRUE(agreed->deflate.agreed);
  EXPECT_TRUE(agreed->deflate.server_keeps_context);
  EXPECT_FALSE(ReadAgreement(Answer(), {.deflate = true}, kKey)->deflate.agreed);
}

TEST(WebSocketHandshake, TakesNoOther) {
  const auto why = [](const HeaderList& answer, absl::string_view key = kKey) {
    return std::string(ReadAgreement(answer, {}, key).status().message());
  };
  EXPECT_THAT(why({{"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", kAccept}}),
              HasSubstr("(Upgrade)"));
  EXPECT_THAT(why({{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", kAccept}}),
              HasSubstr("(Connection)"));
  EXPECT_THAT(why({{"Upgrade", "websocket"}, {"Connection", "Upgrade"}}),
              HasSubstr("(Sec-WebSocket-Accept)"));
  EXPECT_THAT(why(Answer(), "AAAAAAAAAAAAAAAAAAAAAA=="), HasSubstr("(Sec-WebSocket-Accept)"));
  EXPECT_THAT(why(Answer({{"Sec-WebSocket-Extensions", "permessage-deflate"}})),
              HasSubstr("none was offered"));
}

}  // namespace
}  // namespace lockstep::agent
