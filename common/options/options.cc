#include "common/options/options.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "common/base/version.h"
#include "common/options/executor_settings.h"

namespace lockstep {

const char* ExecutorTypeName(const ExecutorConfig& config) {
  return std::visit([]<class Config>(const Config&) { return ExecutorSettings<Config>::kName; },
                    config);
}

bool HttpErrorsRule::Matches(int http_status) const {
  if (http_status == 0) {
    return true;
  }
  if (std::find(exclude.begin(), exclude.end(), http_status) != exclude.end()) {
    return false;
  }
  return std::any_of(status.begin(), status.end(), [http_status](const auto& range) {
    return range.first <= http_status && http_status <= range.second;
  });
}

StringList DefaultTrendStats() {
  return {"avg", "min", "med", "max", "p(90)", "p(95)"};
}

std::string DefaultUserAgent() {
  return absl::StrCat("Lockstep/", kVersion, " (k6 compatible)");
}

}  // namespace lockstep
