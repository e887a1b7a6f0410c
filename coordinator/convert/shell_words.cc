#include "coordinator/convert/shell_words.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "common/base/status_macros.h"

namespace lockstep::coordinator {
namespace {

class ShellWords {
 public:
  explicit ShellWords(absl::string_view line) : line_(line) {}

  absl::StatusOr<ShellCommand> Split() {
    while (at_ < line_.size() && !AtOperator()) {
      LOCKSTEP_RETURN_IF_ERROR(Next());
    }
    End();
    return ShellCommand{std::move(words_),
                        std::string(absl::StripAsciiWhitespace(line_.substr(at_)))};
  }

 private:
  // Whether the command ends here, or goes to a file. The & of a URL whose quotes were forgotten is
  // none.
  bool AtOperator() {
    const char c = line_[at_];
    if (c == '>' && (word_ == "1" || word_ == "2" || word_ == "&")) {
      at_ -= word_.size();
      begun_ = false;
      return true;
    }
    const bool ends =
        at_ + 1 == line_.size() || absl::ascii_isspace(static_cast<unsigned char>(line_[at_ + 1]));
    return absl::StrContains(";|<>", absl::string_view(&c, 1)) ||
           (c == '&' && (absl::StartsWith(line_.substr(at_), "&&") || (!begun_ && ends)));
  }
  void End() {
    if (begun_) {
      words_.push_back(std::exchange(word_, ""));
      begun_ = false;
    }
  }
  absl::Status Open(size_t place) const {
    return absl::InvalidArgumentError(
        absl::StrCat("character ", place + 1, ": the quote that opens there is not closed"));
  }
  absl::Status Next() {
    const char c = line_[at_];
    if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
      End();
      ++at_;
    } else if (c == '\\') {
      Backslash();
    } else if (c == '\'') {
      return Single();
    } else if (c == '"') {
      return Double();
    } else if (c == '$' && at_ + 1 < line_.size() && line_[at_ + 1] == '\'') {
      return Ansi();
    } else {
      begun_ = true;
      word_ += c;
      ++at_;
    }
    return absl::OkStatus();
  }
  void Backslash() {
    const absl::string_view rest = line_.substr(at_ + 1);
    if (absl::StartsWith(rest, "\r\n")) {
      at_ += 3;
    } else if (absl::StartsWith(rest, "\n")) {
      at_ += 2;
    } else {
      begun_ = true;
      absl::StrAppend(&word_, rest.substr(0, 1));
      at_ = std::min(at_ + 2, line_.size());  // it can be the last character
    }
  }
  absl::Status Single() {
    const size_t close = line_.find('\'', at_ + 1);
    if (close == absl::string_view::npos) {
      return Open(at_);
    }
    begun_ = true;
    absl::StrAppend(&word_, line_.substr(at_ + 1, close - at_ - 1));
    at_ = close + 1;
    return absl::OkStatus();
  }
  absl::Status Double() {
    const size_t open = at_++;
    begun_ = true;
    for (; at_ < line_.size() && line_[at_] != '"'; ++at_) {
      if (line_[at_] == '\\' && at_ + 1 < line_.size() &&
          absl::StrContains("\"\\$`\n", line_.substr(at_ + 1, 1))) {
        ++at_;
        if (line_[at_] == '\n') {
          continue;
        }
      }
      word_ += line_[at_];
    }
    return at_++ < line_.size() ? absl::OkStatus() : Open(open);
  }
  // $'...', as Chrome copies what has line ends.
  absl::Status Ansi() {
    const size_t open = at_;
    size_t end = at_ + 2;
    while (end < line_.size() && line_[end] != '\'') {
      end += line_[end] == '\\' ? 2 : 1;
    }
    if (end >= line_.size()) {
      return Open(open);
    }
    std::string text, error;
    if (!absl::CUnescape(line_.substr(at_ + 2, end - at_ - 2), &text, &error)) {
      return absl::InvalidArgumentError(absl::StrCat("character ", open + 1, ": ", error));
    }
    begun_ = true;
    absl::StrAppend(&word_, text);
    at_ = end + 1;
    return absl::OkStatus();
  }

  const absl::string_view line_;
  size_t at_ = 0;
  bool begun_ = false;
  std::string word_;
  std::vector<std::string> words_;
};

// `word` as people can type it: in quotes where a shell would change it.
std::string ShellQuoted(absl::string_view word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains("-_./,:@%+=", absl::string_view(&c, 1));
  });
  return plain ? std::string(word)
               : absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

}  // namespace

absl::StatusOr<ShellCommand> ParseShellCommand(absl::string_view line) {
  return ShellWords(line).Split();
}

std::string ShellFile(absl::string_view path) {
  return ShellQuoted(absl::StartsWith(path, "-") ? absl::StrCat("./", path) : std::string(path));
}

}  // namespace lockstep::coordinator
