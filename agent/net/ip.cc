#include "agent/net/ip.h"

#include <algorithm>

#include <arpa/inet.h>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// a + n, over the whole address.
IpAddress Advance(IpAddress a, uint64_t n) {
  for (size_t i = 16; i-- > 0 && n > 0;) {
    n += a.bytes[i];
    a.bytes[i] = static_cast<uint8_t>(n & 0xff);
    n >>= 8;
  }
  return a;
}

// Addresses in the range, at most 2^63.
uint64_t CountOf(const IpRange& range) {
  uint64_t high = 0;
  uint64_t low_first = 0;
  uint64_t low_last = 0;
  for (size_t i = 0; i < 8; ++i) {
    high |= static_cast<uint64_t>(range.first.bytes[i] ^ range.last.bytes[i]);
    low_first = low_first << 8 | range.first.bytes[i + 8];
    low_last = low_last << 8 | range.last.bytes[i + 8];
  }
  constexpr uint64_t kMost = uint64_t{1} << 63;
  return high != 0 ? kMost : std::min(low_last - low_first, kMost - 1) + 1;
}

absl::StatusOr<IpRange> ParsePoolEntry(absl::string_view text) {
  if (const size_t dash = text.find('-'); dash != absl::string_view::npos) {
    IpRange range;
    LOCKSTEP_ASSIGN_OR_RETURN(range.first, ParseIp(text.substr(0, dash)));
    LOCKSTEP_ASSIGN_OR_RETURN(range.last, ParseIp(text.substr(dash + 1)));
    if (range.last < range.first || range.first.is_v4() != range.last.is_v4()) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", text, "\" is not an address range: want first-last"));
    }
    range.text = std::string(text);
    return range;
  }
  LOCKSTEP_ASSIGN_OR_RETURN(IpRange range, ParseCidr(text));
  if (range.first.is_v4() && CountOf(range) > 2) {
    range.first = Advance(range.first, 1);
    range.last = Advance(range.first, CountOf(range) - 2);
  }
  return range;
}

}  // namespace

bool IpAddress::is_v4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
}

std::string IpAddress::ToString() const {
  char text[INET6_ADDRSTRLEN];
  const bool v4 = is_v4();
  inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data() + (v4 ? 12 : 0), text, sizeof text);
  return text;
}

absl::StatusOr<IpAddress> ParseIp(absl::string_view text) {
  const std::string stripped(absl::StripAsciiWhitespace(text));
  IpAddress ip;
  if (inet_pton(AF_INET, stripped.c_str(), ip.bytes.data() + 12) == 1) {
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), ip.bytes.begin());
    return ip;
  }
  if (inet_pton(AF_INET6, stripped.c_str(), ip.bytes.data()) == 1) {
    return ip;
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not an IP address"));
}

absl::StatusOr<IpRange> ParseCidr(absl::string_view text) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(text);
  const size_t slash = trimmed.find('/');
  LOCKSTEP_ASSIGN_OR_RETURN(const IpAddress ip, ParseIp(trimmed.substr(0, slash)));
  const int width = ip.is_v4() ? 32 : 128;
  int bits = width;
  if (slash != absl::string_view::npos &&
      (!absl::SimpleAtoi(trimmed.substr(slash + 1), &bits) || bits < 0 || bits > width)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" is not an address range: the prefix length must be 0..", width));
  }
  IpRange range{.first = ip, .last = ip, .text = ""};
  for (int bit = 128 - width + bits; bit < 128; ++bit) {
    const auto mask = static_cast<uint8_t>(0x80 >> (bit % 8));
    uint8_t& low = range.first.bytes[static_cast<size_t>(bit / 8)];
    uint8_t& high = range.last.bytes[static_cast<size_t>(bit / 8)];
    low = static_cast<uint8_t>(low & ~mask);
    high = static_cast<uint8_t>(high | mask);
  }
  range.text = absl::StrCat(range.first.ToString(), "/", bits);
  return range;
}

absl::StatusOr<IpPool> IpPool::Parse(absl::string_view text) {
  IpPool pool;
  for (const absl::string_view entry : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    LOCKSTEP_ASSIGN_OR_RETURN(IpRange range, ParsePoolEntry(absl::StripAsciiWhitespace(entry)));
    pool.size_ = std::min(pool.size_ + CountOf(range), uint64_t{1} << 62);
    pool.ranges_.push_back(std::move(range));
  }
  return pool;
}

IpAddress IpPool::At(uint64_t index) const {
  LOCKSTEP_CHECK(size_ > 0);
  index %= size_;
  for (const IpRange& range : ranges_) {
    const uint64_t count = CountOf(range);
    if (index < count) {
      return Advance(range.first, index);
    }
    index -= count;
  }
  return ranges_.back().last;
}

}  // namespace lockstep::agent
