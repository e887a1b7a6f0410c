#include "agent/http/form.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "agent/http/url.h"

namespace lockstep::agent {
namespace {

std::string Quoted(absl::string_view text) {
  return absl::StrCat(
      "\"",
      absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\r", "%0D"}, {"\n", "%0A"}}),
      "\"");
}

}  // namespace

std::string EncodeForm(std::vector<std::pair<std::string, std::string>> fields) {
  std::stable_sort(fields.begin(), fields.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string text;
  for (const auto& [name, value] : fields) {
    absl::StrAppend(&text, text.empty() ? "" : "&", QueryEscape(name), "=", QueryEscape(value));
  }
  return text;
}

std::string EncodeMultipart(const std::vector<FormPart>& parts, absl::string_view boundary) {
  std::string body;
  for (const FormPart& part : parts) {
    absl::StrAppend(&body, body.empty() ? "--" : "\r\n--", boundary,
                    "\r\nContent-Disposition: form-data; name=", Quoted(part.name));
    if (part.is_file) {
      absl::StrAppend(&body, "; filename=", Quoted(part.filename), "\r\nContent-Type: ",
                      part.content_type.empty() ? "application/octet-stream" : part.content_type);
    }
    absl::StrAppend(&body, "\r\n\r\n", part.data);
  }
  absl::StrAppend(&body, body.empty() ? "--" : "\r\n--", boundary, "--\r\n");
  return body;
}

}  // namespace lockstep::agent
