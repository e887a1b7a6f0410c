#include "agent/http/socketio/engine_packet.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

constexpr char kSeparator = '\x1e';
constexpr size_t kMostDigits = 9;  // of the length of a packet in a payload
constexpr size_t kShownOfPacket = 40;

char DigitOf(EngineType type) {
  return static_cast<char>('0' + static_cast<int>(type));
}

std::optional<EngineType> EngineTypeOf(char digit) {
  return digit >= '0' && digit <= '6' ? std::optional(static_cast<EngineType>(digit - '0'))
                                      : std::nullopt;
}

absl::Status InvalidEngine(absl::string_view what, absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat("invalid Engine.IO ", what, " \"",
                                                 absl::CHexEscape(text.substr(0, kShownOfPacket)),
                                                 text.size() > kShownOfPacket ? "..." : "", "\""));
}

// How many UTF-16 units, which is what JavaScript calls a text's length, one byte of UTF-8 begins.
size_t UnitsOf(char byte) {
  const auto value = static_cast<uint8_t>(byte);
  return (value & 0xC0) == 0x80 ? 0 : value >= 0xF0 ? 2 : 1;
}

// The bytes of the first `units` of `text`; nothing if there are less.
std::optional<size_t> BytesOfUnits(absl::string_view text, size_t units) {
  size_t at = 0;
  while (at < text.size() && (units > 0 || UnitsOf(text[at]) == 0)) {
    units -= std::min(units, UnitsOf(text[at]));
    ++at;
  }
  return units == 0 ? std::optional(at) : std::nullopt;
}

std::string EncodeInPayload(EngineProtocol protocol, const EnginePacket& packet) {
  if (!packet.binary) {
    return absl::StrCat(std::string(1, DigitOf(packet.type)), packet.data);
  }
  return absl::StrCat(protocol == EngineProtocol::kFour ? "b" : "b4",
                      absl::Base64Escape(packet.data));
}

absl::StatusOr<EnginePacket> DecodeInPayload(EngineProtocol protocol, absl::string_view text) {
  if (text.empty() || text[0] != 'b') {
    return DecodeEngineText(text);
  }
  absl::string_view base64 = text.substr(1);
  if (protocol == EngineProtocol::kThree) {
    if (base64.empty() || base64[0] != DigitOf(EngineType::kMessage)) {
      return InvalidEngine("packet", text);
    }
    base64.remove_prefix(1);
  }
  EnginePacket packet{.type = EngineType::kMessage, .binary = true};
  if (!absl::Base64Unescape(base64, &packet.data)) {
    return InvalidEngine("packet", text);
  }
  return packet;
}

// "5:4text", one behind the other: lengths are in UTF-16 units.
absl::StatusOr<std::vector<EnginePacket>> DecodePayloadOfThree(absl::string_view payload) {
  std::vector<EnginePacket> packets;
  absl::string_view rest = payload;
  while (!rest.empty()) {
    const size_t colon = rest.substr(0, kMostDigits + 1).find(':');
    int64_t units = 0;
    if (colon == absl::string_view::npos || !absl::SimpleAtoi(rest.substr(0, colon), &units) ||
        units <= 0) {
      return rest.data() == payload.data() && rest[0] == DigitOf(EngineType::kOpen)
                 ? absl::InvalidArgumentError("the server speaks Engine.IO 4")
                 : InvalidEngine("payload", rest);
    }
    rest.remove_prefix(colon + 1);
    const std::optional<size_t> size = BytesOfUnits(rest, static_cast<size_t>(units));
    if (!size) {
      return InvalidEngine("payload", payload);
    }
    LOCKSTEP_ASSIGN_OR_RETURN(EnginePacket packet,
                              DecodeInPayload(EngineProtocol::kThree, rest.substr(0, *size)));
    packets.push_back(std::move(packet));
    rest.remove_prefix(*size);
  }
  return packets;
}

// "96:0{...", or the same as bytes: how a server of protocol 3 greets everybody.
bool LooksLikeThree(absl::string_view payload) {
  size_t digits = 0;
  while (digits < payload.size() && digits < kMostDigits &&
         absl::ascii_isdigit(static_cast<unsigned char>(payload[digits]))) {
    ++digits;
  }
  return (digits > 0 && payload.substr(digits, 2) == ":0") ||
         (!payload.empty() && payload[0] == '\0');
}

