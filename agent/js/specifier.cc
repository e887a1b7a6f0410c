#include "agent/js/specifier.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "agent/http/url.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

// Removes "." and ".." from an absolute path.
std::string CleanPath(absl::string_view path) {
  std::vector<absl::string_view> parts;
  for (const absl::string_view part : absl::StrSplit(path, '/')) {
    if (part == "..") {
      if (!parts.empty()) {
        parts.pop_back();
      }
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  return absl::StrCat("/", absl::StrJoin(parts, "/"));
}

}  // namespace

bool IsNativeName(absl::string_view specifier) {
  return specifier == "k6" || absl::StartsWith(specifier, "k6/") ||
         absl::StartsWith(specifier, "lockstep/");
}

absl::StatusOr<std::string> ResolveSpecifier(absl::string_view specifier, absl::string_view base) {
  if (!absl::StartsWith(specifier, ".") && !absl::StartsWith(specifier, "/") &&
      !absl::StrContains(specifier, "://")) {
    return absl::InvalidArgumentError(
        absl::StrCat("The moduleSpecifier \"", specifier,
                     "\" couldn't be recognised as something k6 supports."));
  }
  return ResolvePath(specifier, base);
}

absl::StatusOr<std::string> ResolvePath(absl::string_view specifier, absl::string_view base) {
  const bool absolute = absl::StrContains(specifier, "://");
  const absl::string_view from = absolute ? specifier : base;
  if (absl::StartsWith(from, "https://")) {
    LOCKSTEP_ASSIGN_OR_RETURN(const Url place, ParseUrl(from));
    LOCKSTEP_ASSIGN_OR_RETURN(const Url url, ResolveUrl(place, specifier));
    return absl::StrCat("https://", url.login(), url.authority(), url.target());
  }
  // A file's name is a path as the file system has it, in which nothing is escaped.
  if (absolute && !absl::ConsumePrefix(&specifier, "file://")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "only supported schemes for imports are file and https, ", specifier, " has another one"));
  }
  absl::ConsumePrefix(&base, "file://");
  const absl::string_view folder =
      absl::StartsWith(specifier, "/") ? "" : base.substr(0, base.rfind('/') + 1);
  return absl::StrCat("file://", CleanPath(absl::StrCat(folder, specifier)));
}

}  // namespace lockstep::agent
