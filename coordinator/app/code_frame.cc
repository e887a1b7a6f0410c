#include "coordinator/app/code_frame.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/display_width.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kAround = 60;  // bytes of a long line that are shown on each side
constexpr absl::string_view kCut = "\xE2\x80\xA6";  // an ellipsis, where there is more of it

// Takes digits off the front of `text`; nothing if there are none, or too many.
std::optional<int> TakeNumber(absl::string_view* text) {
  const size_t end = std::min(text->find_first_not_of("0123456789"), text->size());
  int number = 0;
  if (!absl::SimpleAtoi(text->substr(0, end), &number) || number < 1) {
    return std::nullopt;
  }
  text->remove_prefix(end);
  return number;
}

// What follows a URL: ":3:9" or ": Line 3:9".
bool TakePlace(absl::string_view rest, CodePlace* place) {
  if (!absl::ConsumePrefix(&rest, ": Line ") && !absl::ConsumePrefix(&rest, ":")) {
    return false;
  }
  const std::optional<int> line = TakeNumber(&rest);
  if (!line.has_value() || !absl::ConsumePrefix(&rest, ":")) {
    return false;
  }
  const std::optional<int> column = TakeNumber(&rest);
  place->line = *line;
  place->column = column.value_or(0);
  return column.has_value();
}

bool Continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// The byte of `line` at which its UTF-16 unit `column`, from 1, begins.
size_t ByteOf(absl::string_view line, int column) {
  size_t at = 0;
  for (int units = 1; at < line.size() && units < column; ++units) {
    units += static_cast<unsigned char>(line[at]) >= 0xF0 ? 1 : 0;  // two units
    ++at;
    while (at < line.size() && Continues(line[at])) {
      ++at;
    }
  }
  return at;
}

}  // namespace

std::optional<CodePlace> PlaceIn(absl::string_view message) {
  for (size_t at = message.find("file://"); at != absl::string_view::npos;
       at = message.find("file://", at + 1)) {
    // A name may have colons itself: the first that a place follows ends it.
    const size_t end = std::min(message.find_first_of("\n\"'()", at), message.size());
    for (size_t colon = message.find(':', at + 7); colon < end;
         colon = message.find(':', colon + 1)) {
      CodePlace place;
      if (TakePlace(message.substr(colon), &place)) {
        place.url = std::string(message.substr(at, colon - at));
        return place;
      }
    }
  }
  return std::nullopt;
}

std::string CodeFrame(absl::string_view source, const CodePlace& place) {
  if (source.empty()) {
    return "";
  }
  for (int line = 1; line < place.line; ++line) {
    const size_t end = source.find('\n');
    if (end == absl::string_view::npos) {
      return "";
    }
    source.remove_prefix(end + 1);
  }
  absl::string_view text = source.substr(0, source.find_first_of("\r\n"));
  size_t at = ByteOf(text, place.column);
  size_t start = at > kAround ? at - kAround : 0;
  while (start > 0 && Continues(text[start])) {
    --start;
  }
  size_t end = std::min(text.size(), at + kAround);
  while (end < text.size() && Continues(text[end])) {
    ++end;
  }
  const absl::string_view left = start > 0 ? kCut : "";
  const absl::string_view right = end < text.size() ? kCut : "";
  text = text.substr(start, end - start);
  at -= start;
  // Tabs stay, so that the mark is where the terminal has the place.
  std::string below(DisplayWidth(left), ' ');
  for (size_t i = 0; i < at; ++i) {
    if (text[i] == '\t') {
      below += '\t';
    } else if (!Continues(text[i])) {
      size_t next = i + 1;
      while (next < text.size() && Continues(text[next])) {
        ++next;
      }
      below.append(DisplayWidth(text.substr(i, next - i)), ' ');
    }
  }
  const std::string number = absl::StrCat(place.line);
  const std::string gutter(number.size() + 3, ' ');
  std::string shown(text);
  std::replace_if(
      shown.begin(), shown.end(),
      [](char c) { return c != '\t' && absl::ascii_iscntrl(static_cast<unsigned char>(c)); }, ' ');
  return absl::StrCat("\n   ", number, " | ", left, shown, right, "\n", gutter, " | ", below, "^");
}

}  // namespace lockstep::coordinator
