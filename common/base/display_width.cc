#include "common/base/display_width.h"

#include <algorithm>
#include <utility>

#include <utf8proc.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lockstep {
namespace {

constexpr absl::string_view kNoStyle = "\x1b[0m";

// A character with all that is drawn over it, or a colour.
struct Glyph {
  size_t bytes = 0;
  size_t columns = 0;
  bool colour = false;
};

utf8proc_ssize_t Decode(absl::string_view text, utf8proc_int32_t* character) {
  return utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                          static_cast<utf8proc_ssize_t>(text.size()), character);
}

// `text` is not empty.
Glyph FirstGlyph(absl::string_view text) {
  if (absl::StartsWith(text, "\x1b[")) {
    const size_t end = text.find('m');
    return {.bytes = end == absl::string_view::npos ? text.size() : end + 1, .colour = true};
  }
  utf8proc_int32_t character = 0;
  utf8proc_ssize_t size = Decode(text, &character);
  if (size <= 0) {
    return {.bytes = 1, .columns = 1};
  }
  Glyph glyph;
  utf8proc_int32_t before = 0;
  utf8proc_int32_t state = 0;
  do {
    glyph.bytes += static_cast<size_t>(size);
    glyph.columns += static_cast<size_t>(utf8proc_charwidth(character));
    before = character;
    size = glyph.bytes < text.size() ? Decode(text.substr(glyph.bytes), &character) : 0;
  } while (size > 0 && !utf8proc_grapheme_break_stateful(before, character, &state));
  glyph.columns = std::min<size_t>(glyph.columns, 2);
  return glyph;
}

}  // namespace

size_t DisplayWidth(absl::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const Glyph glyph = FirstGlyph(text);
    columns += glyph.columns;
    text.remove_prefix(glyph.bytes);
  }
  return columns;
}

std::string CutToWidth(absl::string_view text, size_t columns) {
  bool coloured = false;
  size_t used = 0;
  for (size_t at = 0; at < text.size();) {
    const Glyph glyph = FirstGlyph(text.substr(at));
    coloured = coloured || glyph.colour;
    used += glyph.columns;
    if (used > columns) {
      return absl::StrCat(text.substr(0, at), coloured ? kNoStyle : "");
    }
    at += glyph.bytes;
  }
  return std::string(text);
}

std::string PadToWidth(absl::string_view text, size_t columns) {
  const size_t used = DisplayWidth(text);
  return absl::StrCat(text, std::string(used < columns ? columns - used : 0, ' '));
}

std::vector<std::string> WrapToWidth(absl::string_view text, size_t columns) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t word = std::min(text.find_first_not_of(' '), text.size());
    const size_t end = std::min(text.find(' ', word), text.size());
    if (word < end) {
      if (lines.empty() ||
          DisplayWidth(lines.back()) + DisplayWidth(text.substr(0, end)) > columns) {
        lines.emplace_back(text.substr(word, end - word));
      } else {
        absl::StrAppend(&lines.back(), text.substr(0, end));
      }
    }
    text.remove_prefix(end);
  }
  return lines;
}

std::vector<std::string> AlignColumns(const std::vector<std::vector<std::string>>& rows,
                                      size_t most) {
  std::vector<size_t> widths;
  for (const std::vector<std::string>& cells : rows) {
    widths.resize(std::max(widths.size(), cells.size()), 0);
    for (size_t i = 0; i < cells.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(cells[i]));
    }
  }
  size_t shown = 0;
  for (size_t used = 0; shown < widths.size(); ++shown) {
    used += (shown == 0 ? 0 : 2) + widths[shown];
    if (shown > 0 && used > most) {
      break;
    }
  }
  std::vector<std::string> lines;
  for (const std::vector<std::string>& cells : rows) {
    std::string line;
    const size_t end = std::min(cells.size(), shown);
    for (size_t i = 0; i < end; ++i) {
      const bool last = i + 1 == end;
      absl::StrAppend(&line, i == 0 ? "" : "  ", last ? cells[i] : PadToWidth(cells[i], widths[i]));
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace lockstep
