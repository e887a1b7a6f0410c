#include "coordinator/console/log_sink.h"

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "spdlog/logger.h"
#include "spdlog/sinks/base_sink.h"

#include "common/base/json_text.h"
#include "common/base/logfmt.h"
#include "common/base/open_for_writing.h"
#include "common/base/status_macros.h"
#include "common/base/terminal_style.h"
#include "common/base/write_all.h"
#include "common/base/writer_thread.h"
#include "coordinator/console/log_folder.h"
#include "coordinator/console/streams.h"

namespace lockstep::coordinator {
namespace {

// Of one cause, before they are folded; programs that read the log see what k6 says, too.
constexpr int64_t kLinesElsewhere = 10;
// Of the reader of a pipe, at the end.
constexpr absl::Duration kPatience = absl::Seconds(2);

using Spd = std::unique_ptr<spdlog::logger>;

// Lines as they are, flushed one by one: a run that dies leaves no line behind.
Spd MakeSpd(spdlog::sink_ptr sink) {
  sink->set_pattern("%v");
  auto logger = std::make_unique<spdlog::logger>("lockstep", std::move(sink));
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

// Standard output or standard error.
class StreamSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  using Write = bool (*)(absl::string_view text);
  explicit StreamSink(Write write) : write_(write) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    write_(absl::string_view(line.data(), line.size()));  // which counts what it refuses
  }
  void flush_() override {}

  const Write write_;
};

// A file that lines are added to. What it does not take is counted: the library would print texts
// of its own, and forget how many there were.
class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // `file` is open for adding, and closed in the end; `place` is for messages.
  FileSink(std::string place, std::string path, int file)
      : place_(std::move(place)), path_(std::move(path)), file_(file) {
    if (MayWait(file)) {
      thread_.emplace(file);
    }
  }
  ~FileSink() override { close(file_); }
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  // `patience`: how long the reader of a pipe may take nothing; without any, what waits is not
  // lost.
  std::optional<std::string> Lost(absl::Duration patience) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (patience > absl::ZeroDuration() && thread_.has_value() && thread_->Flush(patience) > 0) {
      return absl::StrCat(place_, ": the last lines are not in the file \"", path_,
                          "\": ", WritingReason(ETIMEDOUT));
    }
    return lost_ == 0 ? std::nullopt
                      : std::make_optional(absl::StrCat(place_, ": ", lost_, " of ", lines_,
                                                        " lines are not in the file \"", path_,
                                                        "\": ", WritingReason(error_)));
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    ++lines_;
    if (const int error = WriteLine(absl::string_view(line.data(), line.size())); error != 0) {
      error_ = lost_ == 0 ? error : error_;
      ++lost_;
    }
  }
  int WriteLine(absl::string_view line) {
    if (!thread_.has_value()) {
      return WriteAll(file_, line);
    }
    const bool taken = thread_->Write(line);
    const int error = thread_->error();
    return taken ? 0 : error != 0 ? error : ETIMEDOUT;
  }
  void flush_() override {}

  const std::string place_;
  const std::string path_;
  const int file_;
  std::optional<WriterThread> thread_;  // of a file whose reader may be slow
  int64_t lines_ = 0;  // these three by one thread at a time, as the library sees to it
  int64_t lost_ = 0;
  int error_ = 0;  // of the first line that was lost
};

// Lines to a file. InvalidArgument, which begins with `place`, if it cannot be opened.
absl::StatusOr<std::shared_ptr<FileSink>> OpenFile(const std::string& place,
                                                   const std::string& path) {
  const auto refusal = [&](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat(place, ": cannot write the file \"", path, "\": ", why));
  };
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (std::error_code ignored; !folder.empty() && !std::filesystem::is_directory(folder, ignored)) {
    return refusal(absl::StrCat("there is no folder ", folder.string()));
  }
  const int file = OpenForWriting(path, O_CREAT | O_APPEND);
  if (file < 0) {
    return refusal(WritingReason(errno));
  }
  return std::make_shared<FileSink>(place, path, file);
}

