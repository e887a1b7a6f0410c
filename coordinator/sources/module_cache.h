// Modules that were fetched, kept on disk for the next run: a file for each URL, which appears in
// one step, so that any number of runs may share the folder.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace lockstep::coordinator {

struct CachedModule {
  std::string content = {};
  absl::Time fetched = {};
  absl::Time fresh_until = {};     // until then it need not be asked for again
  std::string etag = {};           // "": the server told none
  std::string last_modified = {};  // likewise
};

class ModuleCache {
 public:
  // `folder` is made when something is to be kept; "": nothing is kept, and nothing found.
  explicit ModuleCache(std::string folder) : folder_(std::move(folder)) {}

  // Nothing, too, if the file is damaged.
  std::optional<CachedModule> Find(const std::string& url) const;
  // An error names the folder.
  absl::Status Keep(const std::string& url, const CachedModule& module) const;
  bool on() const { return !folder_.empty(); }

 private:
  std::string PathOf(const std::string& url) const;

  const std::string folder_;
};

}  // namespace lockstep::coordinator
