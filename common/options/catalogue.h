// The rows of options.inc as values, and the loop over them. Internal to common/options.
#pragma once

#include <iterator>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

#include "common/options/options.h"
#include "common/options/parse.h"

namespace lockstep {

// What is known of one option.
template <class T>
struct OptionRow {
  std::optional<T> Options::*member;
  T RunOptions::*settled = nullptr;  // null: a shortcut
  absl::string_view key;             // in scripts, configuration files and JSON
  absl::string_view old_key = {};    // another name that scripts may use
  absl::string_view variable = {};   // behind LOCKSTEP_ or K6_; "": none
  const char* flag = nullptr;        // "-u,--vus"; null: none
  absl::string_view bare = {};       // what the flag says without a value; "": it needs one
  const char* help = nullptr;        // of the flag
  const char* value = nullptr;       // what its value is, in a word; null: as its type has it
  bool text_is_json = false;         // variable and flag, where the type has a simpler form
  std::vector<absl::string_view> choices = {};  // the words that a text may be; none: any
  // The choice that any other text is taken for, as k6 does, with a warning; "": it is an error. In
  // a flag, which somebody types for this very run, it is an error all the same.
  absl::string_view otherwise = {};
  // Adds what is wrong with a value, as messages that begin with the key.
  void (*check)(absl::string_view key, const T& value, StringList* errors) = nullptr;
};

void CheckCount(absl::string_view key, const int64_t& value, StringList* errors);
void CheckPositive(absl::string_view key, const absl::Duration& value, StringList* errors);
void CheckNotNegative(absl::string_view key, const absl::Duration& value, StringList* errors);
void CheckIpRanges(absl::string_view key, const StringList& ranges, StringList* errors);
void CheckHostPatterns(absl::string_view key, const StringList& patterns, StringList* errors);
void CheckHosts(absl::string_view key, const StringMap& hosts, StringList* errors);
void CheckHeaderValue(absl::string_view key, const std::string& value, StringList* errors);
void CheckLocalIps(absl::string_view key, const std::string& ranges, StringList* errors);
void CheckTrendStats(absl::string_view key, const StringList& stats, StringList* errors);
void CheckSegment(absl::string_view key, const std::string& segment, StringList* errors);
void CheckSegmentSequence(absl::string_view key, const std::string& sequence, StringList* errors);

// Whether several flags of the type are one value.
template <class T>
inline constexpr bool kAddsUp = false;
template <>
inline constexpr bool kAddsUp<StringList> = true;
template <>
inline constexpr bool kAddsUp<StringMap> = true;
template <>
inline constexpr bool kAddsUp<std::vector<Stage>> = true;

template <class T>
void AddTo(T more, T* all) {
  if constexpr (std::is_same_v<T, StringMap>) {
    for (auto& [name, value] : more) {
      (*all)[name] = std::move(value);
    }
  } else {
    all->insert(all->end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  }
}

// What somebody has said of an option at the place `source`, if it could be read. What a flag says
// is checked, and added to what others have said where values of the type add up; the rest is
// checked once it is known what counts (Validate).
template <class T>
void SetOption(const OptionRow<T>& row, std::optional<T> value, absl::string_view source,
               ParsedOptions* parsed, bool flag = false) {
  if (!value.has_value()) {
    return;
  }
  if (flag && row.check != nullptr) {
    row.check(source, *value, &parsed->errors);
  }
  std::optional<T>& option = parsed->options.*row.member;
  parsed->sources[std::string(row.key)] = std::string(source);
  if constexpr (kAddsUp<T>) {
    if (flag && option.has_value()) {
      AddTo(*std::move(value), &*option);
      return;
    }
  }
  option = std::move(value);
}

// Calls `visit` with the OptionRow of each option, in the order of the catalogue.
template <class Visit>
void ForEachOption(Visit visit) {
#define SHORTCUT(type, name, ...) visit(OptionRow<type>{.member = &Options::name, __VA_ARGS__});
#define OPTION(type, name, initial, ...) \
  visit(OptionRow<type>{.member = &Options::name, .settled = &RunOptions::name, __VA_ARGS__});
#include "common/options/options.inc"
}

}  // namespace lockstep