absl::Duration MillisecondsOf(const nlohmann::json& object, const char* name) {
  constexpr double kMost = 86'400'000;
  const auto found = object.find(name);
  return found != object.end() && found->is_number()
             ? absl::Milliseconds(std::clamp(found->get<double>(), 0.0, kMost))
             : absl::ZeroDuration();
}

}  // namespace

std::string EncodeEngineFrame(EngineProtocol protocol, const EnginePacket& packet) {
  if (packet.binary) {
    return protocol == EngineProtocol::kFour
               ? packet.data
               : absl::StrCat(std::string(1, static_cast<char>(packet.type)), packet.data);
  }
  return absl::StrCat(std::string(1, DigitOf(packet.type)), packet.data);
}

absl::StatusOr<EnginePacket> DecodeEngineText(absl::string_view text) {
  const std::optional<EngineType> type = text.empty() ? std::nullopt : EngineTypeOf(text[0]);
  if (!type) {
    return InvalidEngine("packet", text);
  }
  return EnginePacket{.type = *type, .data = std::string(text.substr(1))};
}

absl::StatusOr<EnginePacket> DecodeEngineBytes(EngineProtocol protocol, std::string bytes) {
  if (protocol == EngineProtocol::kThree) {
    if (bytes.empty() || bytes[0] != static_cast<char>(EngineType::kMessage)) {
      return InvalidEngine("packet", bytes);
    }
    bytes.erase(0, 1);
  }
  return EnginePacket{.type = EngineType::kMessage, .data = std::move(bytes), .binary = true};
}

std::string EncodeEnginePayload(EngineProtocol protocol, const std::vector<EnginePacket>& packets) {
  std::string payload;
  for (const EnginePacket& packet : packets) {
    const std::string text = EncodeInPayload(protocol, packet);
    if (protocol == EngineProtocol::kFour) {
      payload.append(payload.empty() ? "" : std::string(1, kSeparator));
    } else {
      size_t units = 0;
      for (const char byte : text) {
        units += UnitsOf(byte);
      }
      absl::StrAppend(&payload, units, ":");
    }
    payload += text;
  }
  return payload;
}

absl::StatusOr<std::vector<EnginePacket>> DecodeEnginePayload(EngineProtocol protocol,
                                                              absl::string_view payload) {
  if (protocol == EngineProtocol::kThree) {
    return DecodePayloadOfThree(payload);
  }
  if (LooksLikeThree(payload)) {
    return absl::InvalidArgumentError("the server speaks Engine.IO 3");
  }
  std::vector<EnginePacket> packets;
  for (const absl::string_view text : absl::StrSplit(payload, kSeparator)) {
    LOCKSTEP_ASSIGN_OR_RETURN(EnginePacket packet, DecodeInPayload(protocol, text));
    packets.push_back(std::move(packet));
  }
  return packets;
}

absl::StatusOr<EngineHandshake> ReadEngineHandshake(absl::string_view json) {
  const nlohmann::json read = nlohmann::json::parse(json.begin(), json.end(), nullptr, false);
  if (!read.is_object()) {
    return InvalidEngine("handshake", json);
  }
  EngineHandshake handshake;
  const auto session = read.find("sid");
  if (session == read.end() || !session->is_string() || session->get<std::string>().empty()) {
    return InvalidEngine("handshake, which has no sid:", json);
  }
  handshake.session = session->get<std::string>();
  if (const auto upgrades = read.find("upgrades"); upgrades != read.end() && upgrades->is_array()) {
    handshake.can_upgrade =
        std::find(upgrades->begin(), upgrades->end(), "websocket") != upgrades->end();
  }
  handshake.ping_interval = MillisecondsOf(read, "pingInterval");
  handshake.ping_timeout = MillisecondsOf(read, "pingTimeout");
  if (const auto most = read.find("maxPayload"); most != read.end() && most->is_number_unsigned()) {
    handshake.max_payload =
        static_cast<int64_t>(std::min<uint64_t>(most->get<uint64_t>(), uint64_t{1} << 40));
  }
  return handshake;
}

}  // namespace lockstep::agent
