// What a command line and the environment say, and how one flag's value is read from them: every
// mistake names the flag, the value and what is allowed.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

#include "common/base/environment.h"
#include "common/options/tiers.h"

namespace lockstep {

// What a command line says, and what is wrong with it.
struct GivenWords {
  explicit GivenWords(const Environment& env) : environment(env) {}
  const Environment& environment;
  // A flag that no variable of k6's stands for has one of our own (OwnVariable).
  bool own_variables = false;
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
  std::set<std::string> k6_variables;  // behind K6_: those that were looked for

  std::map<std::string, std::vector<Setting>>
      values;                          // flag -> what was given, and how it was spelt
  std::vector<std::string> arguments;  // words that are not flags
};

// Reads the flags one by one; collects what is wrong in the words' errors and warnings.
class FlagReader {
 public:
  explicit FlagReader(GivenWords* words) : words_(*words) {}

  // The flag's last value, or else its variable's. `variable` is behind LOCKSTEP_ or K6_; null: k6
  // has none.
  std::optional<std::string> Text(const char* flag, const char* variable = nullptr);
  // The same as `read` takes it: each value of a flag that is given several times, so that none
  // hides what is wrong with another. Nothing: none was given. `read` returns a value, whatever is
  // wrong with the text, of which it notes the mistake.
  template <class Reading>
  auto Value(const char* flag, const char* variable, Reading read)
      -> std::optional<decltype(read(std::string()))> {
    std::optional<decltype(read(std::string()))> value;
    for (const Setting& said : Said(flag, variable)) {
      source_ = said.source;
      value = read(said.value);
    }
    return value;
  }
  std::optional<bool> Bool(const char* flag, const char* variable = nullptr);
  bool Is(const char* flag, const char* variable = nullptr) {
    return Bool(flag, variable).value_or(false);
  }
  std::string String(const char* flag, const char* variable = nullptr) {
    return Text(flag, variable).value_or("");
  }
  int64_t Int(const char* flag, int64_t fallback, int64_t least,
              int64_t most = std::numeric_limits<int64_t>::max());
  double Number(const char* flag, double fallback, double least, double most);
  // A duration with a unit, at least 0; `allowed` says so with an example.
  absl::Duration Time(const char* flag, absl::Duration fallback, absl::string_view allowed);
  template <class T>
  T Choice(const char* flag, const char* variable,
           absl::Span<const std::pair<absl::string_view, T>> choices, T fallback) {
    return Value(flag, variable,
                 [&](const std::string& text) {
                   for (const auto& [name, value] : choices) {
                     if (text == name) {
                       return value;
                     }
                   }
                   Expected(text, absl::StrCat("one of ", absl::StrJoin(choices, ", ", FirstOf())));
                   return fallback;
                 })
        .value_or(fallback);
  }
  // All that the flag was given, or else its variable; not split.
  std::vector<Setting> Said(const char* flag, const char* variable = nullptr);
  const std::vector<Setting>& List(const std::string& flag) { return words_.values[flag]; }
  // A coordinator's address; `name` is its place, the flag or variable read last unless given.
  std::optional<std::string> Address(const std::string& text, absl::string_view name = "");
  void Expected(absl::string_view value, absl::string_view allowed) {
    Error(absl::StrCat(source_, ": invalid value \"", value, "\": expected ", allowed));
  }
  void Error(std::string text) { words_.errors.push_back(std::move(text)); }
  // Warns if the flag, or its variable, asks for something.
  void NoEffect(const char* flag, const char* variable);
  void NoEffectOf(const char* variable);
  // The word at this place; "" if there are fewer.
  std::string Argument(size_t place) const {
    return place < words_.arguments.size() ? words_.arguments[place] : "";
  }
  GivenWords& words() { return words_; }
  // Where the value that was read last is from: the variable in the flag's stead, or else the flag
  // as it was spelt.
  const std::string& source() const { return source_; }

 private:
  struct FirstOf {
    template <class Pair>
    void operator()(std::string* out, const Pair& pair) const {
      absl::StrAppend(out, pair.first);
    }
  };

  GivenWords& words_;
  std::string source_;
};

}  // namespace lockstep
