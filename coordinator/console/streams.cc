#include "coordinator/console/streams.h"

#include <atomic>
#include <cerrno>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "common/base/counted.h"
#include "common/base/write_all.h"
#include "common/base/writer_thread.h"

namespace lockstep::coordinator {
namespace {

// What samples leave of the room.
constexpr size_t kSpare = size_t{8} << 20;

class Stream {
 public:
  explicit Stream(int file) : file_(file) {}

  // Once.
  void UseThread(WriterThread* thread) { thread_.store(thread, std::memory_order_release); }
  WriterThread* thread() const { return thread_.load(std::memory_order_acquire); }

  bool Write(absl::string_view text, size_t spare) {
    if (WriterThread* const writer = thread(); writer != nullptr) {
      if (!writer->Write(text, spare) && writer->error() == 0) {
        ++refused_;
        return false;
      }
      return true;  // an error is told by error()
    }
    if (const int error = WriteAll(file_, text); error != 0) {
      int none = 0;
      error_.compare_exchange_strong(none, error);
    }
    return true;
  }

  // Of the first write that failed; 0: none has.
  int error() const {
    const int former = error_;
    return former != 0 || thread() == nullptr ? former : thread()->error();
  }
  size_t waiting() const { return thread() == nullptr ? 0 : thread()->waiting(); }
  uint64_t refused() const { return refused_; }

 private:
  const int file_;
  std::atomic<WriterThread*> thread_ = nullptr;  // null: the writer itself
  std::atomic<int> error_ = 0;                   // before there was a thread
  std::atomic<uint64_t> refused_ = 0;            // texts
};

struct Streams {
  Stream out{STDOUT_FILENO};
  Stream error{STDERR_FILENO};
};

// They last as long as the process, whatever its threads are doing at the end.
Streams& All() {
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): the process has one of each.
  static Streams* const streams = new Streams;
  return *streams;
}

bool IsOneFile() {
  struct stat out = {}, error = {};
  return fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &error) == 0 &&
         out.st_dev == error.st_dev && out.st_ino == error.st_ino;
}

constexpr char kFallenBehind[] = "whoever reads it has fallen behind too far";

absl::Status LossOf(const std::string& reason) {
  return reason.empty() ? absl::OkStatus()
                        : absl::DataLossError(absl::StrCat("standard output: ", reason,
                                                           "; what was to be printed, such as ",
                                                           "the summary, is incomplete there"));
}

void Flush(const Stream& stream, absl::Duration patience) {
  if (stream.thread() != nullptr) {
    stream.thread()->Flush(patience);
  }
}

}  // namespace

bool WriteStdout(absl::string_view text) {
  return All().out.Write(text, 0);
}

bool WriteSamplesToStdout(absl::string_view text) {
  return All().out.Write(text, kSpare);
}

bool WriteStderr(absl::string_view text) {
  return All().error.Write(text, 0);
}

void WriteByThreads() {
  Streams& all = All();
  if (all.out.thread() == nullptr) {
    auto* const out = new WriterThread(STDOUT_FILENO);  // as the streams: for good
    all.out.UseThread(out);
    all.error.UseThread(IsOneFile() ? out : new WriterThread(STDERR_FILENO));
  }
}

bool StdoutWaits() {
  return All().out.waiting() > 0;
}

void FlushStreams(absl::Duration patience) {
  Flush(All().out, patience);
  Flush(All().error, patience);
}

bool StdoutIsGone() {
  return All().out.error() == EPIPE;
}

absl::Status StdoutSoFar() {
  const Stream& out = All().out;
  const int error = out.error();
  const std::string reason =
      error == EPIPE ? "nobody reads it any more"
      : error != 0   ? absl::StrCat("cannot write to it: ", std::generic_category().message(error))
      : out.refused() > 0 ? kFallenBehind
                          : "";
  return LossOf(reason);
}

absl::Status CheckStdout() {
  const absl::Status so_far = StdoutSoFar();
  return so_far.ok() && StdoutWaits() ? LossOf(kFallenBehind) : so_far;
}

std::optional<std::string> LostOnStderr() {
  const uint64_t refused = All().error.refused();
  return refused == 0
             ? std::nullopt
             : std::make_optional(absl::StrCat(
                   "standard error: ", Counted(refused, "line"), refused == 1 ? " was" : " were",
                   " lost, as whoever reads it has fallen behind too far"));
}

}  // namespace lockstep::coordinator
