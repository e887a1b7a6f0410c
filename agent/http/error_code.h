// k6's codes of exchanges that failed: `HttpError::code`, `Response.error_code` and the tag
// `error_code`.
#pragma once

#include "absl/status/status.h"

namespace lockstep::agent::error_code {

inline constexpr int kGeneric = 1000;
inline constexpr int kInvalidUrl = 1020;
inline constexpr int kRequestTimeout = 1050;
inline constexpr int kDns = 1100;
inline constexpr int kNoSuchHost = 1101;
inline constexpr int kBlacklistedIp = 1110;
inline constexpr int kBlockedHostname = 1111;
inline constexpr int kTcp = 1200;
inline constexpr int kBrokenPipe = 1201;
inline constexpr int kTcpUnknown = 1202;
inline constexpr int kDial = 1210;
inline constexpr int kDialTimeout = 1211;
inline constexpr int kDialRefused = 1212;
inline constexpr int kDialUnknown = 1213;
inline constexpr int kReset = 1220;
inline constexpr int kTls = 1300;
inline constexpr int kTlsHeader = 1301;
inline constexpr int kUnknownAuthority = 1310;
inline constexpr int kWrongHostname = 1311;
inline constexpr int kHttp2 = 1600;
inline constexpr int kHttp2GoAway = 1610;
inline constexpr int kHttp2Stream = 1630;
inline constexpr int kHttp2Connection = 1650;
inline constexpr int kDecompression = 1701;

// Of a URL that ParseUrl can read and nothing can be sent to.
inline int OfUnsendable(const absl::Status& why) {
  return absl::IsOutOfRange(why) ? kDial : kGeneric;
}

}  // namespace lockstep::agent::error_code
