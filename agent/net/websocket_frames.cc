#include "agent/net/websocket_frames.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

constexpr int kProtocolError = 1002;
constexpr int kTooBig = 1009;

}  // namespace

int WebSocketReader::Feed(absl::string_view bytes, std::vector<WebSocketMessage>& out) {
  const bool had_pending = !pending_.empty();
  if (had_pending) {
    absl::StrAppend(&pending_, bytes);
    bytes = pending_;
  }
  bool complete = true;
  while (complete) {
    const int code = TakeFrame(bytes, out, complete);
    if (code != 0) {
      return code;
    }
  }
  if (!had_pending) {
    pending_.assign(bytes.data(), bytes.size());
  } else {
    pending_.erase(0, pending_.size() - bytes.size());
  }
  return 0;
}

int WebSocketReader::TakeFrame(absl::string_view& bytes, std::vector<WebSocketMessage>& out,
                               bool& complete) {
  complete = false;
  const auto at = [&bytes](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  if (bytes.size() < 2) {
    return 0;
  }
  const auto opcode = static_cast<WebSocketOpcode>(at(0) & 15);
  const bool last = (at(0) & 0x80) != 0;
  const int short_length = at(1) & 127;
  const bool control = (at(0) & 8) != 0;
  const bool known = (at(0) & 7) <= 2;
  const bool reserved = (at(0) & 0x70) != 0;
  const bool masked = (at(1) & 0x80) != 0;  // a server's frames are not
  if (reserved || masked || !known || (control && (!last || short_length > 125))) {
    return kProtocolError;
  }
  const size_t length_bytes = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  if (bytes.size() < 2 + length_bytes) {
    return 0;
  }
  uint64_t size = length_bytes == 0 ? static_cast<uint64_t>(short_length) : 0;
  for (size_t i = 0; i < length_bytes; ++i) {
    size = size << 8 | at(2 + i);
  }
  if (size > static_cast<uint64_t>(max_message_bytes_) - fragments_.size()) {
    return kTooBig;
  }
  if (bytes.size() - 2 - length_bytes < size) {
    return 0;
  }
  const absl::string_view payload = bytes.substr(2 + length_bytes, size);
  bytes.remove_prefix(2 + length_bytes + size);
  complete = true;
  if (control) {
    out.push_back({opcode, std::string(payload)});
    return 0;
  }
  const bool continues = opcode == WebSocketOpcode::kContinuation;
  if (continues == (fragmented_ == WebSocketOpcode::kContinuation)) {
    return kProtocolError;  // a continuation of nothing, or a new message inside another
  }
  if (!continues) {
    fragmented_ = opcode;
  }
  absl::StrAppend(&fragments_, payload);
  if (last) {
    out.push_back({std::exchange(fragmented_, WebSocketOpcode::kContinuation),
                   std::exchange(fragments_, {})});
  }
  return 0;
}

}  // namespace lockstep::agent
