#include "agent/http/system_tags.h"

#include <iterator>

#include "common/options/options.h"

namespace lockstep::agent {
namespace {

// In the order of the enumeration.
constexpr absl::string_view kNames[] = {
    "proto", "subproto", "status",     "method",      "url",      "name",    "group",
    "check", "error",    "error_code", "tls_version", "scenario", "service", "expected_response",
    "vu",    "iter",     "ip",         "ocsp_status"};

}  // namespace

absl::string_view SystemTagName(SystemTag tag) {
  return kNames[static_cast<size_t>(tag)];
}

SystemTags::SystemTags() : SystemTags(DefaultSystemTags()) {}

SystemTags::SystemTags(const std::vector<std::string>& names) : bits_(0) {
  for (const std::string& name : names) {
    for (size_t i = 0; i < std::size(kNames); ++i) {
      if (kNames[i] == name) {
        bits_ |= 1u << i;
      }
    }
  }
}

}  // namespace lockstep::agent
