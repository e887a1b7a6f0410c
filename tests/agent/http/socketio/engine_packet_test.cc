#include "agent/http/socketio/engine_packet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr EngineProtocol kThree = EngineProtocol::kThree, kFour = EngineProtocol::kFour;

std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}

// The examples of the protocol's description, revision 4.
TEST(EnginePacket, PayloadsOfFourAreThoseOfItsDescription) {
  const std::vector<EnginePacket> packets = {
      {.data = "hello"}, {.type = EngineType::kPing}, {.data = "\x01\x02\x03\x04", .binary = true}};
  const std::string payload =
      "4hello\x1e"
      "2\x1e"
      "bAQIDBA==";
  EXPECT_EQ(payload, EncodeEnginePayload(kFour, packets));
  const auto decoded = DecodeEnginePayload(kFour, payload);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  ASSERT_THAT(*decoded, SizeIs(3));
  EXPECT_EQ("hello", (*decoded)[0].data);
  EXPECT_EQ(EngineType::kPing, (*decoded)[1].type);
  EXPECT_TRUE((*decoded)[2].binary);
  EXPECT_EQ("\x01\x02\x03\x04", (*decoded)[2].data);
}

// Revision 3: "6:4hello2:4€10:b4AQIDBA==", where a length is that of a JavaScript string.
TEST(EnginePacket, PayloadsOfThreeCountUnitsOfUtf16) {
  const std::vector<EnginePacket> packets = {{.data = "hello"},
                                             {.data = "€"},
                                             {.data = "𝄞"},
                                             {.data = "\x01\x02\x03\x04", .binary = true}};
  const std::string payload = "6:4hello2:4€3:4𝄞10:b4AQIDBA==";
  EXPECT_EQ(payload, EncodeEnginePayload(kThree, packets));
  const auto decoded = DecodeEnginePayload(kThree, payload);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  ASSERT_THAT(*decoded, SizeIs(4));
  EXPECT_EQ("€", (*decoded)[1].data);
  EXPECT_EQ("𝄞", (*decoded)[2].data);
  EXPECT_EQ("\x01\x02\x03\x04", (*decoded)[3].data);
}

TEST(EnginePacket, TheOtherProtocolIsRecognised) {
  EXPECT_EQ("the server speaks Engine.IO 3",
            MessageOf(DecodeEnginePayload(kFour, "96:0{\"sid\":\"x\"}2:40").status()));
  EXPECT_EQ("the server speaks Engine.IO 3",
            MessageOf(DecodeEnginePayload(kFour, std::string("\0\x09\x06\xff"
                                                             "0{",
                                                             6))
                          .status()));
  EXPECT_EQ("the server speaks Engine.IO 4",
            MessageOf(DecodeEnginePayload(kThree, "0{\"sid\":\"x\"}").status()));
}

TEST(EnginePacket, FramesOfThreeBeginWithTheTypeAlsoInBytes) {
  EXPECT_EQ("\x04\x01\x02", EncodeEngineFrame(kThree, {.data = "\x01\x02", .binary = true}));
  EXPECT_EQ("\x01\x02", EncodeEngineFrame(kFour, {.data = "\x01\x02", .binary = true}));
  EXPECT_EQ("2probe", EncodeEngineFrame(kFour, {.type = EngineType::kPing, .data = "probe"}));
  EXPECT_EQ("\x01\x02", DecodeEngineBytes(kThree, "\x04\x01\x02")->data);
  EXPECT_EQ("\x04\x01\x02", DecodeEngineBytes(kFour, "\x04\x01\x02")->data);
  EXPECT_EQ(EngineType::kPong, DecodeEngineText("3probe")->type);
}

TEST(EnginePacket, RefusesWhatIsNone) {
  EXPECT_EQ(R"(invalid Engine.IO packet "")", MessageOf(DecodeEngineText("").status()));
  EXPECT_EQ(R"(invalid Engine.IO packet "7x\x01")", MessageOf(DecodeEngineText("7x\x01").status()));
  EXPECT_FALSE(DecodeEngineBytes(kThree, "").ok());
  EXPECT_FALSE(DecodeEngineBytes(kThree, "\x03").ok());
  EXPECT_FALSE(DecodeEnginePayload(kFour, "b***").ok());
  EXPECT_FALSE(DecodeEnginePayload(kFour, "").ok());
  for (const char* payload : {"6:4hell", "x", "0:", "1:b", "999999999999:4", "2:4"}) {
    EXPECT_FALSE(DecodeEnginePayload(kThree, payload).ok()) << payload;
  }
}

TEST(EnginePacket, ReadsHandshakes) {
  const auto handshake = ReadEngineHandshake(
      R"({"sid":"a/b","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000})");
  ASSERT_TRUE(handshake.ok()) << handshake.status();
  EXPECT_EQ("a/b", handshake->session);
  EXPECT_TRUE(handshake->can_upgrade);
  EXPECT_EQ(absl::Milliseconds(300), handshake->ping_interval);
  EXPECT_EQ(absl::Milliseconds(200), handshake->ping_timeout);
  EXPECT_EQ(1000000, handshake->max_payload);
  EXPECT_FALSE(ReadEngineHandshake(R"({"sid":"a"})")->can_upgrade);
  EXPECT_EQ(absl::Hours(24),
            ReadEngineHandshake(R"({"sid":"a","pingInterval":1e99})")->ping_interval);
  EXPECT_THAT(MessageOf(ReadEngineHandshake("{").status()),
              HasSubstr("invalid Engine.IO handshake"));
  EXPECT_THAT(MessageOf(ReadEngineHandshake(R"({"sid":7})").status()),
              HasSubstr("which has no sid"));
}

}  // namespace
}  // namespace lockstep::agent