class SinkLogger final : public RunLogger {
 public:
  // Where lines go; null: nowhere.
  struct Places {
    Spd lines = nullptr;
    Spd early = nullptr;  // errors, until the load begins, beside the above
    std::shared_ptr<FileSink> log_file = nullptr;  // what `lines` writes to, if that is a file
    std::shared_ptr<FileSink> console_file = nullptr;
    std::unique_ptr<RemoteLogger> elsewhere = nullptr;  // all of them
  };
  // `terminal`: standard error is one.
  SinkLogger(const LogSettings& settings, bool terminal, absl::Time start, Places places)
      : output_(settings.output),
        format_(settings.format),
        least_(settings.least),
        verbose_(settings.verbose),
        at_terminal_(terminal),
        terminal_(terminal && places.log_file == nullptr),
        color_(terminal && !settings.no_color),
        start_(start),
        folder_(terminal_ ? 1 : kLinesElsewhere),
        lines_(std::move(places.lines)),
        early_(std::move(places.early)),
        elsewhere_(std::move(places.elsewhere)),
        log_file_(std::move(places.log_file)) {
    if (places.console_file != nullptr) {
      SetConsole(std::move(places.console_file));
    }
  }

  void Write(LogRecord record) override {
    if (record.level == LogLevel::kDebug && !verbose_) {
      return;
    }
    redactor().Redact(&record.message);
    for (auto& [key, value] : record.fields) {
      redactor().Redact(&value);
    }
    tail_.Add(record);
    if (early_ != nullptr && record.level == LogLevel::kError && !IsConsole(record) &&
        !loaded_.load(std::memory_order_acquire)) {
      WriteTo(*early_, Format(record, at_terminal_), at_terminal_);
    }
    spdlog::logger* const console = console_.load(std::memory_order_acquire);
    if (console != nullptr && IsConsole(record)) {
      record.fields.clear();  // all that they say is where it comes from
      console->info("{}", Format(record, /*terminal=*/false));
    } else if (elsewhere_ != nullptr) {
      elsewhere_->Write(std::move(record));
    } else if (lines_ != nullptr && record.level >= least_ && (verbose_ || folder_.Admit(record))) {
      WriteLine(record);
    }
  }

  void OnLoad() override { loaded_.store(true, std::memory_order_release); }

  void TellFolded() override {
    for (const LogRecord& record : folder_.Take()) {
      WriteLine(record);
    }
  }

  void WriteAbove(Terminal* drawing) override {
    drawing_.store(drawing, std::memory_order_release);
  }

  absl::Status RedirectConsole(const std::string& path) override {
    if (own_console_ != nullptr) {
      return absl::OkStatus();
    }
    LOCKSTEP_ASSIGN_OR_RETURN(std::shared_ptr<FileSink> file, OpenFile("consoleOutput", path));
    SetConsole(std::move(file));
    return absl::OkStatus();
  }

  void Finish() override {
    if (elsewhere_ != nullptr) {
      elsewhere_->Finish();
    }
  }

  std::vector<std::string> Lost() const override { return LostWithin(kPatience); }
  std::vector<std::string> LostSoFar() const override { return LostWithin(absl::ZeroDuration()); }

 private:
  std::vector<std::string> LostWithin(absl::Duration patience) const {
    std::vector<std::string> sentences;
    const bool with_console = console_.load(std::memory_order_acquire) != nullptr;
    for (FileSink* file : {log_file_.get(), with_console ? console_file_.get() : nullptr}) {
      if (std::optional<std::string> lost = file == nullptr ? std::nullopt : file->Lost(patience);
          lost.has_value()) {
        sentences.push_back(*std::move(lost));
      }
    }
    return sentences;
  }
  void SetConsole(std::shared_ptr<FileSink> file) {
    console_file_ = std::move(file);
    own_console_ = MakeSpd(console_file_);
    console_.store(own_console_.get(), std::memory_order_release);
  }
  static bool IsConsole(const LogRecord& record) {
    for (const auto& [key, value] : record.fields) {
      if (key == "source" && value == "console") {
        return true;
      }
    }
    return false;
  }
  void WriteLine(const LogRecord& record) {
    const bool drawn_there = output_ == LogSettings::Output::kStdout ||
                             (output_ == LogSettings::Output::kStderr && at_terminal_);
    WriteTo(*lines_, Format(record, terminal_), drawn_there);
  }
  // `drawn_there`: where the line goes, something may be drawn.
  void WriteTo(spdlog::logger& place, const std::string& line, bool drawn_there) {
    Terminal* const drawing = drawing_.load(std::memory_order_acquire);
    if (drawn_there && drawing != nullptr) {
      drawing->Above([&] { place.info("{}", line); });
    } else {
      place.info("{}", line);
    }
  }
  std::string Format(const LogRecord& record, bool terminal) const {
    switch (format_) {
      case LogSettings::Format::kRaw:
        return record.message;
      case LogSettings::Format::kJson:
        return FormatJsonLine(record);
      case LogSettings::Format::kText:
        break;
    }
    return terminal ? FormatTerminalLine(record, start_, color_) : FormatLogfmt(record);
  }

