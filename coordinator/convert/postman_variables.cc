#include "coordinator/convert/postman_variables.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {

void PostmanVariables::LeaveOut(absl::string_view place, absl::string_view what) {
  recording_.left_out.push_back(absl::StrCat(place, ": ", what));
}

void PostmanVariables::Define(const Json& list) {
  std::vector<std::string> names;
  for (const Json& variable : list) {
    const std::string key = TextOf(variable, TextOf(variable, "key").empty() ? "id" : "key");
    if (!key.empty() && TextOf(variable, "disabled") != "true") {
      values_[key] = TextOf(variable, "value");  // the last of a name is meant
      names.push_back(key);
    }
  }
  for (const std::string& name : names) {
    DefineOne(name, 0);
  }
}

// NOLINTNEXTLINE(misc-no-recursion): variables are in variables, and the depth is bounded
void PostmanVariables::DefineOne(const std::string& name, int depth) {
  constexpr int kDeepest = 20;
  const std::string& value = values_[name];
  if (!all_.try_emplace(name, Plain(value)).second) {
    return;
  }
  const std::string place = absl::StrCat("the variable ", name);
  std::vector<std::string> inner;
  Template text = Split(value, place, &inner);
  open_.insert(name);
  for (const std::string& each : inner) {
    if (open_.count(each) > 0 || depth == kDeepest) {
      LeaveOut(place,
               absl::StrCat("{{", each, "}} in it leads to itself, or too deep: it stays text"));
      inner.clear();
      break;
    }
    if (values_.count(each) > 0) {
      DefineOne(each, depth + 1);
    } else {
      AddUnknown(each);
    }
  }
  open_.erase(name);
  if (inner.empty()) {
    recording_.variables.emplace_back(name, value);
  } else {
    all_[name] = text;
    recording_.derived.emplace_back(name, std::move(text));
  }
}

void PostmanVariables::AddUnknown(const std::string& name) {
  if (all_.try_emplace(name, Template()).second) {
    recording_.variables.emplace_back(name, "");
  }
}

Template PostmanVariables::Text(const std::string& text, absl::string_view place) {
  std::vector<std::string> names;
  Template out = Split(text, place, &names);
  for (const std::string& name : names) {
    AddUnknown(name);
  }
  return out;
}

Template PostmanVariables::Split(const std::string& text, absl::string_view place,
                                 std::vector<std::string>* names) {
  Template out;
  size_t at = 0;
  for (;;) {
    const size_t open = text.find("{{", at);
    const size_t close = open == std::string::npos ? open : text.find("}}", open);
    if (close == std::string::npos) {
      break;
    }
    if (open > at) {
      out.push_back({.variable = false, .text = text.substr(at, open - at)});
    }
    std::string name = text.substr(open + 2, close - open - 2);
    if (absl::StartsWith(name, "$")) {
      LeaveOut(place, absl::StrCat("{{", name,
                                   "}}: Postman makes a value each time; here it is a variable"));
      name.erase(0, 1);
    }
    names->push_back(name);
    out.push_back({.variable = true, .text = std::move(name)});
    at = close + 2;
  }
  if (at < text.size() || out.empty()) {
    out.push_back({.variable = false, .text = text.substr(at)});
  }
  return out;
}

// NOLINTNEXTLINE(misc-no-recursion): the depth is bounded
std::string PostmanVariables::StartOf(const Template& text, int depth) const {
  constexpr int kDeepest = 30;
  constexpr size_t kLongest = 1000;
  std::string start;
  for (const Piece& piece : text) {
    if (!piece.variable) {
      start += piece.text;
      continue;
    }
    const auto known = all_.find(piece.text);
    if (known == all_.end() || depth == kDeepest || start.size() > kLongest) {
      break;
    }
    const std::string value = StartOf(known->second, depth + 1);
    if (value.empty()) {
      break;
    }
    start += value;
  }
  return start;
}

}  // namespace lockstep::coordinator
