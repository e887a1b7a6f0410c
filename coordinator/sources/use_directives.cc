#include "coordinator/sources/use_directives.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/base/builtin_extensions.h"
#include "common/base/version.h"

namespace lockstep::coordinator {
namespace {

// Takes spaces, comments and semicolons off the front.
void SkipToStatement(absl::string_view* script) {
  for (;;) {
    *script = absl::StripLeadingAsciiWhitespace(*script);
    if (absl::ConsumePrefix(script, ";")) {
      continue;
    }
    const bool block = absl::ConsumePrefix(script, "/*");
    if (!block && !absl::ConsumePrefix(script, "//") && !absl::ConsumePrefix(script, "#!")) {
      return;
    }
    const absl::string_view end = block ? "*/" : "\n";
    const size_t found = script->find(end);
    script->remove_prefix(found == absl::string_view::npos ? script->size() : found + end.size());
  }
}

// The texts that the script begins with.
std::vector<absl::string_view> Directives(absl::string_view script) {
  std::vector<absl::string_view> directives;
  absl::ConsumePrefix(&script, "\xEF\xBB\xBF");
  for (SkipToStatement(&script); !script.empty(); SkipToStatement(&script)) {
    const char quote = script.front();
    const size_t end = quote == '"' || quote == '\'' ? script.find(quote, 1) : std::string::npos;
    if (end == absl::string_view::npos) {
      break;
    }
    directives.push_back(script.substr(1, end - 1));
    script.remove_prefix(end + 1);
  }
  return directives;
}

using Version = std::array<int64_t, 3>;

struct Comparison {
  std::string op;
  Version version = {};
  size_t parts = 0;  // that were written, none: any version
};

// Nothing: it is none.
std::optional<Comparison> ReadComparison(absl::string_view text) {
  Comparison read;
  const size_t number = text.find_first_not_of("=!<>~^");
  if (number == absl::string_view::npos) {
    return std::nullopt;
  }
  read.op = std::string(text.substr(0, number));
  text.remove_prefix(number);
  absl::ConsumePrefix(&text, "v");
  const size_t label = text.find_first_of("-+");  // of a preliminary version, or a build
  for (absl::string_view part : absl::StrSplit(text.substr(0, label), '.')) {
    if (part == "*" || part == "x" || part == "X") {
      return read;
    }
    if (read.parts == read.version.size() || !absl::SimpleAtoi(part, &read.version[read.parts])) {
      return std::nullopt;
    }
    ++read.parts;
  }
  return read;
}

// Whether the first `parts` numbers are equal.
bool Agree(const Version& a, const Version& b, size_t parts) {
  return std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(parts), b.begin());
}

// Nothing: the operator is none.
std::optional<bool> Holds(const Version& ours, const Comparison& wanted) {
  const Version& other = wanted.version;
  const std::string& op = wanted.op;
  if (op.empty() || op == "=") {
    return Agree(ours, other, wanted.parts);
  }
  if (op == "!=") {
    return !Agree(ours, other, wanted.parts);
  }
  if (op == ">") {
    return ours > other && !(wanted.parts < ours.size() && Agree(ours, other, wanted.parts));
  }
  if (op == ">=" || op == "=>") {
    return ours >= other;
  }
  if (op == "<") {
    return ours < other;
  }
  if (op == "<=" || op == "=<") {
    return ours <= other || Agree(ours, other, wanted.parts);
  }
  if (op == "~" || op == "~>") {
    return ours >= other && Agree(ours, other, std::min<size_t>(wanted.parts, 2));
  }
  if (op == "^") {
    const auto leading = std::find_if(other.begin(), other.end(), [](int64_t n) { return n > 0; });
    const auto fixed = static_cast<size_t>(leading - other.begin()) + 1;
    return ours >= other && Agree(ours, other, std::min(fixed, std::max<size_t>(wanted.parts, 1)));
  }
  return std::nullopt;
}

// Nothing: the constraint cannot be read.
std::optional<bool> Allows(absl::string_view constraint, const Version& ours) {
  bool any = false;
  for (absl::string_view branch : absl::StrSplit(constraint, "||")) {
    // An operator may stand apart from its number.
    std::string text(branch);
    for (const char* op : {"=", ">", "<", "~", "^"}) {
      while (absl::StrReplaceAll({{absl::StrCat(op, " "), op}}, &text) > 0) {
      }
    }
    bool all = true;
    for (absl::string_view part : absl::StrSplit(text, absl::ByAnyChar(", "), absl::SkipEmpty())) {
      const std::optional<Comparison> comparison = ReadComparison(part);
      const std::optional<bool> holds =
          comparison.has_value() ? Holds(ours, *comparison) : std::nullopt;
      if (!holds.has_value()) {
        return std::nullopt;
      }
      all = all && *holds;
    }
    any = any || all;
  }
  return any;
}

}  // namespace

UseDirectives ReadUseDirectives(absl::string_view script) {
  const Version ours = ReadComparison(kK6Version)->version;
  UseDirectives found;
  for (const absl::string_view directive : Directives(script)) {
    absl::string_view rest = directive;
    if (!absl::ConsumePrefix(&rest, "use k6") ||
        (!rest.empty() && !absl::ascii_isspace(rest[0]) && !absl::ascii_ispunct(rest[0]))) {
      continue;
    }
    rest = absl::StripAsciiWhitespace(rest);
    if (absl::ConsumePrefix(&rest, "with ")) {
      const absl::string_view extension = rest.substr(0, rest.find_first_of(" \t<>=~^!"));
      if (absl::c_linear_search(kBuiltinExtensions, extension)) {
        continue;
      }
      found.warnings.push_back(absl::StrCat(
          "\"", directive, "\": of k6's extensions Lockstep has ",
          absl::StrJoin(kBuiltinExtensions, ", "),
          ", and installs none; a module that is missing is told where it is imported"));
      continue;
    }
    const std::optional<bool> allowed = Allows(rest, ours);
    if (!allowed.has_value()) {
      found.warnings.push_back(absl::StrCat("\"", directive, "\": \"", rest,
                                            "\" is not a constraint of versions, such as >= 1.2"));
    } else if (!*allowed) {
      found.errors.push_back(absl::StrCat("\"", directive, "\": Lockstep runs scripts of k6 ",
                                          kK6Version, ", which the script does not want"));
    }
  }
  return found;
}

}  // namespace lockstep::coordinator
