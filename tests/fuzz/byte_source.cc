#include "tests/fuzz/byte_source.h"

#include <bit>
#include <cmath>

namespace lockstep::fuzz {

uint64_t ByteSource::Integer() {
  constexpr uint64_t kInteresting[] = {0,          1,           2,          10,
                                       127,        1000,        65535,      1'000'000,
                                       0x7fffffff, 0x80000000u, 0xffffffff, 1ull << 32,
                                       INT64_MAX,  1ull << 63,  UINT64_MAX, UINT64_MAX - 1};
  const uint8_t choice = Byte();
  if (choice < 128) {
    return choice % 16;
  }
  if (choice < 224) {
    return kInteresting[choice % 16];
  }
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) {
    value = value << 8 | Byte();
  }
  return value;
}

double ByteSource::Double() {
  constexpr double kEndless = INFINITY;
  constexpr double kInteresting[] = {0, -0.0, 1, -1, 0.5, 1e-300, 1e300, kEndless, -kEndless, NAN};
  const uint8_t choice = Byte();
  return choice < 128 ? kInteresting[choice % std::size(kInteresting)]
                      : std::bit_cast<double>(Integer());
}

std::string ByteSource::Text(size_t most) {
  std::string text(Byte() % (most + 1), '\0');
  for (char& c : text) {
    c = static_cast<char>(Byte());
  }
  return text;
}

}  // namespace lockstep::fuzz
