#include "agent/js/script_source.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace lockstep::agent {

const SourceMap* ScriptSource::map() const {
  std::call_once(once_, [this] {
    if (absl::StatusOr<SourceMap> parsed = SourceMap::Parse(map_json); parsed.ok()) {
      map_ = *std::move(parsed);
    }
  });
  return map_.has_value() ? &*map_ : nullptr;
}

void SourceStore::AddMissingExport(const std::string& key, const std::string& name) {
  const MutexLock lock(mutex_);
  std::vector<std::string>& names = missing_[key];
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    names.push_back(name);
  }
}

std::vector<std::string> SourceStore::MissingExports(const std::string& key) {
  const MutexLock lock(mutex_);
  const auto found = missing_.find(key);
  return found == missing_.end() ? std::vector<std::string>() : found->second;
}

void SourceStore::WarnOnce(const std::string& message, Logger& logger) {
  bool more = false;
  {
    const MutexLock lock(mutex_);
    if (said_.size() > kMostWarnings || !said_.insert(message).second) {
      return;
    }
    more = said_.size() > kMostWarnings;
  }
  logger.Warn(more ? absl::StrCat("the script has been warned of ", kMostWarnings,
                                  " things; further ones are not shown")
                   : message);
}

}  // namespace lockstep::agent