  const LogSettings::Output output_;
  const LogSettings::Format format_;
  const LogLevel least_;
  const bool verbose_;
  const bool at_terminal_;  // standard error is one
  const bool terminal_;     // lines are for one
  const bool color_;
  const absl::Time start_;
  LogFolder folder_;
  const Spd lines_;                                 // null: none wanted, or all go elsewhere
  const Spd early_;                                 // see OnLoad; null: lines are seen anyway
  const std::unique_ptr<RemoteLogger> elsewhere_;   // null: nowhere
  const std::shared_ptr<FileSink> log_file_;        // what lines_ writes to; null: no file
  std::shared_ptr<FileSink> console_file_;          // what own_console_ writes to
  Spd own_console_;                                 // null: with the rest; set at most once
  std::atomic<spdlog::logger*> console_ = nullptr;  // what own_console_ holds, for other threads
  std::atomic<Terminal*> drawing_ = nullptr;
  std::atomic<bool> loaded_ = false;
};

}  // namespace

std::string FormatTerminalLine(const LogRecord& record, absl::Time start, bool color) {
  struct Look {
    const char* word;
    absl::string_view style;
  };
  static constexpr Look kLooks[] = {
      {"DEBU", kWhite}, {"INFO", kCyan}, {"WARN", kYellow}, {"ERRO", kRed}};
  const Look look = kLooks[static_cast<size_t>(record.level)];
  const int64_t seconds = absl::ToInt64Seconds(record.time - start);
  const std::string word = Styled(look.style, look.word, color);
  LogRecord told = record;
  for (const auto& [key, value] : record.fields) {
    if (key == "times") {
      absl::StrAppend(&told.message, " (x ", value, ")");
    }
  }
  std::erase_if(told.fields, [](const auto& field) { return field.first == "times"; });
  const std::string fields = LogFieldsText(told);
  if (fields.empty()) {
    return absl::StrFormat("%s[%04d] %s", word, seconds, told.message);
  }
  return absl::StrFormat("%s[%04d] %-44s%s", word, seconds, told.message, fields);
}

std::string FormatJsonLine(const LogRecord& record) {
  nlohmann::json json;
  for (const auto& [key, value] : record.fields) {
    json[key] = value;
  }
  json["level"] = std::string(LogLevelName(record.level));
  json["msg"] = record.message;
  json["time"] = LogTimeText(record.time);
  return JsonText(json);
}

absl::StatusOr<std::unique_ptr<RunLogger>> MakeLogger(const LogSettings& settings, bool terminal,
                                                      absl::Time start,
                                                      std::unique_ptr<RemoteLogger> elsewhere) {
  SinkLogger::Places places{.elsewhere = std::move(elsewhere)};
  switch (settings.output) {
    case LogSettings::Output::kStderr:
      places.lines = MakeSpd(std::make_shared<StreamSink>(WriteStderr));
      break;
    case LogSettings::Output::kStdout:
      places.lines = MakeSpd(std::make_shared<StreamSink>(WriteStdout));
      break;
    case LogSettings::Output::kFile: {
      LOCKSTEP_ASSIGN_OR_RETURN(places.log_file, OpenFile(settings.output_source, settings.file));
      places.lines = MakeSpd(places.log_file);
      places.early = MakeSpd(std::make_shared<StreamSink>(WriteStderr));
      break;
    }
    case LogSettings::Output::kLoki:
      places.early = MakeSpd(std::make_shared<StreamSink>(WriteStderr));
      break;
    case LogSettings::Output::kNone:
      break;
  }
  if (!settings.console_output.empty()) {
    LOCKSTEP_ASSIGN_OR_RETURN(places.console_file,
                              OpenFile(settings.console_source, settings.console_output));
  }
  return std::make_unique<SinkLogger>(settings, terminal, start, std::move(places));
}

}  // namespace lockstep::coordinator
