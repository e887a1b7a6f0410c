#include "coordinator/output/text_sink.h"

#include <cerrno>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"

namespace lockstep::coordinator {
namespace {

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
  // "T" writes the bytes as they are.
  const bool packed = absl::EndsWith(path_, ".gz");
  errno = 0;
  file_ = gzopen(path_.c_str(), goes_on() ? (packed ? "ab" : "abT") : (packed ? "wb" : "wbT"));
  if (file_ == nullptr) {
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
  if (is_stdout()) {
    pending_.append(text.data(), text.size());
    if (pending_.size() >= kBufferBytes) {
      Flush();
    }
  } else if (file_ != nullptr && status_.ok() && !text.empty() &&
             gzwrite(file_, text.data(), static_cast<unsigned>(text.size())) == 0) {
    KeepError();
  }
}

void TextSink::Flush() {
  if (is_stdout()) {
    if (!pending_.empty()) {
      write_stdout_(std::exchange(pending_, {}));
    }
  } else if (file_ != nullptr && status_.ok()) {
    // What stands alone is a whole stream, after which another one may follow.
    if (gzflush(file_, may_outlive_ ? Z_FINISH : Z_SYNC_FLUSH) == Z_OK) {
      flushed_lines_ = lines_;
    } else {
      KeepError();
    }
  }
}

std::optional<std::string> TextSink::Lost() const {
  if (status_.ok() || lines_ == flushed_lines_) {
    return std::nullopt;
  }
  return absl::StrCat(lines_ - flushed_lines_, " of ", lines_,
                      " lines were lost: ", status_.message());
}

absl::Status TextSink::Close() {
  if (is_stdout()) {
    Flush();
    return absl::OkStatus();
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

std::optional<std::string> LinesOutput::Lost() const {
  std::optional<std::string> lost = sink_.Lost();
  return lost.has_value() ? std::make_optional(absl::StrCat(Description(), ": ", *lost))
                          : std::nullopt;
}

}  // namespace lockstep::coordinator
