// What all VUs of a run know of the script's files: how each is to be read, and what is compiled of
// it. Each file is examined once, whoever comes first to it. Knows no V8.
//
// Thread-safe: all workers of the agent use one store.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

#include "agent/data/once_map.h"
#include "agent/data/source_map.h"
#include "common/base/log.h"
#include "common/base/sync.h"

namespace lockstep::agent {

// How a file is to be read.
enum class SourceKind { kModule, kCommonJs, kJson };

struct ScriptSource {
  SourceKind kind = SourceKind::kModule;
  std::optional<std::string> code;  // what is compiled, where it is not the file's own text
  std::string map_json;             // the source map of the code; "" without one
  std::string map_url;              // where relative names of its sources start
  bool mentions_library = false;    // whether it may use what InstallLibrary adds

  // The map, or null if there is none that can be read.
  const SourceMap* map() const;

 private:
  mutable std::once_flag once_;
  mutable std::optional<SourceMap> map_;
};

class SourceStore {
 public:
  // The files by URL; the map's rules say who examines one.
  OnceMap<ScriptSource>& files() { return files_; }
  // The file at `url`, if it has been examined.
  const ScriptSource* Find(absl::string_view url) { return files_.Find(url); }

  // Names that scripts import of the module `key` and that it does not have.
  void AddMissingExport(const std::string& key, const std::string& name);
  std::vector<std::string> MissingExports(const std::string& key);

  // Logs a warning that nobody has logged before. Beyond so many it says once that there are more,
  // as a script may put anything into a message.
  static constexpr size_t kMostWarnings = 1000;
  void WarnOnce(const std::string& message, Logger& logger);

 private:
  OnceMap<ScriptSource> files_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, std::vector<std::string>> missing_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::string> said_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lockstep::agent
