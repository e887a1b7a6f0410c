// WebSocket framing against the examples of RFC 6455, section 5.7.
#include "agent/net/websocket_frames.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "agent/http/compress.h"

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

// A compressed message: zlib's format without its head and checksum is one final block, after which
// an empty one starts (RFC 7692, section 7.2.3.4).
std::string Deflated(const std::string& message) {
  const std::string zlib = Compress(Coding::kDeflate, message);
  return zlib.substr(2, zlib.size() - 6) + std::string(1, '\0');
}

// RFC 7692, section 7.2.3.
TEST(WebSocketFrames, CompressedMessagesOfTheRfc) {
  using namespace std::string_literals;
  const std::string hello = "\xf2\x48\xcd\xc9\xc9\x07\x00"s;
  WebSocketReader reader(1000);
  reader.Inflate({.agreed = true, .server_keeps_context = true});
  std::vector<WebSocketMessage> messages;
  // Whole; in two fragments; with the context of the message before; without compression; in a
  // block that is stored, in one that is final, and in two blocks.
  for (const std::string& frame :
       {"\xc1\x07"s + hello, "\x41\x03\xf2\x48\xcd"s + "\x80\x04\xc9\xc9\x07\x00"s,
        "\xc1\x05\xf2\x00\x11\x00\x00"s, "\x81\x05Hello"s, "\xc1\x0b\x00\x05\x00\xfa\xffHello\x00"s,
        "\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s,
        "\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s}) {
    EXPECT_EQ(reader.Feed(frame, messages), 0);
    ASSERT_FALSE(messages.empty());
    EXPECT_EQ(messages.back().payload, "Hello");
  }
  EXPECT_EQ(messages.size(), 7U);
}

TEST(WebSocketFrames, ViolationsOfCompressionHaveTheirCodes) {
  using namespace std::string_literals;
  const auto code_of = [](const std::string& bytes) {
    WebSocketReader reader(1000);
    reader.Inflate({.agreed = true, .server_keeps_context = false});
    std::vector<WebSocketMessage> messages;
    return reader.Feed(bytes, messages);
  };
  EXPECT_EQ(code_of("\xc1\x03\xff\xff\xff"s), 1007);  // no such block
  EXPECT_EQ(code_of("\xc9\x00"s), 1002);              // a compressed ping
  EXPECT_EQ(code_of("\x41\x01\xf2"s + "\xc0\x06\x48\xcd\xc9\xc9\x07\x00"s), 1002);
  EXPECT_EQ(code_of("\xa1\x00"s), 1002);  // another reserved bit
  const std::string bomb = Deflated(std::string(1001, 'x'));
  EXPECT_LT(bomb.size(), 126U);
  EXPECT_EQ(code_of(absl::StrCat("\xc1", std::string(1, static_cast<char>(bomb.size())), bomb)),
            1009);
  EXPECT_EQ(code_of("\xc1\x05\xf2\x00\x11\x00\x00"s), 1007);  // a context that is not there
}

TEST(WebSocketFrames, MessagesComeBackFromCompression) {
  for (const std::string& message : {std::string(), std::string("a"), std::string(900, 'y')}) {
    const std::string payload = Deflated(message);
    ASSERT_LT(payload.size(), 126U);
    WebSocketReader reader(1000);
    reader.Inflate({.agreed = true, .server_keeps_context = false});
    std::vector<WebSocketMessage> messages;
    EXPECT_EQ(reader.Feed(
                  absl::StrCat("\xc2", std::string(1, static_cast<char>(payload.size())), payload),
                  messages),
              0);
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].payload, message);
  }
}

TEST(WebSocketFrames, WhatAServerMayAgreeTo) {
  EXPECT_FALSE(ReadDeflateTerms("")->agreed);
  EXPECT_TRUE(ReadDeflateTerms("permessage-deflate")->server_keeps_context);
  const auto both = ReadDeflateTerms(kDeflateOffer);
  EXPECT_TRUE(both->agreed);
  EXPECT_FALSE(both->server_keeps_context);
  EXPECT_TRUE(ReadDeflateTerms("permessage-deflate;server_max_window_bits=10").ok());
  for (const char* header : {"x-webkit-deflate-frame", "permessage-deflate; client_max_window_bits",
                             "permessage-deflate, permessage-deflate"}) {
    EXPECT_FALSE(ReadDeflateTerms(header).ok()) << header;
  }
}

std::string TakeAll(WebSocketWriter& writer, size_t room = 1 << 20) {
  std::string all;
  std::string piece(room, '\0');
  while (const size_t taken = writer.Take(piece.data(), room)) {
    all.append(piece, 0, taken);
  }
  return all;
}

constexpr uint32_t kNoMask = 0;

// RFC 6455, sections 5.5.1 and 7.4; the IANA registry has codes up to 1014.
TEST(ReadClose, TakesCodesThatMayBeOnTheWireAndReasonsInUtf8) {
  const auto payload = [](int code, const std::string& reason) {
    return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 255)} + reason;
  };
  for (const int code : {1000, 1001, 1003, 1007, 1014, 3000, 4999}) {
    const absl::StatusOr<CloseFrame> frame = ReadClose(payload(code, "bye"));
    ASSERT_TRUE(frame.ok()) << code;
    EXPECT_EQ(frame->code, code);
    EXPECT_EQ(frame->reason, "bye");
  }
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 2999, 5000}) {
    EXPECT_EQ(ReadClose(payload(code, "")).status().message(),
              absl::StrCat("bad close code ", code));
  }
  EXPECT_EQ(ReadClose(payload(1000, "\xC3(")).status().message(),
            "invalid utf8 payload in close frame");
  EXPECT_EQ(ReadClose("\x03").status().message(), "half a close code");
}

