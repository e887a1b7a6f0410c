#include "coordinator/fetch/http_place.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

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

bool IsIpv4Loopback(absl::string_view host) {
  const std::vector<absl::string_view> parts = absl::StrSplit(host, '.');
  return parts.size() == 4 && parts[0] == "127" &&
         std::all_of(parts.begin(), parts.end(), [](absl::string_view part) {
           int number = 0;
           return part.size() <= 3 && absl::SimpleAtoi(part, &number) && number >= 0 &&
                  number <= 255;
         });
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
  const std::string authority = HttpAuthority(url);
  absl::string_view host = authority;
  if (absl::ConsumePrefix(&host, "[")) {
    return host.substr(0, host.find(']')) == "::1";
  }
  host = host.substr(0, host.find(':'));
  return host == "localhost" || IsIpv4Loopback(host);
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
