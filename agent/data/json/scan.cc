#include "agent/data/json/scan.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace lockstep::agent {
namespace {

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

size_t SkipString(absl::string_view text, size_t position) {
  for (++position; position < text.size(); ++position) {
    if (text[position] == '\\') {
      ++position;
    } else if (text[position] == '"') {
      return position + 1;
    }
  }
  return text.size();
}

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | code >> 6));
    out->push_back(static_cast<char>(0x80 | (code & 63)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | code >> 12));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 63)));
    out->push_back(static_cast<char>(0x80 | (code & 63)));
  } else {
    out->push_back(static_cast<char>(0xF0 | code >> 18));
    out->push_back(static_cast<char>(0x80 | (code >> 12 & 63)));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 63)));
    out->push_back(static_cast<char>(0x80 | (code & 63)));
  }
}

// The code unit of the four hexadecimal digits at `position`; 0xFFFD when they are not there.
uint32_t CodeUnit(absl::string_view text, size_t position) {
  uint32_t unit = 0;
  if (position + 4 > text.size() || !absl::SimpleHexAtoi(text.substr(position, 4), &unit)) {
    return 0xFFFD;
  }
  return unit;
}

}  // namespace

size_t SkipJsonSpace(absl::string_view text, size_t position) {
  while (position < text.size() && IsSpace(text[position])) {
    ++position;
  }
  return position;
}

absl::string_view TrimJson(absl::string_view text) {
  while (!text.empty() && IsSpace(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && IsSpace(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

size_t SkipJsonValue(absl::string_view text, size_t position) {
  int depth = 0;
  while (position < text.size()) {
    switch (text[position]) {
      case '"':
        position = SkipString(text, position);
        break;
      case '{':
      case '[':
        ++depth;
        ++position;
        continue;
      case '}':
      case ']':
        if (depth == 0) {
          return position;
        }
        --depth;
        ++position;
        break;
      case ',':
      case ':':
        if (depth == 0) {
          return position;
        }
        ++position;
        continue;
      default:
        if (depth == 0) {
          while (position < text.size() && !IsSpace(text[position]) &&
                 absl::string_view(",]}:").find(text[position]) == absl::string_view::npos) {
            ++position;
          }
          return position;
        }
        ++position;
        continue;
    }
    if (depth == 0) {
      return position;
    }
  }
  return text.size();
}

void ForEachMember(absl::string_view object,
                   absl::FunctionRef<bool(absl::string_view, absl::string_view)> visit) {
  size_t at = SkipJsonSpace(object, 1);
  while (at < object.size() && object[at] == '"') {
    const size_t key_end = SkipString(object, at);
    const absl::string_view key = object.substr(at, key_end - at);
    at = SkipJsonSpace(object, SkipJsonSpace(object, key_end) + 1);
    const size_t end = SkipJsonValue(object, at);
    if (!visit(key, object.substr(at, end - at))) {
      return;
    }
    at = SkipJsonSpace(object, end);
    if (at >= object.size() || object[at] != ',') {
      return;
    }
    at = SkipJsonSpace(object, at + 1);
  }
}

void ForEachElement(absl::string_view array, absl::FunctionRef<bool(absl::string_view)> visit) {
  size_t at = SkipJsonSpace(array, 1);
  while (at < array.size() && array[at] != ']') {
    const size_t end = SkipJsonValue(array, at);
    if (end == at || !visit(array.substr(at, end - at))) {
      return;
    }
    at = SkipJsonSpace(array, end);
    if (at >= array.size() || array[at] != ',') {
      return;
    }
    at = SkipJsonSpace(array, at + 1);
  }
}

std::vector<absl::string_view> JsonElements(absl::string_view array) {
  std::vector<absl::string_view> elements;
  ForEachElement(array, [&](absl::string_view element) {
    elements.push_back(element);
    return true;
  });
  return elements;
}

std::string UnquoteJson(absl::string_view literal) {
  if (literal.size() >= 2 && literal.front() == '"' && literal.back() == '"') {
    literal = literal.substr(1, literal.size() - 2);
  }
  std::string out;
  out.reserve(literal.size());
  for (size_t i = 0; i < literal.size(); ++i) {
    if (literal[i] != '\\' || i + 1 >= literal.size()) {
      out.push_back(literal[i]);
      continue;
    }
    switch (literal[++i]) {
      case 'b':
        out.push_back('\b');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 't':
        out.push_back('\t');
        break;
      case 'u': {
        uint32_t code = CodeUnit(literal, i + 1);
        i += 4;
        if (code >= 0xD800 && code < 0xDC00 &&
            literal.substr(std::min(i + 1, literal.size()), 2) == "\\u") {
          const uint32_t low = CodeUnit(literal, i + 3);
          if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            i += 6;
          }
        }
        AppendUtf8(code >= 0xD800 && code < 0xE000 ? 0xFFFD : code, &out);
        break;
      }
      default:
        out.push_back(literal[i]);
    }
  }
  return out;
}

std::string QuoteJson(absl::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<uint8_t>(c) < 0x20) {
          out += absl::StrFormat("\\u%04x", static_cast<uint8_t>(c));
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
  return out;
}

}  // namespace lockstep::agent
