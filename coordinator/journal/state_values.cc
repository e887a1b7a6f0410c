#include "coordinator/journal/state_values.h"

#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace lockstep::coordinator {
namespace {

std::string VusText(const std::vector<VuLeases::Vu>& vus) {
  std::string text;
  for (const VuLeases::Vu& vu : vus) {
    const AgentId holder = vu.holder.value_or(AgentId{});
    absl::StrAppend(&text, vu.next, " ", vu.end, " ", static_cast<uint32_t>(holder));
    for (const VuLeases::Waiter& waiter : vu.waiting) {
      absl::StrAppend(&text, " ", static_cast<uint32_t>(waiter.agent), " ", waiter.ask, " ",
                      waiter.wanted, " ", waiter.over ? 1 : 0);
    }
    text += ';';
  }
  return text;
}

// False: it is no such text.
bool ReadVus(absl::string_view text, std::vector<VuLeases::Vu>* vus) {
  for (const absl::string_view part : absl::StrSplit(text, ';', absl::SkipEmpty())) {
    std::vector<int64_t> numbers;
    for (const absl::string_view word : absl::StrSplit(part, ' ')) {
      if (!absl::SimpleAtoi(word, &numbers.emplace_back())) {
        return false;
      }
    }
    if (numbers.size() < 3 || numbers.size() % 4 != 3) {
      return false;
    }
    VuLeases::Vu& vu = vus->emplace_back();
    vu.next = numbers[0];
    vu.end = numbers[1];
    if (numbers[2] != 0) {
      vu.holder = AgentId{static_cast<uint32_t>(numbers[2])};
    }
    for (size_t i = 3; i < numbers.size(); i += 4) {
      vu.waiting.push_back({.agent = AgentId{static_cast<uint32_t>(numbers[i])},
                            .ask = numbers[i + 1],
                            .wanted = numbers[i + 2],
                            .over = numbers[i + 3] != 0});
    }
  }
  return true;
}

}  // namespace

SqlValue ToValue(const std::vector<VuLeases::Vu>& vus) {
  return VusText(vus);
}

SqlValue ToValue(absl::Duration duration) {
  return absl::ToInt64Nanoseconds(duration);
}

bool FromValue(const SqlValue& value, std::string* text) {
  const auto* found = std::get_if<std::string>(&value);
  *text = found == nullptr ? "" : *found;
  return found != nullptr;
}

bool FromValue(const SqlValue& value, std::vector<VuLeases::Vu>* vus) {
  const auto* found = std::get_if<std::string>(&value);
  return found != nullptr && ReadVus(*found, vus);
}

bool FromValue(const SqlValue& value, double* number) {
  const auto* found = std::get_if<double>(&value);
  *number = found == nullptr ? 0 : *found;
  return found != nullptr;
}

bool FromValue(const SqlValue& value, MonoTime* time) {
  int64_t nanos = 0;
  const bool found = FromValue(value, &nanos);
  *time = MonoTime::FromNanos(nanos);
  return found;
}

bool FromValue(const SqlValue& value, absl::Duration* duration) {
  int64_t nanos = 0;
  const bool found = FromValue(value, &nanos);
  *duration = nanos == std::numeric_limits<int64_t>::max() ? absl::InfiniteDuration()
                                                           : absl::Nanoseconds(nanos);
  return found;
}

bool FromValue(const SqlValue& value, absl::Time* time) {
  int64_t nanos = 0;
  const bool found = FromValue(value, &nanos);
  *time = absl::FromUnixNanos(nanos);
  return found;
}

}  // namespace lockstep::coordinator
