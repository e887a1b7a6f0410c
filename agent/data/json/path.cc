#include "agent/data/json/path.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "agent/data/json/modifiers.h"
#include "agent/data/json/query.h"
#include "agent/data/json/scan.h"
#include "agent/data/json/validate.h"

namespace lockstep::agent {
namespace {

using Found = std::optional<std::string>;

constexpr int kDeepest = 200;  // of nested parts of a path; what is deeper finds nothing

Found Find(absl::string_view json, absl::string_view path, int depth);

// A path without its first component, and how the two are joined: '.', '|', or '\0' where nothing
// follows.
struct Rest {
  char separator = '\0';
  absl::string_view path;
};

Rest RestAt(absl::string_view path, size_t position) {
  if (position >= path.size()) {
    return {};
  }
  return {path[position], path.substr(position + 1)};
}

Found Continue(absl::string_view value, Rest rest, int depth) {
  if (rest.separator == '\0') {
    return std::string(TrimJson(value));
  }
  return Find(value, rest.path, depth + 1);
}

// Where the first component ends: at an unescaped '.' or '|'.
size_t ComponentEnd(absl::string_view path) {
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\') {
      ++i;
    } else if (path[i] == '.' || path[i] == '|') {
      return i;
    }
  }
  return path.size();
}

// The first '|' of `path` that is outside of brackets and quotes, or its size.
size_t PipePosition(absl::string_view path) {
  for (size_t i = 0; i < path.size(); ++i) {
    if (const size_t past = PastLiteral(path, i); past > i) {
      i = past - 1;
    } else if (path[i] == '|') {
      return i;
    }
  }
  return path.size();
}

// `path` on each of `elements`; a pipe in it takes the array of what was found.
Found FindInEach(const std::vector<absl::string_view>& elements, absl::string_view path,
                 int depth) {
  const size_t pipe = PipePosition(path);
  std::vector<std::string> found;
  for (const absl::string_view element : elements) {
    if (Found value = Find(element, path.substr(0, pipe), depth + 1)) {
      found.push_back(*std::move(value));
    }
  }
  return Continue(absl::StrCat("[", absl::StrJoin(found, ","), "]"), RestAt(path, pipe), depth);
}

bool Fits(const JsonQuery& query, absl::string_view element, int depth) {
  if (query.path.empty()) {
    return query.Matches(element);
  }
  if (element.empty() || (element.front() != '{' && element.front() != '[')) {
    return false;
  }
  const Found value = Find(element, query.path, depth + 1);
  return query.Matches(value ? std::optional<absl::string_view>(*value) : std::nullopt);
}

// A path that starts with "#(" or "#[".
Found FindByQuery(const std::vector<absl::string_view>& elements, absl::string_view path,
                  int depth) {
  size_t end = GroupEnd(path, 1);
  if (end < 3) {
    return std::nullopt;
  }
  const JsonQuery query = ParseJsonQuery(path.substr(2, end - 3));
  const bool all = end < path.size() && path[end] == '#';
  end += all ? 1 : 0;
  const Rest rest = RestAt(path, end);
  std::vector<absl::string_view> fitting;
  for (const absl::string_view element : elements) {
    if (!Fits(query, element, depth)) {
      continue;
    }
    if (!all) {
      return Continue(element, rest, depth);
    }
    fitting.push_back(element);
  }
  if (!all) {
    return std::nullopt;
  }
  if (rest.separator == '.') {
    return FindInEach(fitting, rest.path, depth);
  }
  return Continue(absl::StrCat("[", absl::StrJoin(fitting, ","), "]"), rest, depth);
}

Found FindInArray(const std::vector<absl::string_view>& elements, absl::string_view path,
                  int depth) {
  if (path.front() == '#' && path.size() > 1 && path[1] == '.') {
    return FindInEach(elements, path.substr(2), depth);
  }
  if (path.front() == '#' && path.size() > 1 && (path[1] == '(' || path[1] == '[')) {
    return FindByQuery(elements, path, depth);
  }
  const size_t end = ComponentEnd(path);
  const absl::string_view component = path.substr(0, end);
  if (component == "#") {
    return Continue(absl::StrCat(elements.size()), RestAt(path, end), depth);
  }
  size_t index = 0;
  if (!absl::SimpleAtoi(component, &index) || index >= elements.size()) {
    return std::nullopt;
  }
  return Continue(elements[index], RestAt(path, end), depth);
}

Found FindInObject(absl::string_view object, absl::string_view path, int depth) {
  const size_t end = ComponentEnd(path);
  const absl::string_view pattern = path.substr(0, end);
  const bool plain = pattern.find_first_of("\\*?") == absl::string_view::npos;
  std::optional<absl::string_view> value;
  ForEachMember(object, [&](absl::string_view key, absl::string_view member) {
    const absl::string_view inner = key.substr(1, key.size() - 2);
    const bool escaped = inner.find('\\') != absl::string_view::npos;
    const std::string unquoted = escaped ? UnquoteJson(key) : std::string();
    const absl::string_view name = escaped ? absl::string_view(unquoted) : inner;
    if (plain ? name == pattern : MatchesWildcard(name, pattern)) {
      value = member;
    }
    return !value.has_value();
  });
  return value ? Continue(*value, RestAt(path, end), depth) : std::nullopt;
}

