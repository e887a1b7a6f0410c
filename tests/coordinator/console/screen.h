// What a terminal shows after some bytes: as much of one as progress needs. Lines wrap at its
// columns; what scrolls off the top stays in `text()`, too, but the cursor cannot reach it.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace lockstep::coordinator {

class Screen {
 public:
  Screen(size_t columns, size_t rows) : columns_(columns), rows_(rows) {}

  void Write(absl::string_view bytes) {
    while (!bytes.empty()) {
      if (absl::ConsumePrefix(&bytes, "\x1b[")) {
        Obey(bytes);
      } else {
        Put(bytes[0]);
        bytes.remove_prefix(1);
      }
    }
  }
  // The lines from the first to the cursor's, without the empty one that it rests on.
  std::string text() const {
    std::vector<std::string> lines = lines_;
    while (!lines.empty() && lines.back().empty()) {
      lines.pop_back();
    }
    return absl::StrJoin(lines, "\n");
  }

 private:
  void Put(char c) {
    if (c == '\r') {
      column_ = 0;
    } else if (c == '\n') {
      column_ = 0;
      if (++line_ == lines_.size()) {
        lines_.emplace_back();
      }
    } else {
      if (column_ == columns_) {
        Put('\n');
      }
      std::string& line = lines_[line_];
      line.resize(std::max(line.size(), column_ + 1), ' ');
      line[column_++] = c;
    }
  }
  void Obey(absl::string_view& bytes) {
    size_t number = 0;
    while (bytes[0] >= '0' && bytes[0] <= '9') {
      number = 10 * number + static_cast<size_t>(bytes[0] - '0');
      bytes.remove_prefix(1);
    }
    if (bytes[0] == 'A') {
      const size_t top = lines_.size() > rows_ ? lines_.size() - rows_ : 0;
      line_ = line_ > top + number ? line_ - number : top;
    } else if (bytes[0] == 'K') {
      lines_[line_].clear();
    } else if (bytes[0] == 'J') {
      lines_.resize(line_ + 1);
      lines_[line_].resize(std::min(lines_[line_].size(), column_));
    }
    bytes.remove_prefix(1);
  }

  size_t columns_, rows_;
  std::vector<std::string> lines_ = {""};
  size_t line_ = 0, column_ = 0;
};

}  // namespace lockstep::coordinator
