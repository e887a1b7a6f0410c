#include "agent/net/request_form.h"

#include "absl/strings/match.h"

namespace lockstep::agent {
namespace {

// Go sends "Content-Length: 0" for these when there is no body, and nothing for others.
bool AnnouncesEmptyBody(absl::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

// An empty body, which is not the same as none, is sent by Go as one of no chunks, but for these,
// where it looks first whether there is anything to send.
bool UsuallyHasNoBody(absl::string_view method) {
  return method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS" ||
         method == "PROPFIND" || method == "SEARCH";
}

}  // namespace

BodyForm BodyFormOf(const HttpRequest& request) {
  if (request.method == "HEAD") {
    return BodyForm::kNothing;
  }
  if (!request.body.empty()) {
    return BodyForm::kBody;
  }
  if (request.has_body && !UsuallyHasNoBody(request.method)) {
    return BodyForm::kChunks;
  }
  return AnnouncesEmptyBody(request.method) ? BodyForm::kBody : BodyForm::kNothing;
}

bool MayBeRepeated(absl::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

bool IsLeftOut(absl::string_view header, absl::string_view value) {
  return absl::EqualsIgnoreCase(header, "Content-Length") ||
         absl::EqualsIgnoreCase(header, "Transfer-Encoding") ||
         absl::EqualsIgnoreCase(header, "Trailer") ||
         (value.empty() && absl::EqualsIgnoreCase(header, "User-Agent"));
}

}  // namespace lockstep::agent
