// A folder that only this user can enter: for the Unix socket between `lockstep run` and the agents
// that it starts.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "common/base/environment.h"

namespace lockstep::coordinator {

// Removed with everything in it when this object ends.
class PrivateFolder {
 public:
  // In the folder for temporary files that TMPDIR, TMP, TEMP or TEMPDIR of the environment names,
  // or else /tmp. Its path has at most `most_bytes`: where such a name is too long for that, it is
  // in /tmp or /run. The error says where it cannot be, why, and the variable.
  static absl::StatusOr<std::unique_ptr<PrivateFolder>> Make(const Environment& environment,
                                                             size_t most_bytes);
  ~PrivateFolder() { Remove(); }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  // At once, for a process that ends without destructors.
  void Remove();
  const std::string& path() const { return path_; }

 private:
  explicit PrivateFolder(std::string path);
  const std::string path_;
};

}  // namespace lockstep::coordinator
