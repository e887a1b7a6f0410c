#include "common/flags/flag_help.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace lockstep {
namespace {

constexpr size_t kMeaningColumn = 34;  // where what is said of a flag begins
constexpr char kNoBreak = '\x01';      // a space at which no line ends

std::string Meaning(const Flag& flag, char space) {
  return flag.initial.empty()
             ? flag.help
             : absl::StrCat(flag.help, " (default:", std::string(1, space), flag.initial, ")");
}

}  // namespace

std::string Wrapped(absl::string_view text, size_t width, size_t indent) {
  std::string out;
  size_t column = 0;
  for (absl::string_view word : absl::StrSplit(text, ' ')) {
    bool first = true;
    do {
      const size_t comma = word.size() > width ? word.substr(0, width).rfind(',') : word.npos;
      const absl::string_view part = word.substr(0, comma == word.npos ? comma : comma + 1);
      word.remove_prefix(part.size());
      const bool spaced = first && column > 0;
      if (column > 0 && column + (spaced ? 1 : 0) + part.size() > width) {
        absl::StrAppend(&out, "\n", std::string(indent, ' '), part);
        column = part.size();
      } else {
        absl::StrAppend(&out, spaced ? " " : "", part);
        column += (spaced ? 1 : 0) + part.size();
      }
      first = false;
    } while (!word.empty());
  }
  std::replace(out.begin(), out.end(), kNoBreak, ' ');
  return out;
}

std::string HelpRow(const std::string& left, absl::string_view right, size_t column) {
  if (right.empty()) {
    return absl::StrCat(left, "\n");
  }
  const std::string gap = left.size() + 2 <= column ? std::string(column - left.size(), ' ')
                                                    : absl::StrCat("\n", std::string(column, ' '));
  return absl::StrCat(left, gap, Wrapped(right, kHelpColumns - column, column), "\n");
}

std::string SpellingOf(const Flag& flag) {
  const std::string value = flag.kind != FlagSpec::Kind::kSwitch ? absl::StrCat(" ", flag.value)
                            : flag.bare.empty()                  ? ""
                                                : absl::StrCat("[=", flag.value, "]");
  return absl::StrCat(flag.letter.empty() ? "" : absl::StrCat("-", flag.letter, ", "), "--",
                      flag.name, value);
}

std::string MeaningOf(const Flag& flag) {
  return Meaning(flag, ' ');
}

std::string HelpRowOf(const Flag& flag) {
  return HelpRow(absl::StrCat(flag.letter.empty() ? "      " : "  ", SpellingOf(flag)),
                 Meaning(flag, kNoBreak), kMeaningColumn);
}

}  // namespace lockstep
