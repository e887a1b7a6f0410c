#include "tests/support/websocket_echo.h"

#include <array>
#include <cstdint>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace lockstep::testing {

std::string WebSocketAccept(absl::string_view key) {
  const std::string text = absl::StrCat(key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  std::array<unsigned char, SHA_DIGEST_LENGTH> hash;
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha1(), nullptr);
  return absl::Base64Escape(absl::string_view(reinterpret_cast<const char*>(hash.data()), size));
}

std::string WebSocketFrame(int opcode, absl::string_view payload) {
  std::string frame(1, static_cast<char>(0x80 | opcode));
  const uint64_t size = payload.size();
  const int bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  frame += static_cast<char>(bytes == 0 ? size : bytes == 2 ? 126 : 127);
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    frame += static_cast<char>(size >> shift);
  }
  return absl::StrCat(frame, payload);
}

bool WebSocketEcho::Receive(absl::string_view bytes, std::string& out) {
  if (mute_) {
    return true;
  }
  absl::StrAppend(&buffer_, bytes);
  bool open = true;
  while (open && TakeFrame(out, open)) {
  }
  return open;
}

bool WebSocketEcho::TakeFrame(std::string& out, bool& open) {
  const auto at = [this](size_t i) { return static_cast<uint8_t>(buffer_[i]); };
  if (buffer_.size() < 2) {
    return false;
  }
  const size_t length_bytes = (at(1) & 127) == 126 ? 2 : (at(1) & 127) == 127 ? 8 : 0;
  const size_t header = 2 + length_bytes + 4;  // a client's frames are masked
  if (buffer_.size() < header) {
    return false;
  }
  uint64_t size = length_bytes == 0 ? at(1) & 127 : 0;
  for (size_t i = 0; i < length_bytes; ++i) {
    size = size << 8 | at(2 + i);
  }
  if (buffer_.size() - header < size) {
    return false;
  }
  std::string payload = buffer_.substr(header, size);
  for (size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(payload[i] ^ buffer_[header - 4 + i % 4]);
  }
  const int opcode = at(0) & 15;
  const bool last = (at(0) & 0x80) != 0;
  buffer_.erase(0, header + size);
  if (opcode == 8) {
    absl::StrAppend(&out, WebSocketFrame(8, payload));
    open = false;
  } else if (opcode == 9) {
    absl::StrAppend(&out, WebSocketFrame(10, payload));
  } else if (opcode < 3) {
    message_opcode_ = opcode == 0 ? message_opcode_ : opcode;
    message_ += payload;
    if (last) {
      absl::StrAppend(&out, WebSocketFrame(message_opcode_, message_));
      message_.clear();
    }
  }
  return true;
}

}  // namespace lockstep::testing
