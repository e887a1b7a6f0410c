#include "agent/data/json/modifiers.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "agent/data/json/path.h"
#include "agent/data/json/scan.h"
#include "agent/data/json/validate.h"

namespace lockstep::agent {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;  // quoted key, value

bool IsArray(absl::string_view json) {
  return !json.empty() && json.front() == '[';
}
bool IsObject(absl::string_view json) {
  return !json.empty() && json.front() == '{';
}

Members MembersOf(absl::string_view object) {
  Members members;
  ForEachMember(object, [&](absl::string_view key, absl::string_view value) {
    members.emplace_back(key, value);
    return true;
  });
  return members;
}

std::string ObjectText(const Members& members) {
  return absl::StrCat("{", absl::StrJoin(members, ",", absl::PairFormatter(":")), "}");
}

template <class Text>
std::string ArrayText(const std::vector<Text>& elements) {
  return absl::StrCat("[", absl::StrJoin(elements, ","), "]");
}

// Whether the object `argument` says `"key":true`.
bool Says(absl::string_view argument, absl::string_view key) {
  return !argument.empty() && GetJsonPath(argument, key) == "true";
}

std::string Reverse(absl::string_view json) {
  if (IsArray(json)) {
    std::vector<absl::string_view> elements = JsonElements(json);
    std::reverse(elements.begin(), elements.end());
    return ArrayText(elements);
  }
  if (IsObject(json)) {
    Members members = MembersOf(json);
    std::reverse(members.begin(), members.end());
    return ObjectText(members);
  }
  return std::string(json);
}

void FlattenInto(absl::string_view json, bool deep, std::vector<std::string>* out) {
  ForEachElement(json, [&](absl::string_view element) {
    if (!IsArray(element)) {
      out->emplace_back(element);
    } else if (deep) {
      FlattenInto(element, deep, out);
    } else {
      for (const absl::string_view inner : JsonElements(element)) {
        out->emplace_back(inner);
      }
    }
    return true;
  });
}

std::string Flatten(absl::string_view json, absl::string_view argument) {
  if (!IsArray(json)) {
    return std::string(json);
  }
  std::vector<std::string> elements;
  FlattenInto(json, Says(argument, "deep"), &elements);
  return ArrayText(elements);
}

// One object of an array of objects; a later value of a key replaces the earlier one, unless
// duplicates are kept.
std::string Join(absl::string_view json, absl::string_view argument) {
  if (!IsArray(json)) {
    return std::string(json);
  }
  const bool preserve = Says(argument, "preserve");
  Members joined;
  ForEachElement(json, [&](absl::string_view element) {
    if (!IsObject(element)) {
      return true;
    }
    for (auto& member : MembersOf(element)) {
      const auto known = std::find_if(joined.begin(), joined.end(),
                                      [&](const auto& m) { return m.first == member.first; });
      if (preserve || known == joined.end()) {
        joined.push_back(std::move(member));
      } else {
        known->second = std::move(member.second);
      }
    }
    return true;
  });
  return ObjectText(joined);
}

std::string Keys(absl::string_view json) {
  std::vector<std::string> keys;
  if (IsObject(json)) {
    for (auto& [key, value] : MembersOf(json)) {
      keys.push_back(std::move(key));
    }
  } else if (IsArray(json)) {
    keys.assign(JsonElements(json).size(), "null");
  }
  return ArrayText(keys);
}

std::string Values(absl::string_view json) {
  if (!IsObject(json)) {
    return IsArray(json) ? std::string(json) : absl::StrCat("[", json, "]");
  }
  std::vector<std::string> values;
  for (auto& [key, value] : MembersOf(json)) {
    values.push_back(std::move(value));
  }
  return ArrayText(values);
}

// {"id":[1,2],"val":[3,4]} becomes [{"id":1,"val":3},{"id":2,"val":4}].
std::string Group(absl::string_view json) {
  std::vector<Members> rows;
  if (!IsObject(json)) {
    return "";
  }
  for (const auto& [key, value] : MembersOf(json)) {
    if (!IsArray(value)) {
      continue;
    }
    size_t row = 0;
    for (const absl::string_view element : JsonElements(value)) {
      if (row == rows.size()) {
        rows.emplace_back();
      }
      rows[row++].emplace_back(key, element);
    }
  }
  std::vector<std::string> objects;
  for (const Members& row : rows) {
    objects.push_back(ObjectText(row));
  }
  return ArrayText(objects);
}

// Every value in the tree at which `path` finds something, outermost first.
void DigInto(absl::string_view json, absl::string_view path, std::vector<std::string>* found) {
  if (std::optional<std::string> here = GetJsonPath(json, path)) {
    found->push_back(*std::move(here));
  }
  if (IsObject(json)) {
    ForEachMember(json, [&](absl::string_view, absl::string_view value) {
      DigInto(value, path, found);
      return true;
    });
  } else if (IsArray(json)) {
    ForEachElement(json, [&](absl::string_view value) {
      DigInto(value, path, found);
      return true;
    });
  }
}

std::string Dig(absl::string_view json, absl::string_view path) {
  std::vector<std::string> found;
  DigInto(json, path, &found);
  return ArrayText(found);
}

std::string Ugly(absl::string_view json) {
  std::string out;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\' && i + 1 < json.size()) {
      out.append(json.substr(i++, 2).data(), 2);
      continue;
    }
    in_string = c == '"' ? !in_string : in_string;
    if (in_string || (c != ' ' && c != '\t' && c != '\n' && c != '\r')) {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

bool IsJsonModifier(absl::string_view name) {
  constexpr absl::string_view kNames[] = {"reverse", "this",  "ugly", "pretty", "valid",
                                          "flatten", "join",  "keys", "values", "tostr",
                                          "fromstr", "group", "dig"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

std::optional<std::string> ApplyJsonModifier(absl::string_view name, absl::string_view argument,
                                             absl::string_view json) {
  json = TrimJson(json);
  if (name == "reverse") {
    return Reverse(json);
  }
  if (name == "flatten") {
    return Flatten(json, argument);
  }
  if (name == "join") {
    return Join(json, argument);
  }
  if (name == "keys") {
    return Keys(json);
  }
  if (name == "values") {
    return Values(json);
  }
  if (name == "tostr") {
    return QuoteJson(json);
  }
  if (name == "fromstr") {
    std::string text = UnquoteJson(json);
    return ValidateJson(text).ok() ? std::optional<std::string>(std::move(text)) : std::nullopt;
  }
  if (name == "group") {
    std::string grouped = Group(json);
    return grouped.empty() ? std::nullopt : std::optional<std::string>(std::move(grouped));
  }
  if (name == "dig") {
    return Dig(json, argument);
  }
  if (name == "ugly" || name == "pretty") {
    return Ugly(json);  // the text is parsed again at once: its spacing is never seen
  }
  return std::string(json);  // this, valid
}

}  // namespace lockstep::agent
