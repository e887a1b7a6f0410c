#include "coordinator/convert/recording.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "common/base/percent_encoding.h"

namespace lockstep::coordinator {
namespace {

// "https://host:1" of "https://host:1/path"; "" if it is no URL of HTTP.
absl::string_view OriginOf(absl::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == absl::string_view::npos) {
    return "";
  }
  return url.substr(0, std::min(url.find_first_of("/?#", scheme + 3), url.size()));
}

std::string FormEncoded(const Template& text, Template* out) {
  std::string plain;
  for (const Piece& piece : text) {
    if (piece.variable) {
      out->push_back({.variable = false, .text = std::exchange(plain, "")});
      out->push_back(piece);
      continue;
    }
    plain += PercentEncoded(piece.text);
  }
  return plain;
}

}  // namespace

bool IsHttpUrl(absl::string_view url) {
  return absl::StartsWithIgnoreCase(url, "http://") || absl::StartsWithIgnoreCase(url, "https://");
}

bool IsTheClients(absl::string_view header) {
  constexpr absl::string_view kOwn[] = {"host",
                                        "content-length",
                                        "connection",
                                        "keep-alive",
                                        "transfer-encoding",
                                        "proxy-connection",
                                        "accept-encoding",
                                        "cookie",
                                        "if-none-match",
                                        "if-modified-since",
                                        "te",
                                        "upgrade",
                                        "expect"};
  const bool token = std::all_of(header.begin(), header.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains("!#$%&'*+-.^_`|~", absl::string_view(&c, 1));
  });
  return header.empty() || !token ||
         std::any_of(std::begin(kOwn), std::end(kOwn), [header](absl::string_view own) {
           return absl::EqualsIgnoreCase(header, own);
         });
}

void SetForm(std::vector<RecordedBody::Field> fields, RecordedRequest* request) {
  std::set<std::string> names;
  const bool unique = std::all_of(fields.begin(), fields.end(), [&names](const auto& field) {
    return field.name.size() == 1 && !field.name[0].variable &&
           names.insert(field.name[0].text).second;
  });
  if (unique) {
    request->body = {.kind = RecordedBody::Kind::kForm, .text = {}, .fields = std::move(fields)};
    std::erase_if(request->headers, [](const auto& header) {
      return absl::EqualsIgnoreCase(header.first, "content-type");  // it follows from the form
    });
    return;
  }
  // An object has each name once.
  Template text;
  std::string plain;
  for (const RecordedBody::Field& field : fields) {
    absl::StrAppend(&plain, &field == &fields.front() ? "" : "&");
    for (const Template* part : {&field.name, &field.value}) {
      Template encoded;
      const std::string rest = FormEncoded(*part, &encoded);
      if (!encoded.empty()) {
        encoded.front().text = absl::StrCat(plain, encoded.front().text);
        plain.clear();
        std::move(encoded.begin(), encoded.end(), std::back_inserter(text));
      }
      absl::StrAppend(&plain, rest, part == &field.name ? "=" : "");
    }
  }
  text.push_back({.variable = false, .text = plain});
  request->body = {.kind = RecordedBody::Kind::kText, .text = std::move(text), .fields = {}};
  const bool typed = std::any_of(
      request->headers.begin(), request->headers.end(),
      [](const auto& header) { return absl::EqualsIgnoreCase(header.first, "content-type"); });
  if (!typed) {
    request->headers.emplace_back("Content-Type", Plain("application/x-www-form-urlencoded"));
  }
}

void UseBaseUrl(Recording* recording) {
  std::map<std::string, int> origins;
  for (const RecordedGroup& group : recording->groups) {
    for (const RecordedRequest& request : group.requests) {
      if (!request.url.empty() && !request.url.front().variable) {
        ++origins[std::string(OriginOf(request.url.front().text))];
      }
    }
  }
  origins.erase("");
  if (origins.empty()) {
    return;
  }
  const std::string base =
      std::max_element(origins.begin(), origins.end(), [](const auto& a, const auto& b) {
        return a.second < b.second;
      })->first;
  recording->variables.insert(recording->variables.begin(), {kBaseUrl, base});
  for (RecordedGroup& group : recording->groups) {
    for (RecordedRequest& request : group.requests) {
      if (request.url.empty() || request.url.front().variable ||
          OriginOf(request.url.front().text) != base) {
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
