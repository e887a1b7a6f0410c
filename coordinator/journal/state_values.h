// What the fields of a checkpoint are in the journal: a value of the database, and back. FromValue
// says whether it is of the right kind.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/message_lite.h"

#include "common/base/clock.h"
#include "coordinator/core/vu_leases.h"
#include "coordinator/journal/database.h"

namespace lockstep::coordinator {

// The VUs of a scenario are one text, as there may be very many and it is made at each commit: for
// each "next end holder", then " agent ask wanted over" of all who wait, then ";". The holder is 0
// without one.
SqlValue ToValue(const std::vector<VuLeases::Vu>& vus);
SqlValue ToValue(absl::Duration duration);
inline SqlValue ToValue(const std::string& text) {
  return text;
}
inline SqlValue ToValue(double number) {
  return number;
}
inline SqlValue ToValue(MonoTime time) {
  return time.nanos();
}
inline SqlValue ToValue(absl::Time time) {
  return absl::ToUnixNanos(time);
}
template <typename T>
requires(std::is_integral_v<T> || std::is_enum_v<T>) SqlValue ToValue(T value) {
  return static_cast<int64_t>(value);
}
template <typename T>
requires(std::is_base_of_v<google::protobuf::MessageLite, T>) SqlValue ToValue(const T& message) {
  return Blob{message.SerializeAsString()};
}
template <typename T>
SqlValue ToValue(const std::optional<T>& value) {
  return value.has_value() ? ToValue(*value) : SqlValue();
}

bool FromValue(const SqlValue& value, std::vector<VuLeases::Vu>* vus);
bool FromValue(const SqlValue& value, std::string* text);
bool FromValue(const SqlValue& value, double* number);
bool FromValue(const SqlValue& value, MonoTime* time);
bool FromValue(const SqlValue& value, absl::Duration* duration);
bool FromValue(const SqlValue& value, absl::Time* time);
template <typename T>
requires(std::is_integral_v<T> || std::is_enum_v<T>) bool FromValue(const SqlValue& value,
                                                                    T* number) {
  const auto* found = std::get_if<int64_t>(&value);
  *number = found == nullptr ? T{} : static_cast<T>(*found);
  return found != nullptr;
}
template <typename T>
requires(std::is_base_of_v<google::protobuf::MessageLite, T>) bool FromValue(const SqlValue& value,
                                                                             T* message) {
  const auto* found = std::get_if<Blob>(&value);
  return found != nullptr && message->ParseFromString(found->bytes);
}
template <typename T>
bool FromValue(const SqlValue& value, std::shared_ptr<const T>* shared) {
  auto own = std::make_shared<T>();
  const bool found = FromValue(value, own.get());
  *shared = std::move(own);
  return found;
}
template <typename T>
bool FromValue(const SqlValue& value, std::optional<T>* optional) {
  if (std::holds_alternative<std::monostate>(value)) {
    optional->reset();
    return true;
  }
  return FromValue(value, &optional->emplace());
}

}  // namespace lockstep::coordinator
