// A value of a JSON document that is being read, and where it stands, for the messages. The first
// error stays, and what is missing or wrong reads as nothing, so that nobody need ask after each
// step.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace lockstep {

class JsonPlace {
 public:
  using json = nlohmann::json;

  // `path`: "$.metrics[3]". InvalidArgument of the first thing that is wrong goes to `status`. The
  // value and the status are borrowed.
  JsonPlace(const json& value, std::string path, absl::Status* status)
      : value_(value), path_(std::move(path)), status_(*status) {}

  const json& value() const { return value_; }
  bool Has(const char* name) const { return value_.is_object() && value_.contains(name); }
  // A member; one that is not there is an error, and null.
  JsonPlace At(const char* name) const;
  void Fail(absl::string_view what) const;

  double Number() const;  // finite
  uint64_t Count() const;
  std::string Text() const;
  bool Bool() const;
  absl::Time Time() const;

  // The member as the type of `field`.
  void Read(const char* name, double* field) const { *field = At(name).Number(); }
  void Read(const char* name, uint64_t* field) const { *field = At(name).Count(); }
  void Read(const char* name, std::string* field) const { *field = At(name).Text(); }
  void Read(const char* name, bool* field) const { *field = At(name).Bool(); }
  void Read(const char* name, absl::Time* field) const { *field = At(name).Time(); }

  // Calls `read` with the place of each value of the member, which is a list.
  template <typename Read>
  void Each(const char* name, const Read& read) const {
    const JsonPlace list = At(name);
    if (!list.value_.is_array()) {
      list.Fail("is not a list");
      return;
    }
    size_t index = 0;
    for (const json& item : list.value_) {
      read(JsonPlace(item, absl::StrCat(list.path_, "[", index++, "]"), &status_));
    }
  }

 private:
  const json& value_;
  std::string path_;
  absl::Status& status_;
};

}  // namespace lockstep
