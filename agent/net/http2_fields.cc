#include "agent/net/http2_fields.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/net/request_form.h"

namespace lockstep::agent {
namespace {

// Of HTTP/1.1's connections; and Host, which is the field ":authority".
bool IsOfConnection(absl::string_view name, absl::string_view value) {
  constexpr absl::string_view kNames[] = {"host",    "connection",     "keep-alive",
                                          "upgrade", "http2-settings", "proxy-connection"};
  return std::any_of(
             std::begin(kNames), std::end(kNames),
             [name](absl::string_view each) { return absl::EqualsIgnoreCase(each, name); }) ||
         (absl::EqualsIgnoreCase(name, "te") && !absl::EqualsIgnoreCase(value, "trailers"));
}

}  // namespace

void Http2Fields::Add(absl::string_view name, absl::string_view value, uint8_t flags) {
  const auto bytes = [](absl::string_view text) {
    // nghttp2 only reads them.
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  fields_.push_back({bytes(name), bytes(value), name.size(), value.size(), flags});
}

const std::vector<nghttp2_nv>& Http2Fields::Of(const HttpRequest& request) {
  fields_.clear();
  path_ = request.url.path;
  if (request.url.has_query) {
    absl::StrAppend(&path_, "?", request.url.query);
  }
  authority_ = request.url.host_header();
  for (const auto& [name, value] : request.headers) {
    if (!value.empty() && absl::EqualsIgnoreCase(name, "Host")) {
      authority_ = value;
    }
  }
  Add(":method", request.method, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  Add(":scheme", request.url.scheme, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  Add(":authority", authority_, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  Add(":path", path_, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  for (const auto& [name, value] : request.headers) {
    if (!IsLeftOut(name, value) && !IsOfConnection(name, value)) {
      Add(name, value, NGHTTP2_NV_FLAG_NO_COPY_VALUE);
    }
  }
  if (BodyFormOf(request) == BodyForm::kBody) {
    length_ = absl::StrCat(request.body.size());
    Add("content-length", length_, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  }
  return fields_;
}

}  // namespace lockstep::agent
