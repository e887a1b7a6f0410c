// `lockstep.lock`: the modules that tests import from servers, by URL and SHA-256. Lines of the
// form "URL sha256:HEX"; empty ones and those that begin with # do not count. Pure.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

class LockFile {
 public:
  // InvalidArgument, naming the line: a line of another form, or a URL with two hashes.
  static absl::StatusOr<LockFile> Parse(absl::string_view text);

  // The SHA-256 of a module in lower-case hexadecimal digits; null if the URL is not there.
  const std::string* Find(const std::string& url) const;
  void Set(const std::string& url, std::string sha256_hex) { hashes_[url] = std::move(sha256_hex); }
  // Sorted by URL, so that two of them can be compared line by line.
  std::string ToText() const;

 private:
  std::map<std::string, std::string> hashes_;
};

}  // namespace lockstep::coordinator
