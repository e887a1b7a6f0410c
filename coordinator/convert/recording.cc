#include "coordinator/convert/recording.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/http_token.h"

namespace lockstep::coordinator {
namespace {

// "https://host:1" of "https://host:1/path"; "" if it is not an HTTP URL, or a variable goes on with
// the host.
absl::string_view OriginOf(const Template& url) {
  if (url.empty() || url.front().variable) {
    return "";
  }
  const absl::string_view text = url.front().text;
  const size_t scheme = text.find("://");
  const size_t end =
      scheme == absl::string_view::npos ? scheme : text.find_first_of("/?#", scheme + 3);
  if (scheme == absl::string_view::npos || (end == absl::string_view::npos && url.size() > 1)) {
    return "";
  }
  return text.substr(0, end);
}

}  // namespace

bool IsOneOf(absl::string_view name, std::initializer_list<absl::string_view> names) {
  return std::any_of(names.begin(), names.end(),
                     [name](absl::string_view each) { return absl::EqualsIgnoreCase(each, name); });
}

bool IsHttpUrl(absl::string_view url) {
  return absl::StartsWithIgnoreCase(url, "http://") || absl::StartsWithIgnoreCase(url, "https://");
}

bool IsOfTheConnection(absl::string_view header) {
  return IsOneOf(header, {"content-length", "connection", "keep-alive", "transfer-encoding",
                          "proxy-connection", "te", "trailer", "upgrade", "expect"});
}

bool IsTheClients(absl::string_view header) {
  return !IsToken(header) || IsOfTheConnection(header) ||
         IsOneOf(header, {"host", "cookie", "if-none-match", "if-modified-since"});
}

bool HasHeader(const RecordedRequest& request, absl::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(), [name](const auto& header) {
    return absl::EqualsIgnoreCase(header.first, name);
  });
}

void SetDefaultHeader(const char* name, absl::string_view value, RecordedRequest* request) {
  if (!HasHeader(*request, name)) {
    request->headers.emplace_back(name, Plain(value));
  }
}

void AddToQuery(absl::string_view name, Template value, Template* url) {
  const bool has_query = absl::StrContains(Joined(*url), "?");
  url->push_back({.variable = false, .text = absl::StrCat(has_query ? "&" : "?", name, "=")});
  std::move(value.begin(), value.end(), std::back_inserter(*url));
}

std::string Joined(const Template& text) {
  return absl::StrJoin(text, "", [](std::string* out, const Piece& piece) {
    absl::StrAppend(out, piece.variable ? absl::StrCat("{", piece.text, "}") : piece.text);
  });
}

std::string FileLeftOut(absl::string_view file) {
  return absl::StrCat("the content of ", file, ": read it with open() and put it in");
}

void UseBaseUrl(Recording* recording) {
  std::map<std::string, int> origins;
  for (const RecordedGroup& group : recording->groups) {
    for (const RecordedRequest& request : group.requests) {
      ++origins[std::string(OriginOf(request.url))];
    }
  }
  origins.erase("");
  const auto is_base = [](const auto& variable) { return variable.first == kBaseUrl; };
  if (origins.empty() ||
      std::any_of(recording->variables.begin(), recording->variables.end(), is_base) ||
      std::any_of(recording->derived.begin(), recording->derived.end(), is_base)) {
    return;
  }
  const std::string base =
      std::max_element(origins.begin(), origins.end(), [](const auto& a, const auto& b) {
        return a.second < b.second;
      })->first;
  recording->variables.insert(recording->variables.begin(), {kBaseUrl, base});
  for (RecordedGroup& group : recording->groups) {
    for (RecordedRequest& request : group.requests) {
      if (OriginOf(request.url) != base) {
        continue;
      }
      Piece& first = request.url.front();
      first.text = first.text.substr(base.size());
      request.url.insert(request.url.begin(), {.variable = true, .text = kBaseUrl});
    }
  }
}

size_t CountRequests(const Recording& recording) {
  size_t count = 0;
  for (const RecordedGroup& group : recording.groups) {
    count += group.requests.size();
  }
  return count;
}

}  // namespace lockstep::coordinator
