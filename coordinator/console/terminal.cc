#include "coordinator/console/terminal.h"

#include <algorithm>
#include <utility>

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "common/base/display_width.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::string_view kEraseLine = "\x1b[2K";
constexpr absl::string_view kEraseBelow = "\x1b[J";
}  // namespace

TerminalSize SizeOfTerminal(int fd) {
  TerminalSize size;
  struct winsize told = {};
  if (ioctl(fd, TIOCGWINSZ, &told) == 0) {
    size.columns = told.ws_col > 0 ? told.ws_col : size.columns;
    size.rows = told.ws_row > 0 ? told.ws_row : size.rows;
  }
  return size;
}

bool IsCapableTerminal(int fd, absl::string_view term) {
  return !term.empty() && term != "dumb" && isatty(fd) != 0;
}

bool TakesOutput(int fd) {
  pollfd asked = {.fd = fd, .events = POLLOUT, .revents = 0};
  return poll(&asked, 1, 0) == 1 && (asked.revents & POLLOUT) != 0;
}

Terminal::Terminal(Write write, std::function<TerminalSize()> size)
    : size_(std::move(size)), write_(std::move(write)) {}

void Terminal::Draw(std::vector<std::string> lines) {
  const TerminalSize size = size_();
  MutexLock lock(mutex_);
  lines_ = std::move(lines);
  const std::string back = Back(size);
  write_(absl::StrCat(back, Block(size), kEraseBelow));
}

void Terminal::Leave(const std::vector<std::string>& lines) {
  const TerminalSize size = size_();
  MutexLock lock(mutex_);
  std::string text = drawn_.empty() ? "" : absl::StrCat(Back(size), kEraseBelow);
  for (const std::string& line : lines) {
    absl::StrAppend(&text, line, "\n");
  }
  lines_.clear();
  drawn_.clear();
  write_(text);
}

void Terminal::Above(absl::FunctionRef<void()> print) {
  const TerminalSize size = size_();
  MutexLock lock(mutex_);
  if (drawn_.empty()) {
    print();
    return;
  }
  write_(absl::StrCat(Back(size), kEraseBelow));
  print();
  write_(Block(size));
}

// A terminal that got narrower has wrapped what was drawn, so that the block has more rows now.
std::string Terminal::Back(TerminalSize size) const {
  if (drawn_.empty()) {
    return "";
  }
  const auto width = static_cast<size_t>(size.columns);
  int rows = 0;
  for (const size_t columns : drawn_) {
    rows += static_cast<int>(std::max<size_t>(1, (columns + width - 1) / width));
  }
  rows = std::min(rows, size.rows - 1);  // what has left the screen cannot be reached
  return rows > 0 ? absl::StrCat("\r\x1b[", rows, "A") : "\r";
}

std::string Terminal::Block(TerminalSize size) {
  const size_t room = static_cast<size_t>(std::max(1, size.rows - 1));  // the cursor needs a row
  std::vector<std::string> shown = lines_;
  if (shown.size() > room) {
    shown.resize(room);
    shown.back() = absl::StrCat("and ", lines_.size() - room + 1, " more lines");
  }
  std::string text;
  drawn_.clear();
  for (const std::string& line : shown) {
    const std::string cut = CutToWidth(line, static_cast<size_t>(size.columns));
    drawn_.push_back(DisplayWidth(cut));
    absl::StrAppend(&text, kEraseLine, cut, "\n");
  }
  return text;
}

}  // namespace lockstep::coordinator
