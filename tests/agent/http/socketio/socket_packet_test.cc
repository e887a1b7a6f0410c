#include "agent/http/socketio/socket_packet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SocketPacket Read(absl::string_view text) {
  SocketPacketReader reader;
  const auto packet = reader.Text(text);
  EXPECT_TRUE(packet.ok() && packet->has_value()) << text << ": " << packet.status();
  return packet.ok() && packet->has_value() ? **packet : SocketPacket();
}

// The examples of the protocol's description, revision 5.
TEST(SocketPacket, TextsAreThoseOfTheProtocolsDescription) {
  const std::pair<SocketPacket, const char*> rows[] = {
      {{.type = SocketType::kConnect, .name_space = "/admin", .json = R"({"sid":"o"})"},
       R"(0/admin,{"sid":"o"})"},
      {{.type = SocketType::kConnect}, "0"},
      {{.type = SocketType::kConnectError, .json = R"({"message":"Not authorized"})"},
       R"(4{"message":"Not authorized"})"},
      {{.json = R"(["foo"])"}, R"(2["foo"])"},
      {{.name_space = "/admin", .json = R"(["bar"])"}, R"(2/admin,["bar"])"},
      {{.id = 12, .json = R"(["foo"])"}, R"(212["foo"])"},
      {{.type = SocketType::kAck, .name_space = "/admin", .id = 13, .json = R"(["bar"])"},
       R"(3/admin,13["bar"])"},
      {{.type = SocketType::kDisconnect, .name_space = "/admin"}, "1/admin,"},
  };
  for (const auto& [packet, text] : rows) {
    EXPECT_EQ(text, EncodeSocketPacket(packet));
    const SocketPacket read = Read(text);
    EXPECT_EQ(packet.type, read.type) << text;
    EXPECT_EQ(packet.name_space, read.name_space) << text;
    EXPECT_EQ(packet.id, read.id) << text;
    EXPECT_EQ(packet.json, read.json) << text;
  }
}

TEST(SocketPacket, AttachmentsFollowTheText) {
  const SocketPacket packet{.type = SocketType::kBinaryEvent,
                            .name_space = "/admin",
                            .id = 3,
                            .json = R"(["project",{"_placeholder":true,"num":0}])",
                            .attachments = {"\x01\x02"}};
  const std::string text = R"(51-/admin,3["project",{"_placeholder":true,"num":0}])";
  EXPECT_EQ(text, EncodeSocketPacket(packet));
  SocketPacketReader reader;
  const auto part = reader.Text(text);
  ASSERT_TRUE(part.ok());
  EXPECT_FALSE(part->has_value());
  const auto whole = reader.Bytes("\x01\x02");
  ASSERT_TRUE(whole.ok() && whole->has_value());
  EXPECT_THAT((*whole)->attachments, ElementsAre("\x01\x02"));
  EXPECT_EQ(packet.json, (*whole)->json);
  EXPECT_EQ(SocketType::kBinaryAck, Read(R"(60-["x"])").type);
}

TEST(SocketPacket, AServerOfSocketIo2MayPutAQueryBehindANamespace) {
  EXPECT_EQ("/admin", Read("0/admin?token=1,").name_space);
  EXPECT_EQ("/admin", Read("0/admin").name_space);
}

TEST(SocketPacket, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "there is no such type"},
      {"9[]", "there is no such type"},
      {"5[\"x\"]", "it does not say how many attachments it has"},
      {"5-[\"x\"]", "it does not say how many attachments it has"},
      {"51001-[\"x\"]", "more than 1000 attachments"},
      {"299999999999999999999[]", "its id is too large"},
  };
  for (const auto& [text, why] : rows) {
    SocketPacketReader reader;
    EXPECT_THAT(std::string(reader.Text(text).status().message()), HasSubstr(why)) << text;
  }
  SocketPacketReader reader;
  EXPECT_THAT(std::string(reader.Bytes("x").status().message()),
              HasSubstr("no Socket.IO packet announced"));
  EXPECT_TRUE(reader.Text("51-[]").ok());
  EXPECT_THAT(std::string(reader.Text("2[]").status().message()),
              HasSubstr("an attachment was expected"));
}

TEST(SocketPacket, NamesEvents) {
  EXPECT_EQ("chat", EventNameOf(R"(["chat",1])"));
  EXPECT_EQ("a\"b\n", EventNameOf(R"([ "a\"b\n"])"));
  for (const char* json : {"", "[", "[]", "[1]", "{\"a\":1}", "[\"open", "[\"\\", "[\"\\x\"]"}) {
    EXPECT_EQ("", EventNameOf(json)) << json;
  }
}

}  // namespace
}  // namespace lockstep::agent
