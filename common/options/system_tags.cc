#include "common/options/system_tags.h"

#include "common/options/options.h"

namespace lockstep {

absl::Span<const absl::string_view> SystemTagNames() {
  static constexpr absl::string_view kNames[] = {
      "proto", "subproto", "status",     "method",      "url",      "name",    "group",
      "check", "error",    "error_code", "tls_version", "scenario", "service", "expected_response",
      "vu",    "iter",     "ip",         "ocsp_status"};
  return kNames;
}

absl::string_view SystemTagName(SystemTag tag) {
  return SystemTagNames()[static_cast<size_t>(tag)];
}

StringList DefaultSystemTags() {
  const auto names = SystemTagNames().first(static_cast<size_t>(SystemTag::kVu));
  return StringList(names.begin(), names.end());
}

SystemTags::SystemTags() : SystemTags(DefaultSystemTags()) {}

SystemTags::SystemTags(const std::vector<std::string>& names) : bits_(0) {
  const auto known = SystemTagNames();
  for (const std::string& name : names) {
    for (size_t i = 0; i < known.size(); ++i) {
      if (known[i] == name) {
        bits_ |= 1u << i;
      }
    }
  }
}

}  // namespace lockstep
