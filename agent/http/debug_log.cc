#include "agent/http/debug_log.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/http/compress.h"
#include "common/base/utf8.h"

namespace lockstep::agent {
namespace {

// Codings are undone for the log's eyes only, so not to any length.
constexpr int64_t kMaxDecoded = int64_t{1} << 20;

bool IsText(absl::string_view bytes) {
  while (!bytes.empty()) {
    const auto first = static_cast<unsigned char>(bytes[0]);
    const bool control = first < 0x20 && first != '\n' && first != '\r' && first != '\t';
    const size_t length = Utf8SequenceLength(bytes);
    if (control || length == 0) {
      return false;
    }
    bytes.remove_prefix(length);
  }
  return true;
}

// A header's value; bytes that are not text become "?".
std::string ValueForLog(absl::string_view value) {
  std::string out;
  while (!value.empty()) {
    const size_t length = Utf8SequenceLength(value);
    const bool shown = length > 0 && !absl::ascii_iscntrl(static_cast<unsigned char>(value[0]));
    absl::StrAppend(&out, shown ? value.substr(0, length) : "?");
    value.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

// Without `own`, which are set in other ways or not sent.
std::string HeaderLines(const HeaderList& headers, std::initializer_list<const char*> own) {
  std::string lines;
  for (const auto& [name, value] : headers) {
    if (std::none_of(own.begin(), own.end(), [&name = name](const char* other) {
          return absl::EqualsIgnoreCase(name, other);
        })) {
      absl::StrAppend(&lines, ValueForLog(name), ": ", ValueForLog(value), "\n");
    }
  }
  return lines;
}

std::string ValueOf(const HeaderList& headers, absl::string_view name) {
  for (const auto& header : headers) {
    if (absl::EqualsIgnoreCase(header.first, name)) {
      return header.second;
    }
  }
  return "";
}

}  // namespace

std::string BodyForLog(absl::string_view content_encoding, absl::string_view body) {
  std::string decoded;
  absl::string_view shown = body;
  if (!content_encoding.empty()) {
    absl::StatusOr<std::string> plain =
        DecodeContent(content_encoding, std::string(body), kMaxDecoded);
    if (plain.ok()) {
      decoded = *std::move(plain);
      shown = decoded;
    }
  }
  if (!IsText(shown)) {
    return absl::StrCat("(", body.size(), " bytes that are not text)");
  }
  const absl::string_view cut = CutText(shown, HttpDebug::kMaxBodyShown);
  return cut.size() == shown.size()
             ? std::string(shown)
             : absl::StrCat(cut, "\n(", shown.size() - cut.size(), " bytes more)");
}

HttpDebug::HttpDebug(Logger& logger, bool bodies, std::string id_prefix,
                     absl::AnyInvocable<Fields()> where)
    : logger_(logger),
      bodies_(bodies),
      id_prefix_(std::move(id_prefix)),
      where_(std::move(where)) {}

void HttpDebug::Write(std::string text, absl::string_view id) {
  Fields fields = where_();
  fields.emplace_back("request_id", id);
  fields.emplace_back("source", "http-debug");
  std::sort(fields.begin(), fields.end());
  logger_.Log(LogLevel::kInfo, std::move(text), std::move(fields));
}

std::string HttpDebug::Request(const HttpRequest& request) {
  const std::string host = ValueOf(request.headers, "Host");
  std::string text =
      absl::StrCat("Request:\n", ValueForLog(request.method), " ", request.url.target(),
                   " HTTP/1.1\nHost: ", host.empty() ? request.url.host_header() : host, "\n",
                   HeaderLines(request.headers, {"Host", "Content-Length", "Transfer-Encoding"}));
  if (!request.body.empty()) {
    absl::StrAppend(&text, "Content-Length: ", request.body.size(), "\n");
  }
  if (bodies_ && !request.body.empty()) {
    absl::StrAppend(&text, "\n",
                    BodyForLog(ValueOf(request.headers, "Content-Encoding"), request.body), "\n");
  }
  std::string id = absl::StrCat(id_prefix_, ++requests_);
  Write(std::move(text), id);
  return id;
}

void HttpDebug::Response(absl::string_view id, const HttpResponse& response) {
  std::string text = "Response:\n";
  if (response.status != 0) {
    absl::StrAppend(&text, response.proto, " ", ValueForLog(response.status_text), "\n",
                    HeaderLines(response.headers, {}));
  }
  if (response.error.code != 0) {
    absl::StrAppend(&text, "(error ", response.error.code, ": ", response.error.in_full(), ")\n");
  }
  if (bodies_ && !response.body.empty()) {
    absl::StrAppend(&text, "\n", BodyForLog("", response.body), "\n");
  }
  Write(std::move(text), id);
}

}  // namespace lockstep::agent
