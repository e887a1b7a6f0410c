#include "agent/http/socketio/socket_packet.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

constexpr size_t kShownOfText = 40;

absl::Status InvalidSocket(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("invalid Socket.IO packet \"", absl::CHexEscape(text.substr(0, kShownOfText)),
                   text.size() > kShownOfText ? "..." : "", "\": ", why));
}

// The digits at the beginning of `text`, which loses them.
absl::string_view TakeDigits(absl::string_view* text) {
  size_t count = 0;
  while (count < text->size() && absl::ascii_isdigit(static_cast<unsigned char>((*text)[count]))) {
    ++count;
  }
  const absl::string_view digits = text->substr(0, count);
  text->remove_prefix(count);
  return digits;
}

}  // namespace

std::string EncodeSocketPacket(const SocketPacket& packet) {
  std::string text = absl::StrCat(static_cast<int>(packet.type));
  if (packet.binary()) {
    absl::StrAppend(&text, packet.attachments.size(), "-");
  }
  if (packet.name_space != "/") {
    absl::StrAppend(&text, packet.name_space, ",");
  }
  if (packet.id) {
    absl::StrAppend(&text, *packet.id);
  }
  return absl::StrCat(text, packet.json);
}

std::string EventNameOf(absl::string_view json) {
  const size_t start = json.find_first_not_of(" \t\r\n", 1);
  if (json.empty() || json[0] != '[' || start == absl::string_view::npos || json[start] != '"') {
    return "";
  }
  size_t end = start + 1;
  while (end < json.size() && json[end] != '"') {
    end += json[end] == '\\' ? 2 : 1;
  }
  if (end >= json.size()) {
    return "";
  }
  const auto* const first = json.data() + start;
  const nlohmann::json name =
      nlohmann::json::parse(first, first + (end + 1 - start), nullptr, false);
  return name.is_string() ? name.get<std::string>() : "";
}

absl::StatusOr<std::optional<SocketPacket>> SocketPacketReader::Text(absl::string_view text) {
  if (waiting_) {
    return InvalidSocket(text, "an attachment was expected");
  }
  if (text.empty() || text[0] < '0' || text[0] > '6') {
    return InvalidSocket(text, "there is no such type");
  }
  SocketPacket packet{.type = static_cast<SocketType>(text[0] - '0')};
  absl::string_view rest = text.substr(1);
  size_t attachments = 0;
  if (packet.binary()) {
    const absl::string_view digits = TakeDigits(&rest);
    if (!absl::SimpleAtoi(digits, &attachments) || rest.empty() || rest[0] != '-') {
      return InvalidSocket(text, "it does not say how many attachments it has");
    }
    if (attachments > kMostAttachments) {
      return InvalidSocket(text, absl::StrCat("more than ", kMostAttachments, " attachments"));
    }
    rest.remove_prefix(1);
  }
  if (!rest.empty() && rest[0] == '/') {
    const size_t comma = rest.find(',');
    // Socket.IO 2 puts a query behind the name.
    const absl::string_view name = rest.substr(0, comma);
    packet.name_space = std::string(name.substr(0, name.find('?')));
    rest.remove_prefix(comma == absl::string_view::npos ? rest.size() : comma + 1);
  }
  if (const absl::string_view digits = TakeDigits(&rest); !digits.empty()) {
    uint64_t id = 0;
    if (!absl::SimpleAtoi(digits, &id)) {
      return InvalidSocket(text, "its id is too large");
    }
    packet.id = id;
  }
  packet.json = std::string(rest);
  if (attachments > 0) {
    waiting_ = std::move(packet);
    missing_ = attachments;
    return std::nullopt;
  }
  return packet;
}

absl::StatusOr<std::optional<SocketPacket>> SocketPacketReader::Bytes(std::string bytes) {
  if (!waiting_) {
    return absl::InvalidArgumentError("an attachment came that no Socket.IO packet announced");
  }
  waiting_->attachments.push_back(std::move(bytes));
  if (--missing_ > 0) {
    return std::nullopt;
  }
  return std::exchange(waiting_, std::nullopt);
}

}  // namespace lockstep::agent
