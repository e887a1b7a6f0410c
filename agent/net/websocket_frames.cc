#include "agent/net/websocket_frames.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "common/base/utf8.h"

namespace lockstep::agent {
namespace {

constexpr int kInvalidData = 1007;
constexpr int kTooBig = 1009;

// A whole message as one frame. `compressed`: the payload is a compressed message's.
std::string ClientFrame(WebSocketOpcode opcode, absl::string_view payload, bool compressed,
                        uint32_t mask) {
  const uint64_t size = payload.size();
  const int length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  std::string frame;
  frame.reserve(2 + static_cast<size_t>(length_bytes) + 4 + payload.size());
  frame += static_cast<char>(0x80 | (compressed ? 0x40 : 0) | static_cast<int>(opcode));
  frame += static_cast<char>(0x80 | (length_bytes == 0   ? static_cast<int>(size)
                                     : length_bytes == 2 ? 126
                                                         : 127));
  for (int shift = 8 * (length_bytes - 1); shift >= 0; shift -= 8) {
    frame += static_cast<char>(size >> shift);
  }
  char key[4];
  std::memcpy(key, &mask, sizeof(key));
  frame.append(key, sizeof(key));
  const size_t head = frame.size();
  frame.append(payload.data(), payload.size());
  for (size_t i = 0; i < payload.size(); ++i) {
    frame[head + i] = static_cast<char>(frame[head + i] ^ key[i % 4]);
  }
  return frame;
}

bool MayBeReceived(int code) {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != kNoStatus && code != kAbnormal) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace

absl::StatusOr<CloseFrame> ReadClose(absl::string_view payload) {
  if (payload.size() < 2) {
    return absl::InvalidArgumentError("half a close code");
  }
  const int code = static_cast<uint8_t>(payload[0]) << 8 | static_cast<uint8_t>(payload[1]);
  if (!MayBeReceived(code)) {
    return absl::InvalidArgumentError(absl::StrCat("bad close code ", code));
  }
  const absl::string_view reason = payload.substr(2);
  if (!IsUtf8(reason)) {
    return absl::InvalidArgumentError("invalid utf8 payload in close frame");
  }
  return CloseFrame{code, std::string(reason)};
}

void WebSocketWriter::Add(WebSocketOpcode opcode, absl::string_view payload, uint32_t mask) {
  const bool control = (static_cast<int>(opcode) & 8) != 0;
  Append({deflate_ && !control
              ? ClientFrame(opcode, DeflateMessage(payload), /*compressed=*/true, mask)
              : ClientFrame(opcode, payload, /*compressed=*/false, mask),
          static_cast<int64_t>(payload.size()), opcode});
}

void WebSocketWriter::Append(Frame frame) {
  message_bytes_ += frame.message_bytes;
  if (frame.opcode == WebSocketOpcode::kPong && pong_ != nullptr) {
    message_bytes_ -= pong_->message_bytes;
    *pong_ = std::move(frame);
    return;
  }
  frames_.push_back(std::move(frame));
  if (frames_.back().opcode == WebSocketOpcode::kPong) {
    pong_ = &frames_.back();
  }
}

size_t WebSocketWriter::Take(char* room, size_t room_bytes) {
  size_t taken = 0;
  while (!frames_.empty() && taken < room_bytes) {
    const Frame& frame = frames_.front();
    if (pong_ == &frame) {
      pong_ = nullptr;  // it has begun to leave
    }
    const size_t piece = std::min(room_bytes - taken, frame.bytes.size() - front_taken_);
    std::copy_n(frame.bytes.data() + front_taken_, piece, room + taken);
    taken += piece;
    front_taken_ += piece;
    if (front_taken_ == frame.bytes.size()) {
      message_bytes_ -= frame.message_bytes;
      messages_taken_ +=
          frame.opcode == WebSocketOpcode::kText || frame.opcode == WebSocketOpcode::kBinary ? 1
                                                                                             : 0;
      close_taken_ = close_taken_ || frame.opcode == WebSocketOpcode::kClose;
      front_taken_ = 0;
      frames_.pop_front();
    }
  }
  return taken;
}

WebSocketReader::WebSocketReader(int64_t max_message_bytes)
    : max_message_bytes_(max_message_bytes) {}
WebSocketReader::~WebSocketReader() = default;

void WebSocketReader::Inflate(const DeflateTerms& terms) {
  inflater_ = std::make_unique<MessageInflater>(terms.server_keeps_context);
}

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
  const bool compressed = (at(0) & 0x40) != 0;  // on the first frame of a message only
  const bool reserved =
      (at(0) & 0x30) != 0 ||
      (compressed && (inflater_ == nullptr || control || opcode == WebSocketOpcode::kContinuation));
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
    compressed_ = compressed;
  }
  absl::StrAppend(&fragments_, payload);
  if (last) {
    if (compressed_) {
      const absl::Status inflated =
          inflater_->Inflate(fragments_, static_cast<size_t>(max_message_bytes_));
      if (!inflated.ok()) {
        return absl::IsResourceExhausted(inflated) ? kTooBig : kInvalidData;
      }
    }
    out.push_back({std::exchange(fragmented_, WebSocketOpcode::kContinuation),
                   std::exchange(fragments_, {})});
  }
  return 0;
}

}  // namespace lockstep::agent
