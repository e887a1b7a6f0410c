#include "coordinator/sources/archive_names.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/base/percent_encoding.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::string_view kNobody = "nobody";
constexpr absl::string_view kSchemes[] = {"file", "https", "http"};

bool IsKnownScheme(absl::string_view name) {
  return std::find(std::begin(kSchemes), std::end(kSchemes), name) != std::end(kSchemes);
}

bool IsDriveLetter(absl::string_view part) {
  return part.size() == 2 && absl::ascii_isalpha(static_cast<unsigned char>(part[0])) &&
         part[1] == ':';
}

}  // namespace

std::string AnonymousPath(absl::string_view path) {
  const bool url = absl::ConsumePrefix(&path, "file://");
  const std::string slashes = absl::StrReplaceAll(path, {{"\\", "/"}});
  std::vector<std::string> parts = absl::StrSplit(slashes, '/');
  for (size_t i = 0; i < parts.size() && i < 2; ++i) {
    if (IsDriveLetter(parts[i])) {
      parts[i].pop_back();
    }
  }
  // The folder of users is the first one, or the second one below a drive.
  for (size_t i = 0; i + 1 < parts.size() && i <= 2; ++i) {
    if ((parts[i] == "home" || parts[i] == "Users") && !parts[i + 1].empty() &&
        i + 2 < parts.size()) {
      parts[i + 1] = std::string(kNobody);
      break;
    }
  }
  return absl::StrCat(url ? "file://" : "", absl::StrJoin(parts, "/"));
}

std::string EntryNameOf(absl::string_view url) {
  const size_t colon = url.find("://");
  const absl::string_view scheme = url.substr(0, std::min(colon, url.size()));
  if (colon == absl::string_view::npos || !IsKnownScheme(scheme)) {
    return "";
  }
  const absl::string_view rest = url.substr(colon + 3);
  const std::string place = scheme == "file" ? std::string(rest) : PercentDecoded(rest);
  const std::string name = absl::StrCat(scheme, absl::StartsWith(place, "/") ? "" : "/", place);
  // What would climb once its escapes are undone keeps them.
  absl::StatusOr<std::string> checked = CheckedEntryName(name);
  return checked.ok() ? *std::move(checked)
                      : CheckedEntryName(absl::StrCat(scheme, "/", rest)).value_or("");
}

absl::StatusOr<std::string> CheckedEntryName(absl::string_view name) {
  const auto wrong = [&](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat("the entry \"", absl::CHexEscape(name), "\" ", what));
  };
  absl::ConsumePrefix(&name, "./");
  if (absl::StartsWith(name, "/")) {
    return wrong("is absolute");
  }
  if (name.find('\0') != absl::string_view::npos) {
    return wrong("has a NUL in its name");
  }
  const absl::string_view scheme = name.substr(0, name.find('/'));
  if (!IsKnownScheme(scheme) || scheme.size() == name.size()) {
    return wrong("is none of metadata.json, data, file/..., https/... and http/...");
  }
  const bool file = scheme == "file";
  std::string rest(name.substr(scheme.size()));
  if (file) {
    rest = absl::StrReplaceAll(rest, {{"\\", "/"}});
  }
  std::vector<absl::string_view> parts;
  for (const absl::string_view part : absl::StrSplit(rest, '/', absl::SkipEmpty())) {
    if (part == "..") {
      return wrong("climbs out of the archive");
    }
    if (part != ".") {
      parts.push_back(part);
    }
  }
  const std::string path = absl::StrCat("/", absl::StrJoin(parts, "/"));
  return absl::StrCat(scheme, file ? AnonymousPath(path) : path);
}

}  // namespace lockstep::coordinator
