#include "common/base/words.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace lockstep {
namespace {

bool IsOfAWord(char c) {
  return c == '_' || absl::ascii_isalnum(static_cast<unsigned char>(c));
}

}  // namespace

void ForEachWord(absl::string_view text, absl::FunctionRef<void(absl::string_view word)> visit) {
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && IsOfAWord(text[i])) {
      continue;
    }
    if (i > begin) {
      visit(text.substr(begin, i - begin));
    }
    begin = i + 1;
  }
}

bool IsIdentifier(absl::string_view text) {
  return !text.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(text[0])) &&
         std::all_of(text.begin(), text.end(), IsOfAWord);
}

bool HasWord(absl::string_view text, absl::string_view word) {
  for (size_t at = text.find(word); at != absl::string_view::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !IsOfAWord(text[at - 1])) && (end == text.size() || !IsOfAWord(text[end]))) {
      return true;
    }
  }
  return false;
}

}  // namespace lockstep