// "@name" or "@name:argument"; the argument is JSON, or text up to the next separator.
Found FindByModifier(absl::string_view json, absl::string_view path, int depth) {
  const size_t name_end = std::min(path.find_first_of(".|:"), path.size());
  const absl::string_view name = path.substr(1, name_end - 1);
  size_t end = name_end;
  absl::string_view argument;
  if (end < path.size() && path[end] == ':') {
    const size_t start = end + 1;
    const bool grouped = start < path.size() &&
                         absl::string_view("{[\"(").find(path[start]) != absl::string_view::npos;
    end = grouped ? GroupEnd(path, start) : std::min(path.find('|', start), path.size());
    argument = path.substr(start, end - start);
  }
  const Found value = ApplyJsonModifier(name, argument, json);
  return value ? Continue(*value, RestAt(path, end), depth) : std::nullopt;
}

// The name under which a selector without one stands in a new object: its last component, if that
// is plain.
std::string NameOf(absl::string_view selector) {
  size_t start = 0;
  for (size_t i = 0; i < selector.size(); ++i) {
    if (selector[i] == '\\') {
      ++i;
    } else if (selector[i] == '.' || selector[i] == '|') {
      start = i + 1;
    }
  }
  const absl::string_view last = selector.substr(start);
  for (const char c : last) {
    if (static_cast<unsigned char>(c) < ' ' ||
        absl::string_view("[]{}()#|!").find(c) != absl::string_view::npos) {
      return "_";
    }
  }
  return std::string(last);
}

// The selectors of a multipath, cut at commas outside of brackets and quotes.
std::vector<absl::string_view> Selectors(absl::string_view inside) {
  std::vector<absl::string_view> selectors;
  size_t start = 0;
  for (size_t i = 0; i < inside.size(); ++i) {
    if (const size_t past = PastLiteral(inside, i); past > i) {
      i = past - 1;
    } else if (inside[i] == ',') {
      selectors.push_back(inside.substr(start, i - start));
      start = i + 1;
    }
  }
  selectors.push_back(inside.substr(start));
  return selectors;
}

// Cuts `"name":path` into name and path; the name is empty where there is none.
std::pair<absl::string_view, absl::string_view> CutName(absl::string_view selector) {
  if (selector.empty() || selector.front() == '@' || selector.front() == '!') {
    return {{}, selector};
  }
  size_t i = selector.front() == '"' ? GroupEnd(selector, 0) : 0;
  for (; i < selector.size() &&
         absl::string_view(".|([{#@").find(selector[i]) == absl::string_view::npos;
       ++i) {
    if (selector[i] == '\\') {
      ++i;
    } else if (selector[i] == ':') {
      return {selector.substr(0, i), selector.substr(i + 1)};
    }
  }
  return {{}, selector};
}

// "{a,"name":b.c}" or "[a,b]": a new object or array of what the selectors find.
Found FindMultiple(absl::string_view json, absl::string_view path, int depth) {
  const size_t end = GroupEnd(path, 0);
  const bool object = path.front() == '{';
  std::vector<std::string> parts;
  for (const absl::string_view part : Selectors(path.substr(1, end - 2))) {
    const absl::string_view selector = TrimJson(part);
    const auto [name, inner] =
        object ? CutName(selector) : std::pair(absl::string_view(), selector);
    const Found value = Find(json, inner, depth + 1);
    if (!value) {
      continue;
    }
    if (!object) {
      parts.push_back(*value);
    } else if (!name.empty() && name.front() == '"') {
      parts.push_back(absl::StrCat(name, ":", *value));
    } else {
      parts.push_back(
          absl::StrCat(QuoteJson(name.empty() ? NameOf(inner) : std::string(name)), ":", *value));
    }
  }
  const std::string text =
      absl::StrCat(object ? "{" : "[", absl::StrJoin(parts, ","), object ? "}" : "]");
  return Continue(text, RestAt(path, end), depth);
}

// "!" and a JSON value.
Found FindLiteral(absl::string_view path, int depth) {
  const absl::string_view text = path.substr(1);
  if (text.empty()) {
    return std::nullopt;
  }
  const bool grouped = absl::string_view("{[\"(").find(text.front()) != absl::string_view::npos;
  const size_t end = grouped ? GroupEnd(text, 0) : std::min(text.find_first_of(".|"), text.size());
  if (!ValidateJson(text.substr(0, end)).ok()) {
    return std::nullopt;
  }
  return Continue(text.substr(0, end), RestAt(text, end), depth);
}

Found Find(absl::string_view json, absl::string_view path, int depth) {
  json = TrimJson(json);
  if (path.empty() || depth > kDeepest) {
    return std::nullopt;
  }
  switch (path.front()) {
    case '@':
      if (IsJsonModifier(path.substr(1, std::min(path.find_first_of(".|:"), path.size()) - 1))) {
        return FindByModifier(json, path, depth);
      }
      break;
    case '!':
      return FindLiteral(path, depth);
    case '[':
    case '{':
      if (const char last = path[GroupEnd(path, 0) - 1]; last == ']' || last == '}') {
        return FindMultiple(json, path, depth);
      }
      break;
    default:
      break;
  }
  if (json.empty()) {
    return std::nullopt;
  }
  if (json.front() == '[') {
    return FindInArray(JsonElements(json), path, depth);
  }
  return json.front() == '{' ? FindInObject(json, path, depth) : std::nullopt;
}

}  // namespace

std::optional<std::string> GetJsonPath(absl::string_view json, absl::string_view path) {
  if (!absl::StartsWith(path, "..")) {
    return Find(json, path, 0);
  }
  // The text as lines: values that follow one another.
  std::vector<absl::string_view> lines;
  for (json = TrimJson(json); !json.empty(); json = TrimJson(json)) {
    const size_t end = SkipJsonValue(json, 0);
    if (end == 0) {
      break;
    }
    lines.push_back(json.substr(0, end));
    json.remove_prefix(end);
  }
  path.remove_prefix(2);
  return path.empty() ? std::nullopt : FindInArray(lines, path, 0);
}

}  // namespace lockstep::agent
