// Which of the tags that Lockstep itself sets a test wants: the option `systemTags`. A value; pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace lockstep {

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
  // By default, samples carry those before this one, as k6's do, and not those from here on.
  kVu,
  kIter,
  kIp,
  kOcspStatus
};

// "proto", "error_code", ...: the tags' keys, in the order of the enumeration.
absl::Span<const absl::string_view> SystemTagNames();
absl::string_view SystemTagName(SystemTag tag);

class SystemTags {
 public:
  // The default ones.
  SystemTags();
  // Those that `names` lists; unknown names are ignored.
  explicit SystemTags(const std::vector<std::string>& names);

  bool Has(SystemTag tag) const { return (bits_ >> static_cast<uint32_t>(tag) & 1) != 0; }

 private:
  uint32_t bits_;
};

}  // namespace lockstep
