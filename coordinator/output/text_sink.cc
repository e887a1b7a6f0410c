#include "coordinator/output/text_sink.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "common/base/open_for_writing.h"
#include "common/base/status_macros.h"
#include "common/base/whole_file.h"

namespace lockstep::coordinator {
namespace {

// Of the reader of a pipe, at the end.
constexpr absl::Duration kPatience = absl::Seconds(5);

// What the system says of the last error; `other` if it knows of none.
std::string Reason(const char* other) {
  return errno == 0 ? other : std::generic_category().message(errno);
}

}  // namespace

TextSink::TextSink(std::string path, const OutputContext& context)
    : path_(std::move(path)),
      write_stdout_(context.write_stdout),
      may_outlive_(context.may_outlive),
      go_on_at_(context.go_on_at) {}

TextSink::~TextSink() {
  if (file_ != nullptr) {
    gzclose(file_);
  }
}

absl::Status TextSink::Open() {
  if (is_stdout()) {
    return absl::OkStatus();
  }
  if (goes_on()) {
    LOCKSTEP_RETURN_IF_ERROR(CutToGoOn());
  }
  const bool packed = absl::EndsWith(path_, ".gz");
  const int file = OpenForWriting(path_, O_CREAT | (goes_on() ? O_APPEND : O_TRUNC));
  if (file < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write '", path_, "': ", WritingReason(errno)));
  }
  if (MayWait(file) && !packed) {
    writer_.emplace(file);
    close(file);
    return absl::OkStatus();
  }
  fcntl(file, F_SETFL, fcntl(file, F_GETFL) & ~O_NONBLOCK);  // what zlib writes to must take all
  // "T" writes the bytes as they are.
  errno = 0;
  file_ = gzdopen(file, goes_on() ? (packed ? "ab" : "abT") : (packed ? "wb" : "wbT"));
  if (file_ == nullptr) {
    close(file);
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write '", path_, "': ", Reason("out of memory")));
  }
  gzbuffer(file_, kBufferBytes);
  return absl::OkStatus();
}

// What another process has written since will be written again.
absl::Status TextSink::CutToGoOn() const {
  struct stat there = {};
  errno = 0;
  if (stat(path_.c_str(), &there) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot go on writing '", path_, "': ", Reason("it cannot be looked at")));
  }
  if (there.st_size < *go_on_at_) {
    return absl::InvalidArgumentError(absl::StrCat("cannot go on writing '", path_, "': it has ",
                                                   there.st_size, " bytes, and ", *go_on_at_,
                                                   " had been written"));
  }
  if (S_ISREG(there.st_mode) && truncate(path_.c_str(), *go_on_at_) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot go on writing '", path_, "': ", Reason("it cannot be cut")));
  }
  return absl::OkStatus();
}

std::optional<int64_t> TextSink::Written() const {
  if (file_ == nullptr || !status_.ok() || !may_outlive_) {
    return std::nullopt;
  }
  return gzoffset(file_);
}

void TextSink::KeepError() {
  int code = Z_OK;
  const char* message = gzerror(file_, &code);
  if (status_.ok()) {
    status_ = absl::DataLossError(
        absl::StrCat("cannot write '", path_, "': ", code == Z_ERRNO ? Reason(message) : message));
  }
}

void TextSink::Append(absl::string_view text) {
  ++lines_;
  if (sent()) {
    pending_.append(text.data(), text.size());
    ++pending_lines_;
    if (pending_.size() >= kBufferBytes) {
      Flush();
    }
  } else if (file_ != nullptr && status_.ok() && !text.empty() &&
             gzwrite(file_, text.data(), static_cast<unsigned>(text.size())) == 0) {
    KeepError();
  }
}

void TextSink::Flush() {
  if (sent()) {
    Send();
  } else if (file_ != nullptr && status_.ok()) {
    // What stands alone is a whole stream, after which another one may follow.
    if (gzflush(file_, may_outlive_ ? Z_FINISH : Z_SYNC_FLUSH) == Z_OK) {
      flushed_lines_ = lines_;
    } else {
      KeepError();
    }
  }
}

void TextSink::Send() {
  if (pending_.empty()) {
    return;
  }
  if (!(writer_.has_value() ? writer_->Write(pending_) : write_stdout_(pending_))) {
    unsent_lines_ += pending_lines_;
  }
  pending_.clear();
  pending_lines_ = 0;
}

void TextSink::CloseSent() {
  Send();
  const size_t left = writer_.has_value() ? writer_->Flush(kPatience) : 0;
  const std::string place = is_stdout() ? "standard output" : absl::StrCat("'", path_, "'");
  if (writer_.has_value() && writer_->error() != 0) {
    status_ = absl::DataLossError(
        absl::StrCat("cannot write ", place, ": ", WritingReason(writer_->error())));
  } else if (unsent_lines_ > 0) {
    status_ = absl::DataLossError(
        absl::StrCat("cannot write all to ", place, ": its reader has fallen behind too far"));
  } else if (left > 0) {
    status_ =
        absl::DataLossError(absl::StrCat("cannot write all to ", place, ": the last ", left,
                                         " bytes are missing, as ", WritingReason(ETIMEDOUT)));
  }
  writer_.reset();
}

std::optional<std::string> TextSink::Lost() const {
  if (unsent_lines_ > 0) {
    return absl::StrCat(unsent_lines_, " of ", lines_, " lines were lost: ", status_.message());
  }
  if (status_.ok() || lines_ == flushed_lines_) {
    return std::nullopt;
  }
  return absl::StrCat(lines_ - flushed_lines_, " of ", lines_,
                      " lines were lost: ", status_.message());
}

absl::Status TextSink::Close() {
  if (sent()) {
    CloseSent();
    flushed_lines_ = lines_;
    return status_;
  }
  if (file_ == nullptr) {
    return status_;
  }
  Flush();
  errno = 0;
  if (gzclose(std::exchange(file_, nullptr)) != Z_OK && status_.ok()) {
    status_ = absl::DataLossError(
        absl::StrCat("cannot write '", path_, "': ", Reason("the file could not be closed")));
  }
  return status_;
}

std::string LinesOutput::Description() const {
  return absl::StrCat(name_, " (", sink_.is_stdout() ? "stdout" : sink_.path(), ")");
}

std::optional<OutputFile> LinesOutput::File() const {
  return sink_.is_stdout() ? std::nullopt : std::make_optional(OutputFile{.path = sink_.path()});
}

absl::Status LinesOutput::Check() const {
  const absl::Status checked = sink_.is_stdout() ? absl::OkStatus() : CheckWholeFile(sink_.path());
  return checked.ok() ? checked
                      : absl::InvalidArgumentError(
                            absl::StrCat("cannot write '", sink_.path(), "': ", checked.message()));
}

std::optional<std::string> LinesOutput::Lost() const {
  std::optional<std::string> lost = sink_.Lost();
  return lost.has_value() ? std::make_optional(absl::StrCat(Description(), ": ", *lost))
                          : std::nullopt;
}

}  // namespace lockstep::coordinator
