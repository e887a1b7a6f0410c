// Bodies made of fields: URL-encoded forms and multipart. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// "a=1&b+c=x%26y": keys in ascending order, values of one key in the order given, as Go's
// url.Values.Encode.
std::string EncodeForm(std::vector<std::pair<std::string, std::string>> fields);

// One part of a multipart/form-data body.
struct FormPart {
  std::string name = {};
  std::string data = {};
  bool is_file = false;
  std::string filename = {};      // for files
  std::string content_type = {};  // for files; "": application/octet-stream
};

// The body; its header is "multipart/form-data; boundary=" + boundary. Quotes, backslashes and line
// ends in names are escaped as Go does.
std::string EncodeMultipart(const std::vector<FormPart>& parts, absl::string_view boundary);

}  // namespace lockstep::agent