TEST(WebSocketWriter, MasksAsTheRfcDoes) {
  using namespace std::string_literals;
  uint32_t mask = 0;
  std::memcpy(&mask, "\x37\xfa\x21\x3d", sizeof(mask));
  WebSocketWriter writer;
  writer.Add(WebSocketOpcode::kText, "Hello", mask);
  EXPECT_EQ(TakeAll(writer), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s);
}

// Section 5.5.3.
TEST(WebSocketWriter, OnlyTheLastPingIsAnsweredWhereThePeerTakesNothing) {
  WebSocketWriter writer;
  for (int i = 0; i < 1000; ++i) {
    writer.Add(WebSocketOpcode::kPong, absl::StrCat("ping", i % 10), 0);
  }
  EXPECT_EQ(5, writer.message_bytes());
  writer.Add(WebSocketOpcode::kText, "x", 0);
  writer.Add(WebSocketOpcode::kPong, "last", 0);
  const std::string key(4, '\0');
  EXPECT_EQ(absl::StrCat("\x8a\x84", key, "last", "\x81\x81", key, "x"), TakeAll(writer));
  EXPECT_EQ(0, writer.message_bytes());
}

TEST(WebSocketWriter, APongThatHasBegunToLeaveIsFollowedByTheNext) {
  WebSocketWriter writer;
  writer.Add(WebSocketOpcode::kPong, "a", 0);
  char byte = 0;
  EXPECT_EQ(1U, writer.Take(&byte, 1));
  writer.Add(WebSocketOpcode::kPong, "b", 0);
  const std::string key(4, '\0');
  EXPECT_EQ(absl::StrCat("\x81", key, "a", "\x8a\x81", key, "b"), TakeAll(writer));
}

TEST(WebSocketWriter, LengthsHaveTheirForms) {
  using namespace std::string_literals;
  const std::string mask(4, '\0');
  for (const auto& [size, head] : {std::pair<size_t, std::string>{0, "\x82\x80"s},
                                   {125, "\x82\xfd"s},
                                   {126, "\x82\xfe\x00\x7e"s},
                                   {65535, "\x82\xfe\xff\xff"s},
                                   {65536, "\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00"s}}) {
    WebSocketWriter writer;
    writer.Add(WebSocketOpcode::kBinary, std::string(size, 'b'), kNoMask);
    EXPECT_EQ(TakeAll(writer), head + mask + std::string(size, 'b')) << size;
  }
}

TEST(WebSocketWriter, FramesAreTakenInPieces) {
  WebSocketWriter writer;
  writer.Add(WebSocketOpcode::kText, "one", kNoMask);  // 9 bytes
  writer.Add(WebSocketOpcode::kPing, "", kNoMask);     // 6 bytes
  EXPECT_EQ(writer.message_bytes(), 3);
  char room[8];
  EXPECT_EQ(writer.Take(room, sizeof(room)), 8U);
  EXPECT_EQ(writer.message_bytes(), 3);  // not as a whole
  EXPECT_EQ(writer.messages_taken(), 0);
  EXPECT_EQ(writer.Take(room, sizeof(room)), 7U);
  EXPECT_EQ(writer.message_bytes(), 0);
  EXPECT_EQ(writer.messages_taken(), 1);  // the ping is none
  EXPECT_TRUE(writer.empty());
  EXPECT_EQ(writer.Take(room, sizeof(room)), 0U);
}

TEST(WebSocketWriter, CompressesMessagesThatStandForThemselves) {
  using namespace std::string_literals;
  const std::string mask(4, '\0');
  WebSocketWriter writer;
  writer.Deflate();
  writer.Add(WebSocketOpcode::kText, "Hello", kNoMask);
  writer.Add(WebSocketOpcode::kText, "Hello", kNoMask);
  writer.Add(WebSocketOpcode::kText, "", kNoMask);
  writer.Add(WebSocketOpcode::kPing, "Hello", kNoMask);
  // RFC 7692, sections 7.2.3.1 and 7.2.3.6.
  const std::string hello = "\xc1\x87"s + mask + "\xf2\x48\xcd\xc9\xc9\x07\x00"s;
  EXPECT_EQ(TakeAll(writer),
            hello + hello + "\xc1\x81"s + mask + "\x00"s + "\x89\x85"s + mask + "Hello");
}

TEST(WebSocketWriter, ReadersOfTheExtensionInflateWhatItCompresses) {
  std::string message;
  for (int i = 0; i < 20'000; ++i) {
    absl::StrAppend(&message, i * 7919 % 1000, " ");
  }
  WebSocketWriter writer;
  writer.Deflate();
  writer.Add(WebSocketOpcode::kBinary, message, kNoMask);
  const std::string frame = TakeAll(writer, 1000);
  EXPECT_LT(frame.size(), message.size());
  std::string payload = frame.substr(8);  // two bytes, two of length, four of mask
  if (frame.size() > 65535 + 8) {
    payload = frame.substr(14);
  }
  MessageInflater inflater(/*keep_context=*/false);
  ASSERT_TRUE(inflater.Inflate(payload, 1 << 20).ok());
  EXPECT_EQ(payload, message);
  EXPECT_EQ(inflater.Inflate(payload = "not deflated", 1 << 20).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace lockstep::agent
