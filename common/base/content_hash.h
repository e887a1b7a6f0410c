// Content hashes of a script's files: what the coordinator promises and the agent verifies. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace lockstep {

// The 32 bytes of SHA-256.
std::string Sha256(absl::string_view bytes);

// The hash of a set of files: SHA-256 of "url\nsize\nhash of the content in hex\n" for each, in
// order of url.
class BundleHash {
 public:
  // Files may be added in any order; adding a url again replaces it.
  void Add(absl::string_view url, int64_t size_bytes, absl::string_view sha256);
  std::string Digest() const;

 private:
  std::map<std::string, std::string> lines_;
};

}  // namespace lockstep
