#include "agent/net/response_reader.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

// So many are taken without asking for memory again.
constexpr size_t kUsualHeaders = 10;

// The IANA registry of HTTP status codes, with Go's wording; ascending.
constexpr std::pair<int, absl::string_view> kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Request Entity Too Large"},
    {414, "Request URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Requested Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {418, "I'm a teapot"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Entity"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {510, "Not Extended"},
    {511, "Network Authentication Required"},
};

// Those of HTTP/1 by their last digit.
constexpr absl::string_view kHttp1[] = {"HTTP/1.0", "HTTP/1.1", "HTTP/1.2", "HTTP/1.3", "HTTP/1.4",
                                        "HTTP/1.5", "HTTP/1.6", "HTTP/1.7", "HTTP/1.8", "HTTP/1.9"};

}  // namespace

absl::string_view ProtocolOf(absl::string_view name) {
  if (name == kHttp1[1]) {
    return kHttp1[1];
  }
  if (name == "HTTP/2") {
    return "HTTP/2.0";
  }
  const auto* const known = std::find(std::begin(kHttp1), std::end(kHttp1), name);
  return name == "HTTP/3" ? "HTTP/3" : known == std::end(kHttp1) ? "" : *known;
}

absl::string_view ReasonPhrase(int status) {
  const auto* found =
      std::lower_bound(std::begin(kPhrases), std::end(kPhrases), status,
                       [](const auto& entry, int wanted) { return entry.first < wanted; });
  return found != std::end(kPhrases) && found->first == status ? found->second : "";
}

void ResponseReader::Start(bool keep_body, int64_t max_body_bytes) {
  keep_body_ = keep_body;
  max_body_bytes_ = max_body_bytes;
  too_long_ = false;
  in_headers_ = false;
  content_encoding_.clear();
}

void ResponseReader::AddHeaderLine(absl::string_view line) {
  line = absl::StripTrailingAsciiWhitespace(line);
  if (!in_headers_ && absl::StartsWith(line, "HTTP/")) {
    AddStatusLine(line);
    return;
  }
  if (!in_headers_) {
    return;  // a trailer
  }
  if (line.empty()) {
    EndHead();
    return;
  }
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos) {
    return;
  }
  AddField(line.substr(0, colon), absl::StripLeadingAsciiWhitespace(line.substr(colon + 1)));
}

void ResponseReader::AddField(absl::string_view name, absl::string_view value) {
  switch (name.size()) {  // it is seldom one of these
    case 7:
    case 17:
      if (absl::EqualsIgnoreCase(name, "Transfer-Encoding") ||
          absl::EqualsIgnoreCase(name, "Trailer")) {
        return;  // of the connection, and gone by the time that the body is read, as in Go
      }
      break;
    case 16:
      if (absl::EqualsIgnoreCase(name, "Content-Encoding")) {
        absl::StrAppend(&content_encoding_, content_encoding_.empty() ? "" : ",", value);
      }
  }
  if (fields_ < response_.headers.size()) {
    response_.headers[fields_].first.assign(name.data(), name.size());
    response_.headers[fields_].second.assign(value.data(), value.size());
  } else {
    response_.headers.emplace_back(name, value);
  }
  ++fields_;
}

void ResponseReader::EndHead() {
  in_headers_ = false;
  response_.headers.resize(fields_);
}

void ResponseReader::ContinueField(absl::string_view more) {
  if (fields_ > 0) {
    absl::StrAppend(&response_.headers[fields_ - 1].second, " ", more);
  }
}

void ResponseReader::ExpectBody(int64_t length) {
  // What is announced may never come.
  constexpr int64_t kMostAtOnce = 1 << 20;
  if (keep_body_) {
    response_.body.reserve(static_cast<size_t>(std::min({length, max_body_bytes_, kMostAtOnce})));
  }
}

void ResponseReader::AddStatusLine(absl::string_view line) {
  in_headers_ = true;
  content_encoding_.clear();
  if (memory_ != nullptr) {
    memory_->Lend(response_);
  }
  fields_ = 0;
  response_.headers.reserve(kUsualHeaders);
  response_.body.clear();
  const size_t space = std::min(line.find(' '), line.size());
  const absl::string_view proto = line.substr(0, space);
  const absl::string_view rest = absl::StripLeadingAsciiWhitespace(line.substr(space));
  const char* const end = rest.data() + rest.size();
  response_.proto = ProtocolOf(proto);
  response_.status = 0;
  const char* const digits = std::from_chars(rest.data(), end, response_.status).ptr;
  const bool has_phrase = digits != end && *digits == ' ';
  if (digits != end && !has_phrase) {
    response_.status = 0;
  }
  response_.status_text.assign(rest.data(), rest.size());
  if (!has_phrase && (proto == "HTTP/2" || proto == "HTTP/3")) {
    const absl::string_view phrase = ReasonPhrase(response_.status);
    absl::StrAppend(&response_.status_text, phrase.empty() ? "" : " ", phrase);
  }
}

bool ResponseReader::AddBody(absl::string_view piece) {
  if (keep_body_) {
    if (static_cast<int64_t>(response_.body.size() + piece.size()) > max_body_bytes_) {
      too_long_ = true;
      return false;
    }
    response_.body.append(piece.data(), piece.size());
  }
  return true;
}

}  // namespace lockstep::agent
