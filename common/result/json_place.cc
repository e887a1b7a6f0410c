#include "common/result/json_place.h"

#include <cmath>

namespace lockstep {

void JsonPlace::Fail(absl::string_view what) const {
  if (status_.ok()) {
    status_ = absl::InvalidArgumentError(absl::StrCat(path_, ": ", what));
  }
}

JsonPlace JsonPlace::At(const char* name) const {
  static const json nothing;
  const bool has = Has(name);
  JsonPlace member(has ? value_[name] : nothing, absl::StrCat(path_, ".", name), &status_);
  if (!has) {
    member.Fail("is missing");
  }
  return member;
}

double JsonPlace::Number() const {
  if (!value_.is_number() || !std::isfinite(value_.get<double>())) {
    Fail("is not a number");
    return 0;
  }
  return value_.get<double>();
}

uint64_t JsonPlace::Count() const {
  if (!value_.is_number_unsigned()) {
    Fail("is not an integer from 0 on");
    return 0;
  }
  return value_.get<uint64_t>();
}

std::string JsonPlace::Text() const {
  if (!value_.is_string()) {
    Fail("is not a string");
    return "";
  }
  return value_.get<std::string>();
}

bool JsonPlace::Bool() const {
  if (!value_.is_boolean()) {
    Fail("is neither true nor false");
    return false;
  }
  return value_.get<bool>();
}

absl::Time JsonPlace::Time() const {
  absl::Time time = absl::UnixEpoch();
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, Text(), &time, &error)) {
    Fail("is not a time such as 2026-01-02T03:04:05Z");
  }
  return time;
}

}  // namespace lockstep
