// Which of the tags that Lockstep itself sets a test wants: the option `systemTags`. A value; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

enum class SystemTag : uint8_t {
  kProto,
  kSubproto,
  kStatus,
  kMethod,
  kUrl,
  kName,
  kGroup,
  kCheck,
  kError,
  kErrorCode,
  kTlsVersion,
  kScenario,
  kService,
  kExpectedResponse,
  kVu,
  kIter,
  kIp,
  kOcspStatus
};

// "proto", "error_code", ...: the tag's key.
absl::string_view SystemTagName(SystemTag tag);

class SystemTags {
 public:
  // k6's defaults: all but vu, iter, ip and ocsp_status.
  SystemTags();
  // Those that `names` lists; unknown names are ignored.
  explicit SystemTags(const std::vector<std::string>& names);

  bool Has(SystemTag tag) const { return (bits_ >> static_cast<uint32_t>(tag) & 1) != 0; }

 private:
  uint32_t bits_;
};

}  // namespace lockstep::agent
