// Headers of a curl command line: those of -H, and those that other options stand for. Internal to
// coordinator/convert.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "coordinator/convert/curl_options.h"
#include "coordinator/convert/recording.h"

namespace lockstep::coordinator {

class CurlHeaders {
 public:
  // What cannot be converted is told to `left_out`, which is borrowed.
  explicit CurlHeaders(std::vector<std::string>* left_out) : left_out_(*left_out) {}

  // Of -H: "Name: value", "Name:" for none of the name, "Name;" for an empty one.
  void Add(const std::string& text);
  // Of an option that stands for a header, such as -u. `spelling` is the option as it was written.
  void AddOption(CurlMeaning meaning, const std::string& spelling, const std::string& value);
  // A header that is sent unless -H has one of the name, or says that there is none. Empty: not
  // sent.
  void SetDefault(const std::string& name, const std::string& value);
  // `body_bytes` of a body that is text.
  void PutInto(RecordedRequest* request, size_t body_bytes) const;

 private:
  bool IsGiven(absl::string_view name) const;
  void User(const std::string& spelling, const std::string& value);

  std::vector<std::string>& left_out_;
  RecordedRequest given_;  // its headers are those of -H
  std::map<std::string, std::string> defaults_;
  std::set<std::string> removed_;      // names in lower case
  std::optional<std::string> length_;  // that was given
};

}  // namespace lockstep::coordinator
