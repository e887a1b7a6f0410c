// The coordinator's Logger: lines on stderr, stdout or in a file, for people (text), for machines
// (JSON), or bare.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/log.h"
#include "common/base/secrets.h"
#include "coordinator/console/log_tail.h"
#include "coordinator/console/terminal.h"

namespace lockstep::coordinator {

// Where messages for people go, and how they look.
struct LogSettings {
  enum class Output { kStderr, kStdout, kNone, kFile, kLoki };
  enum class Format { kText, kRaw, kJson };
  Output output = Output::kStderr;
  std::string file;                   // of kFile
  std::string loki;                   // of kLoki: "loki=URL,...", see loki_log.h
  LogLevel least = LogLevel::kDebug;  // of kFile: less severe ones are left out
  Format format = Format::kText;
  bool verbose = false;        // debug messages too
  bool no_color = false;       // --no-color or NO_COLOR
  std::string console_output;  // file that console.* lines go to instead; empty: none
  // What says where they go, for messages: the flags, or the variables in their stead.
  std::string output_source = "--log-output";
  std::string console_source = "--console-output";
};

// INFO[0001] message                                       source=console
// The field `times` is " (x 216)" behind the message.
std::string FormatTerminalLine(const LogRecord& record, absl::Time start, bool color);
// {"level":"info","msg":"...","source":"console","time":"2026-01-02T03:04:05Z"}
std::string FormatJsonLine(const LogRecord& record);

class RunLogger : public Logger {
 public:
  // What it knows is taken out of all lines.
  Redactor& redactor() { return redactor_; }
  // From now on lines of console.* go to the file `path`, unless the command line has named one.
  // InvalidArgument: it cannot be written. On the thread that made the logger.
  virtual absl::Status RedirectConsole(const std::string& path) = 0;
  // From now on lines that go to a terminal are written above what is drawn at `terminal`, which is
  // borrowed until the next call; null: nothing is drawn any more.
  virtual void WriteAbove(Terminal* terminal) = 0;
  // The load begins: from now on errors go only where all lines go. Before, those that are not a
  // script's own words are on standard error, too, where lines go to a file or to Loki: nobody
  // would look there for what kept a test from starting.
  virtual void OnLoad() = 0;
  // Writes what was folded since the last call (log_folder.h): now and then, and at the end. With
  // `verbose` nothing is folded.
  virtual void TellFolded() = 0;
  // What files have not taken, a sentence for each: `--log-output: 3 of 5 lines are not in the file
  // "x": No space left on device`. From any thread.
  virtual std::vector<std::string> Lost() const = 0;
  // The same of what is lost already: waits for nobody. The count may still grow.
  virtual std::vector<std::string> LostSoFar() const = 0;
  // At the end, before standard error is written for the last time: see RemoteLogger.
  virtual void Finish() = 0;
  // The last lines, wherever they go.
  const LogTail& tail() const { return tail_; }

 protected:
  LogTail tail_;

 private:
  Redactor redactor_;
};

// A thread-safe logger as `settings` describe it. Text is for a terminal if `terminal` (the output
// is a TTY), else logfmt. `start` is when the seconds of terminal lines begin. A file that cannot
// be opened is InvalidArgument, naming it. Of kLoki, all lines go to `elsewhere`.
absl::StatusOr<std::unique_ptr<RunLogger>> MakeLogger(
    const LogSettings& settings, bool terminal, absl::Time start,
    std::unique_ptr<RemoteLogger> elsewhere = nullptr);

}  // namespace lockstep::coordinator
