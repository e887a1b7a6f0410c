// A fuzzer's bytes as the choices that a test makes: each call takes some, and there is always an
// answer, if only zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace lockstep::fuzz {

class ByteSource {
 public:
  explicit ByteSource(absl::string_view bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  uint8_t Byte() {
    if (bytes_.empty()) {
      return 0;
    }
    const auto byte = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte;
  }
  // 0 to `below` - 1.
  size_t Below(size_t below) { return (Byte() | static_cast<size_t>(Byte()) << 8) % below; }
  bool OneIn(uint8_t n) { return Byte() % n == 0; }
  // Extremes and what is near them come as often as anything else.
  uint64_t Integer();
  double Double();
  // Up to `most` bytes.
  std::string Text(size_t most);
  absl::string_view Rest() { return std::exchange(bytes_, {}); }

 private:
  absl::string_view bytes_;
};

}  // namespace lockstep::fuzz
