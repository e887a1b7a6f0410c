#include "coordinator/convert/command_prompt.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace lockstep::coordinator {
namespace {

// How long the line end is that `text` begins with; 0: none.
size_t LineEnd(absl::string_view text) {
  return absl::StartsWith(text, "\r\n") ? 2 : absl::StartsWith(text, "\n") ? 1 : 0;
}

// What the prompt does before the program sees anything: carets escape the next character, outside
// of quotes.
std::string WithoutCarets(absl::string_view line, std::string* rest) {
  std::string out;
  bool in_quotes = false;
  for (size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (c == '^' && !in_quotes) {
      const size_t first = LineEnd(line.substr(at + 1));
      const size_t second = first == 0 ? 0 : LineEnd(line.substr(at + 1 + first));
      at += first + second;
      if (second > 0) {
        out += '\n';  // the second line end is the one that is escaped
      } else if (first == 0 && ++at < line.size()) {
        out += line[at];
      }
      continue;
    }
    if (LineEnd(line.substr(at)) > 0 ||
        (!in_quotes && absl::StrContains("&|<>", line.substr(at, 1)))) {
      *rest = std::string(absl::StripAsciiWhitespace(line.substr(at)));
      break;
    }
    in_quotes = in_quotes != (c == '"');
    out += c;
  }
  return out;
}

// What the program then makes words of.
class PromptWords {
 public:
  // `doubled`: each backslash stands there twice, as browsers double them, not only those before
  // quotes.
  PromptWords(absl::string_view line, bool doubled) : line_(line), doubled_(doubled) {}

  absl::StatusOr<std::vector<std::string>> Split() {
    while (at_ < line_.size()) {
      Next();
    }
    if (in_quotes_) {
      return absl::InvalidArgumentError(
          "a quote is not closed, by the rules of Windows' command prompt; copy it as cURL (bash)");
    }
    End();
    return std::move(words_);
  }

 private:
  void End() {
    if (begun_) {
      words_.push_back(std::exchange(word_, ""));
      begun_ = false;
    }
  }
  void Next() {
    const char c = line_[at_];
    if (c == '\\') {
      Backslashes();
    } else if (c == '"') {
      begun_ = true;
      const bool twice = in_quotes_ && absl::StartsWith(line_.substr(at_), "\"\"");
      word_ += twice ? "\"" : "";
      in_quotes_ = twice || !in_quotes_;
      at_ += twice ? 2 : 1;
    } else if (!in_quotes_ && absl::ascii_isspace(static_cast<unsigned char>(c))) {
      End();
      ++at_;
    } else {
      begun_ = true;
      word_ += c;
      ++at_;
    }
  }
  void Backslashes() {
    const size_t end = std::min(line_.find_first_not_of('\\', at_), line_.size());
    const size_t count = end - at_;
    const bool before_quote = end < line_.size() && line_[end] == '"';
    begun_ = true;
    at_ = end;
    if (before_quote) {
      word_.append(count / 2, '\\');
      word_ += count % 2 == 1 ? "\"" : "";
      at_ += count % 2;
    } else {
      word_.append(doubled_ ? count / 2 + count % 2 : count, '\\');
    }
  }

  const absl::string_view line_;
  const bool doubled_;
  size_t at_ = 0;
  bool begun_ = false;
  bool in_quotes_ = false;
  std::string word_;
  std::vector<std::string> words_;
};

}  // namespace

bool IsForCommandPrompt(absl::string_view line) {
  char quote = 0;  // of a shell, which has carets in quotes only
  bool escapes = true;
  for (size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (c == '\\' && escapes) {
      ++at;
    } else if (quote != 0) {
      escapes = escapes || c == quote;
      quote = c == quote ? '\0' : quote;
    } else if (c == '\'' || c == '"') {
      quote = c;
      escapes = c == '"' || (at > 0 && line[at - 1] == '$');
    } else if (c == '^' &&
               (absl::StartsWith(line.substr(at + 1), "\"") || LineEnd(line.substr(at + 1)) > 0)) {
      return true;
    }
  }
  return false;
}

absl::StatusOr<ShellCommand> ParsePromptCommand(absl::string_view line) {
  ShellCommand command;
  const std::string plain = WithoutCarets(absl::StripAsciiWhitespace(line), &command.rest);
  absl::StatusOr<std::vector<std::string>> words =
      PromptWords(plain, absl::StrContains(line, "^\"")).Split();
  if (!words.ok()) {
    return words.status();
  }
  command.words = *std::move(words);
  return command;
}

}  // namespace lockstep::coordinator
