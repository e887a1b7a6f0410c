#include "coordinator/fetch/http_place.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "common/base/host_port.h"

namespace lockstep::coordinator {
namespace {

// What stands between "://" and the path, login included.
absl::string_view Middle(absl::string_view url) {
  const absl::string_view scheme = HttpScheme(url);
  if (scheme.empty()) {
    return "";
  }
  url.remove_prefix(scheme.size() + 3);
  return url.substr(0, url.find_first_of("/?#"));
}

}  // namespace

absl::string_view HttpScheme(absl::string_view url) {
  return absl::StartsWithIgnoreCase(url, "https://")  ? "https"
         : absl::StartsWithIgnoreCase(url, "http://") ? "http"
                                                      : "";
}

std::string HttpAuthority(absl::string_view url) {
  absl::string_view middle = Middle(url);
  if (const size_t at = middle.rfind('@'); at != absl::string_view::npos) {
    middle.remove_prefix(at + 1);
  }
  return absl::AsciiStrToLower(middle);
}

bool IsLoopback(absl::string_view url) {
  return IsLoopbackHost(SplitHostPort(HttpAuthority(url)).host);
}

std::string WithoutSecrets(absl::string_view url) {
  const absl::string_view scheme = HttpScheme(url);
  if (scheme.empty()) {
    return std::string(url);
  }
  absl::string_view path = url.substr(scheme.size() + 3 + Middle(url).size());
  path = path.substr(0, path.find_first_of("?#"));
  return absl::StrCat(scheme, "://", HttpAuthority(url), path);
}

}  // namespace lockstep::coordinator
