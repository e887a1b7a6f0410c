// WebSocket framing against the examples of RFC 6455, section 5.7.
#include "agent/net/websocket_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

std::vector<WebSocketMessage> Read(const std::vector<std::string>& pieces, int expected = 0) {
  WebSocketReader reader(1000);
  std::vector<WebSocketMessage> messages;
  int code = 0;
  for (const std::string& piece : pieces) {
    EXPECT_EQ(code, 0);
    code = reader.Feed(piece, messages);
  }
  EXPECT_EQ(code, expected);
  return messages;
}

TEST(WebSocketFrames, FragmentsComeTogetherAroundControlFrames) {
  using namespace std::string_literals;
  const std::string bytes = "\x01\x03Hel"s + "\x89\x00"s + "\x80\x02lo"s;
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const auto messages = Read({bytes.substr(0, cut), bytes.substr(cut)});
    ASSERT_EQ(messages.size(), 2U) << cut;
    EXPECT_EQ(messages[0].opcode, WebSocketOpcode::kPing);
    EXPECT_EQ(messages[0].payload, "");
    EXPECT_EQ(messages[1].opcode, WebSocketOpcode::kText);
    EXPECT_EQ(messages[1].payload, "Hello");
  }
}

TEST(WebSocketFrames, ViolationsHaveTheirCodes) {
  using namespace std::string_literals;
  Read({"\x80\x00"s}, 1002);                  // a continuation of nothing
  Read({"\x01\x00\x81\x00"s}, 1002);          // a message inside another
  Read({"\x81\x80\x01\x02\x03\x04"s}, 1002);  // masked by the server
  Read({"\xc1\x00"s}, 1002);                  // a reserved bit, no extension agreed
  Read({"\x83\x00"s}, 1002);                  // no such opcode
  Read({"\x09\x00"s}, 1002);                  // a control frame in fragments
  Read({"\x89\x7e\x00\x80"s}, 1002);          // a control frame that is too long
  Read({"\x81\x7e\x03\xe9"s}, 1009);          // 1001 bytes announced
}

}  // namespace
}  // namespace lockstep::agent
