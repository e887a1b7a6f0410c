// A folder that only this user can enter: for the Unix socket between `lockstep run` and the agents
// that it starts.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace lockstep::coordinator {

// Removed with everything in it when this object ends.
class PrivateFolder {
 public:
  // In the system's folder for temporary files. The error names the path tried.
  static absl::StatusOr<std::unique_ptr<PrivateFolder>> Make();
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
