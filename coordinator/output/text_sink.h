// Where an output's lines go: a file, compressed if its name ends in .gz, or standard output.
// Written as they come, through a buffer of fixed size, of which each filling is a stream of gzip
// of its own. Standard output and pipes are written by another thread, as their readers may be
// slow; lines that they fall behind by too far are counted.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "common/base/writer_thread.h"
#include "coordinator/output/output.h"

namespace lockstep::coordinator {

class TextSink {
 public:
  static constexpr size_t kBufferBytes = 256 * 1024;

  // An empty path or "-": standard output, by `write_stdout`.
  TextSink(std::string path, const OutputContext& context);
  ~TextSink();
  TextSink(const TextSink&) = delete;
  TextSink& operator=(const TextSink&) = delete;

  // Creates or truncates the file, or goes on with it. `cannot write 'x/y.json': No such file or
  // directory`.
  absl::Status Open();
  // One line. After a file's first error, nothing is written to it any more; Close reports it, and
  // the file holds whole lines.
  void Append(absl::string_view text);
  void Flush();
  // See Output.
  std::optional<int64_t> Written() const;
  // Whether the file has been begun by another process.
  bool goes_on() const { return go_on_at_.has_value(); }
  // The first error since Open. Gives the reader of a pipe a few seconds to take what is left.
  absl::Status Close();
  // After Close: how many lines may be missing, out of how many, and why; nullopt: none.
  std::optional<std::string> Lost() const;
  bool is_stdout() const { return path_.empty() || path_ == "-"; }
  const std::string& path() const { return path_; }

 private:
  void Send();
  int64_t WriteToFile(absl::string_view bytes);
  void CloseSent();
  absl::Status CutToGoOn() const;

  const std::string path_;
  const bool packed_;
  const std::function<bool(absl::string_view)> write_stdout_;
  const bool may_outlive_;
  const std::optional<int64_t> go_on_at_;
  std::optional<WriterThread> writer_;  // of a pipe or a terminal
  int file_ = -1;                       // of anything else
  int64_t written_ = 0;                 // bytes of this output that the file has
  std::string pending_;
  std::vector<size_t> ends_;  // of the lines in `pending_`
  int64_t lines_ = 0;
  int64_t kept_lines_ = 0;  // those that the file has, or that whoever writes has taken
  absl::Status status_;
};

// What the outputs that write each sample as a line have in common.
class LinesOutput : public Output {
 public:
  // `name` is the output's; `path` as TextSink takes it.
  LinesOutput(std::string name, std::string path, const OutputContext& context)
      : name_(std::move(name)), sink_(std::move(path), context) {}

  std::string Description() const final;
  std::optional<OutputFile> File() const final;
  absl::Status Check() const final;
  bool wants_points() const final { return true; }
  absl::Status Start() override { return sink_.Open(); }
  void Flush() final { sink_.Flush(); }
  std::optional<int64_t> Written() const final { return sink_.Written(); }
  absl::Status Stop() final { return sink_.Close(); }
  std::optional<std::string> Lost() const final;

 protected:
  void Append(absl::string_view line) { sink_.Append(line); }
  bool goes_on() const { return sink_.goes_on(); }

 private:
  const std::string name_;
  TextSink sink_;
};

}  // namespace lockstep::coordinator
