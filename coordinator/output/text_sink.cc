#include "coordinator/output/text_sink.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "common/base/check.h"
#include "common/base/open_for_writing.h"
#include "common/base/status_macros.h"
#include "common/base/whole_file.h"
#include "common/base/write_all.h"

namespace lockstep::coordinator {
namespace {

// Of the reader of a pipe, at the end.
constexpr absl::Duration kPatience = absl::Seconds(5);

// What the system says of the last error; `other` if it knows of none.
std::string Reason(const char* other) {
  return errno == 0 ? other : std::generic_category().message(errno);
}

// A whole stream of gzip, after which another one may follow.
std::string Packed(const std::string& text) {
  constexpr int kGzip = 15 + 16;  // the largest window, with gzip's head and tail
  constexpr int kMemory = 8;      // zlib's default
  z_stream stream = {};
  LOCKSTEP_CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, kMemory,
                              Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  LOCKSTEP_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace

TextSink::TextSink(std::string path, const OutputContext& context)
    : path_(std::move(path)),
      packed_(absl::EndsWith(path_, ".gz")),
      write_stdout_(context.write_stdout),
      may_outlive_(context.may_outlive),
      go_on_at_(context.go_on_at) {}

TextSink::~TextSink() {
  if (file_ >= 0) {
    close(file_);
  }
}

absl::Status TextSink::Open() {
  if (is_stdout()) {
    return absl::OkStatus();
  }
  if (goes_on()) {
    LOCKSTEP_RETURN_IF_ERROR(CutToGoOn());
  }
  file_ = OpenForWriting(path_, O_CREAT | (goes_on() ? O_APPEND : O_TRUNC));
  if (file_ < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write '", path_, "': ", WritingReason(errno)));
  }
  if (MayWait(file_)) {
    writer_.emplace(file_);
    close(std::exchange(file_, -1));
  }
  written_ = go_on_at_.value_or(0);
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
  if (file_ < 0 || !status_.ok() || !may_outlive_) {
    return std::nullopt;
  }
  return written_;
}

void TextSink::Append(absl::string_view text) {
  ++lines_;
  if (!status_.ok()) {
    return;
  }
  absl::StrAppend(&pending_, text);
  ends_.push_back(pending_.size());
  if (pending_.size() >= kBufferBytes) {
    Flush();
  }
}

void TextSink::Flush() {
  if (!pending_.empty()) {
    Send();
  }
}

void TextSink::Send() {
  const std::string bytes = packed_ ? Packed(pending_) : std::move(pending_);
  if (file_ >= 0) {
    kept_lines_ += WriteToFile(bytes);
  } else if (writer_.has_value() ? writer_->Write(bytes) : write_stdout_(bytes)) {
    kept_lines_ += static_cast<int64_t>(ends_.size());
  }
  pending_.clear();
  ends_.clear();
}

// How many of the lines that wait have got there. What a full disk has taken of the next one is
// taken away again, so that whoever reads the file finds whole lines only.
int64_t TextSink::WriteToFile(absl::string_view bytes) {
  size_t done = 0;
  const int error = WriteAll(file_, bytes, &done);
  if (error == 0) {
    written_ += static_cast<int64_t>(bytes.size());
    return static_cast<int64_t>(ends_.size());
  }
  status_ = absl::DataLossError(
      absl::StrCat("cannot write '", path_, "': ", std::generic_category().message(error)));
  // Of a compressed stream that breaks off, nothing is kept.
  const auto lost = packed_ ? ends_.begin() : std::upper_bound(ends_.begin(), ends_.end(), done);
  const size_t whole = lost == ends_.begin() ? 0 : *(lost - 1);
  struct stat facts = {};
  if (fstat(file_, &facts) == 0 && S_ISREG(facts.st_mode) &&
      ftruncate(file_, facts.st_size - static_cast<off_t>(done - whole)) != 0) {
    return 0;  // nobody knows what it holds now
  }
  return lost - ends_.begin();
}

void TextSink::CloseSent() {
  const size_t left = writer_.has_value() ? writer_->Flush(kPatience) : 0;
  const std::string place = is_stdout() ? "standard output" : absl::StrCat("'", path_, "'");
  if (writer_.has_value() && writer_->error() != 0) {
    status_ = absl::DataLossError(
        absl::StrCat("cannot write ", place, ": ", WritingReason(writer_->error())));
  } else if (kept_lines_ < lines_) {
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
  const int64_t lost = lines_ - kept_lines_ - static_cast<int64_t>(ends_.size());
  if (lost == 0) {
    return std::nullopt;
  }
  return absl::StrCat(lost, " of ", lines_, " lines were lost: ",
                      status_.ok() ? "the reader has fallen behind too far" : status_.message());
}

absl::Status TextSink::Close() {
  const bool empty_stream = packed_ && lines_ == 0 && !goes_on();
  if (!pending_.empty() || empty_stream) {
    Send();
  }
  if (is_stdout() || writer_.has_value()) {
    CloseSent();
  } else if (file_ >= 0 && close(std::exchange(file_, -1)) != 0 && status_.ok()) {
    status_ = absl::DataLossError(
        absl::StrCat("cannot write '", path_, "': ", std::generic_category().message(errno)));
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
