#include "agent/js/specifier.h"

#include <algorithm>
#include <iterator>
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

// A URL for a name that is neither a path nor a URL; "" if nobody knows one.
std::string UrlFor(absl::string_view specifier) {
  const std::vector<absl::string_view> parts = absl::StrSplit(specifier, '/');
  if (parts[0] == "github.com" && parts.size() > 3) {
    return absl::StrCat("https://raw.githubusercontent.com/", parts[1], "/", parts[2], "/HEAD/",
                        absl::StrJoin(parts.begin() + 3, parts.end(), "/"));
  }
  if (parts[0] == "cdnjs.com" && parts.size() > 2 && parts[1] == "libraries") {
    const absl::string_view version = parts.size() > 3 ? parts[3] : "VERSION";
    const std::string file = parts.size() > 4 ? absl::StrJoin(parts.begin() + 4, parts.end(), "/")
                                              : absl::StrCat(parts[2], ".min.js");
    return absl::StrCat("https://cdnjs.cloudflare.com/ajax/libs/", parts[2], "/", version, "/",
                        file);
  }
  return parts.size() > 1 && absl::StrContains(parts[0], '.') ? absl::StrCat("https://", specifier)
                                                              : "";
}

bool IsOfNode(absl::string_view specifier) {
  constexpr absl::string_view kModules[] = {"assert",   "async_hooks",
                                            "buffer",   "child_process",
                                            "cluster",  "crypto",
                                            "dgram",    "dns",
                                            "events",   "fs",
                                            "http",     "http2",
                                            "https",    "module",
                                            "net",      "os",
                                            "path",     "perf_hooks",
                                            "process",  "querystring",
                                            "readline", "stream",
                                            "timers",   "tls",
                                            "tty",      "url",
                                            "util",     "v8",
                                            "vm",       "worker_threads",
                                            "zlib"};
  const absl::string_view first = specifier.substr(0, specifier.find('/'));
  return absl::StartsWith(specifier, "node:") ||
         std::find(std::begin(kModules), std::end(kModules), first) != std::end(kModules);
}

// Whether it ends as the names of files do that scripts import.
bool NamesFile(absl::string_view specifier) {
  constexpr absl::string_view kEnds[] = {".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".json"};
  return std::any_of(std::begin(kEnds), std::end(kEnds),
                     [specifier](absl::string_view end) { return absl::EndsWith(specifier, end); });
}

// What to do about a name that is neither a path nor a URL.
std::string Advice(absl::string_view specifier) {
  if (const std::string url = UrlFor(specifier); !url.empty()) {
    return absl::StrCat("Import \"", url, "\" instead.");
  }
  if (specifier.empty()) {
    return "Import a relative path, a URL, or a module such as \"k6/http\".";
  }
  return IsOfNode(specifier)
             ? "It is a module of Node.js, which scripts do not run in."
             : absl::StrCat(
                   "Packages of npm are not looked up: bundle it into the script, or import its file "
                   "by a relative path, as in \"./",
                   specifier, NamesFile(specifier) ? "" : ".js", "\", or by an https URL.");
}

}  // namespace

bool IsRemote(absl::string_view url) {
  return absl::StartsWith(url, "https://") || absl::StartsWith(url, "http://");
}

bool IsNativeName(absl::string_view specifier) {
  return specifier == "k6" || absl::StartsWith(specifier, "k6/") ||
         absl::StartsWith(specifier, "lockstep/");
}

absl::StatusOr<std::string> ResolveSpecifier(absl::string_view specifier, absl::string_view base) {
  if (!absl::StartsWith(specifier, ".") && !absl::StartsWith(specifier, "/") &&
      !absl::StrContains(specifier, "://")) {
    return absl::InvalidArgumentError(
        absl::StrCat("The moduleSpecifier \"", specifier,
                     "\" couldn't be recognised as something k6 supports. ", Advice(specifier)));
  }
  return ResolvePath(specifier, base);
}

absl::StatusOr<std::string> ResolvePath(absl::string_view specifier, absl::string_view base) {
  const bool absolute = absl::StrContains(specifier, "://");
  const absl::string_view from = absolute ? specifier : base;
  if (IsRemote(from)) {
    LOCKSTEP_ASSIGN_OR_RETURN(const Url place, ParseUrl(from));
    LOCKSTEP_ASSIGN_OR_RETURN(const Url url, ResolveUrl(place, specifier));
    return absl::StrCat(url.scheme, "://", url.login(), url.authority(), url.target());
  }
  // A file's name is a path as the file system has it, in which nothing is escaped.
  if (absolute && !absl::ConsumePrefix(&specifier, "file://")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "only supported schemes for imports are file and https, ", specifier, " has another one"));
  }
  if (absolute && IsRemote(base)) {
    return absl::InvalidArgumentError(
        absl::StrCat(base, " comes from a server: it can't use the local file ", specifier));
  }
  absl::ConsumePrefix(&base, "file://");
  const absl::string_view folder =
      absl::StartsWith(specifier, "/") ? "" : base.substr(0, base.rfind('/') + 1);
  return absl::StrCat("file://", CleanPath(absl::StrCat(folder, specifier)));
}

}  // namespace lockstep::agent
