// IP addresses and ranges, for blacklists, local addresses and the resolver. Values; pure.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

// IPv4 addresses are kept as IPv4-mapped IPv6, so that one comparison serves both.
struct IpAddress {
  std::array<uint8_t, 16> bytes{};
  bool is_v4() const;
  std::string ToString() const;  // "127.0.0.1", "::1"
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

// InvalidArgument: `"x" is not an IP address`.
absl::StatusOr<IpAddress> ParseIp(absl::string_view text);

struct IpRange {
  IpAddress first, last;  // both inside
  std::string text;       // as Go prints a network: "10.0.0.0/8"
  bool Contains(const IpAddress& ip) const { return first <= ip && ip <= last; }
};

// "10.0.0.0/8", "::1/128" or a lone address. InvalidArgument names the text.
absl::StatusOr<IpRange> ParseCidr(absl::string_view text);

// k6's localIPs: a comma-separated list of addresses, "first-last" ranges and CIDRs (of these
// without the network and broadcast addresses of IPv4, where there are more than two). VU n takes
// address (n - 1) modulo `size`.
class IpPool {
 public:
  static absl::StatusOr<IpPool> Parse(absl::string_view text);
  bool empty() const { return size_ == 0; }
  uint64_t size() const { return size_; }
  IpAddress At(uint64_t index) const;  // wraps around; not on an empty pool

 private:
  std::vector<IpRange> ranges_;
  uint64_t size_ = 0;
};

}  // namespace lockstep::agent
