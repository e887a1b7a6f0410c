// Reads fields of a JSON object, remembering where it is for the messages; the first error stays, and
// what is missing or wrong reads as nothing.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace lockstep {

// In all of them `path` is that of `object`: "$.metrics[3]".
class FieldReader {
 public:
  using json = nlohmann::json;

  // InvalidArgument of the first thing that is wrong goes to `status`, which is borrowed.
  explicit FieldReader(absl::Status* status) : status_(*status) {}

  void Fail(absl::string_view path, absl::string_view what);
  // Null (and an error) if it is not there.
  const json* Member(const json& object, const std::string& path, const char* name);
  // Finite.
  double Number(const json& object, const std::string& path, const char* name);
  uint64_t Count(const json& object, const std::string& path, const char* name);
  std::string Text(const json& object, const std::string& path, const char* name);
  bool Bool(const json& object, const std::string& path, const char* name);
  const json& List(const json& object, const std::string& path, const char* name);
  absl::Time Time(const json& object, const std::string& path, const char* name);
  absl::Status& status() { return status_; }

 private:
  absl::Status& status_;
};

}  // namespace lockstep
