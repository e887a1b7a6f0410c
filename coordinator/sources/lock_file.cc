#include "coordinator/sources/lock_file.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::string_view kHead =
    "# Modules that tests import, and the SHA-256 of each. `--update-lock` writes this file, `--locked` refuses what differs.\n";
constexpr absl::string_view kHash = "sha256:";
constexpr size_t kHashDigits = 64;

bool IsHash(absl::string_view text) {
  return text.size() == kHashDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

absl::StatusOr<LockFile> LockFile::Parse(absl::string_view text) {
  LockFile file;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || absl::StartsWith(line, "#")) {
      continue;
    }
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    absl::string_view hash = words.size() == 2 ? words[1] : "";
    if (!absl::ConsumePrefix(&hash, kHash) || !IsHash(hash)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "line ", number, ": \"", line, "\": expected URL sha256:HEX, with 64 digits of 0-9a-f"));
    }
    std::string& known = file.hashes_[std::string(words[0])];
    if (!known.empty() && known != hash) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": ", words[0], " stands there twice, with two hashes"));
    }
    known = std::string(hash);
  }
  return file;
}

const std::string* LockFile::Find(const std::string& url) const {
  const auto found = hashes_.find(url);
  return found == hashes_.end() ? nullptr : &found->second;
}

std::string LockFile::ToText() const {
  std::string text(kHead);
  for (const auto& [url, hash] : hashes_) {
    absl::StrAppend(&text, url, " ", kHash, hash, "\n");
  }
  return text;
}

}  // namespace lockstep::coordinator
