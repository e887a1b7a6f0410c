#include "coordinator/convert/curl_headers.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/http_token.h"

namespace lockstep::coordinator {

using Meaning = CurlMeaning;

void CurlHeaders::Add(const std::string& text) {
  const size_t end = text.find_first_of(":;");
  const std::string name(absl::StripAsciiWhitespace(text.substr(0, end)));
  const std::string value(
      end == std::string::npos ? "" : absl::StripAsciiWhitespace(text.substr(end + 1)));
  const bool is_empty = end != std::string::npos && text[end] == ';' && value.empty();
  if (absl::StartsWith(text, "@")) {
    left_out_.push_back(absl::StrCat("-H ", text, ": a file of headers"));
  } else if (!IsToken(name) || end == std::string::npos || (text[end] == ';' && !is_empty)) {
    left_out_.push_back(absl::StrCat("the header \"", text, "\", which has no value"));
  } else if (value.empty() && !is_empty) {
    removed_.insert(absl::AsciiStrToLower(name));
    if (absl::EqualsIgnoreCase(name, "host")) {
      left_out_.emplace_back("-H Host: (a request without this header)");
    } else if (absl::EqualsIgnoreCase(name, "user-agent")) {
      given_.headers.emplace_back(name, Plain(""));  // so that the client does not send its own
    }
  } else if (!IsOfTheConnection(name)) {
    given_.headers.emplace_back(name, Plain(value));
  } else if (absl::EqualsIgnoreCase(name, "content-length")) {
    length_ = value;
  } else if (!absl::EqualsIgnoreCase(value, "keep-alive")) {
    left_out_.push_back(
        absl::StrCat("the header ", name, ": ", value, ", which is the client's to send"));
  }
}

void CurlHeaders::AddOption(Meaning meaning, const std::string& spelling,
                            const std::string& value) {
  if (meaning == Meaning::kBearer) {
    SetDefault("Authorization", absl::StrCat("Bearer ", value));
  } else if (meaning == Meaning::kUser) {
    User(spelling, value);
  } else if (meaning == Meaning::kAgent && value.empty()) {
    Add("User-Agent:");
  } else if (meaning == Meaning::kAgent) {
    SetDefault("User-Agent", value);
  } else if (meaning == Meaning::kReferer) {
    SetDefault("Referer", std::string(absl::StripSuffix(value, ";auto")));
  } else if (meaning == Meaning::kRange) {
    SetDefault("Range", absl::StrCat("bytes=", value));
  } else if (absl::StrContains(value, "=")) {
    const std::string& cookies = defaults_["Cookie"];
    SetDefault("Cookie", absl::StrCat(cookies, cookies.empty() ? "" : ";", value));
  } else if (!value.empty()) {
    left_out_.push_back(absl::StrCat(spelling, " ", value, ": a file of cookies"));
  }
}

void CurlHeaders::User(const std::string& spelling, const std::string& value) {
  const bool has_password = absl::StrContains(value, ":");
  if (!has_password) {
    left_out_.push_back(absl::StrCat(spelling, " ", value, ": the password, for which curl asks"));
  }
  if (!absl::StartsWith(defaults_["Authorization"], "Bearer ")) {  // which goes before it
    SetDefault(
        "Authorization",
        absl::StrCat("Basic ", absl::Base64Escape(absl::StrCat(value, has_password ? "" : ":"))));
  }
}

void CurlHeaders::SetDefault(const std::string& name, const std::string& value) {
  defaults_[name] = value;
}

bool CurlHeaders::IsGiven(absl::string_view name) const {
  return HasHeader(given_, name) || removed_.count(absl::AsciiStrToLower(name)) > 0;
}

void CurlHeaders::PutInto(RecordedRequest* request, size_t body_bytes) const {
  request->headers = given_.headers;
  for (const auto& [name, value] : defaults_) {
    if (!value.empty() && !IsGiven(name)) {
      request->headers.emplace_back(name, Plain(value));
    }
  }
  if (length_.has_value() && *length_ != absl::StrCat(body_bytes)) {
    left_out_.push_back(
        absl::StrCat("the header Content-Length: ", *length_, ", which is the client's to send"));
  }
}

}  // namespace lockstep::coordinator
