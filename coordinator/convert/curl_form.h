// What curl's -F says of one field of a form. Internal to coordinator/convert.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "coordinator/convert/recording.h"

namespace lockstep::coordinator {

struct CurlFormPart {
  // One, or of "name=@a,b" one for each file.
  std::vector<RecordedBody::Field> fields = {};
  std::vector<std::string> left_out = {};
};

// "name=value;type=text/plain", "name=@file;filename=other", "name=<file", with curl's rules of
// quotes.
CurlFormPart ParseCurlForm(const std::string& text);
// The part of a path behind its folders.
std::string BaseName(absl::string_view path);

}  // namespace lockstep::coordinator
