// The files that a script turned out to need, gathered while the elected agent evaluates it: what
// every agent gets.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "lockstep/v1/control.pb.h"

namespace lockstep::coordinator {

class Bundle {
 public:
  void Add(const std::string& url, std::string content);
  // Why there is no such file: every agent tells its VUs the same. `why` is an error.
  void AddMissing(const std::string& url, absl::Status why);
  // Null if the bundle has no such file.
  const std::string* Find(const std::string& url) const;
  // In order of URL.
  void ForEach(
      absl::FunctionRef<void(const std::string& url, const std::string& content)> visit) const;
  // Likewise.
  void ForEachMissing(
      absl::FunctionRef<void(const std::string& url, const absl::Status& why)> visit) const;
  // Names, sizes and hashes, and the hash over all of them; and what is missing.
  void Describe(v1::Assign* assign) const;
  int64_t size_bytes() const { return size_bytes_; }

 private:
  struct File {
    std::string content;
    std::string sha256;
  };
  std::map<std::string, File> files_;
  std::map<std::string, absl::Status> missing_;
  int64_t size_bytes_ = 0;
};

}  // namespace lockstep::coordinator
