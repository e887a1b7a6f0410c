#include "agent/net/http2_error.h"

#include <nghttp2/nghttp2.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "agent/net/net_error.h"

namespace lockstep::agent {
namespace {

HttpError ErrorOf(int family, absl::string_view what, uint32_t code) {
  const bool known = code <= NGHTTP2_HTTP_1_1_REQUIRED;
  return {known ? family + 1 + static_cast<int>(code) : family,
          absl::StrCat("http2: ", what, " with http2 ErrCode ",
                       known ? nghttp2_http2_strerror(code)
                             : absl::StrFormat("unknown error code 0x%x", code))};
}

}  // namespace

HttpError Http2StreamError(uint32_t code) {
  return ErrorOf(error_code::kHttp2Stream, "stream error", code);
}

HttpError Http2GoAwayError(uint32_t code) {
  HttpError error = ErrorOf(error_code::kHttp2GoAway, "received GoAway", code);
  if (code == NGHTTP2_COMPRESSION_ERROR) {
    // So nghttp2 answers a longer one, and with it all servers that are made with it.
    error.message += " (many servers take no line of a header above 64 KiB)";
  }
  return error;
}

HttpError Http2ConnectionError(uint32_t code) {
  HttpError error = ErrorOf(error_code::kHttp2Connection, "connection error", code);
  if (code == NGHTTP2_COMPRESSION_ERROR) {
    // nghttp2 takes no longer one, which spoils the compression of all that follows.
    error.message += " (a line of a header may have 64 KiB)";
  }
  return error;
}

HttpError Http2HeaderTooLarge() {
  return HeaderTooLarge("a line may have 64 KiB, all 1 MiB");
}

absl::Duration PauseAfter(int refusals) {
  return refusals <= 1 ? absl::ZeroDuration() : absl::Seconds(1) * (1 << (refusals - 2));
}

}  // namespace lockstep::agent
