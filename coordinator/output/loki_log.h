// Log lines to a Loki server: --log-output=loki.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "common/base/log.h"
#include "common/base/sync.h"
#include "coordinator/fetch/http_pusher.h"

namespace lockstep::coordinator {

struct LokiSettings {
  std::string url = "http://127.0.0.1:3100/loki/api/v1/push";
  std::vector<std::pair<std::string, std::string>> labels;  // of all lines
  std::vector<std::string> headers;                         // "Name: value"
  // Fields that may be labels; unset: all. The others are written behind the message.
  std::optional<std::vector<std::string>> allowed_labels;
  absl::Duration push_period = absl::Seconds(1);
  int64_t limit = 100;                   // lines in a period; more are counted and dropped
  int64_t message_characters = 1 << 20;  // of longer messages, the middle is left out
  LogLevel least = LogLevel::kDebug;
};

// "loki", or "loki=URL,label.a=b,header.X=y,level=error,limit=100,pushPeriod=1s,msgMaxSize=1048576,
// allowedLabels=[a,b]", all of it optional but the first word. InvalidArgument names the part.
absl::StatusOr<LokiSettings> ParseLokiSettings(absl::string_view text);

// The body of a push: streams of equal labels, each in the order of time.
std::string LokiBody(const LokiSettings& settings, std::vector<LogRecord> records);

// Thread-safe. Pushes from a thread of its own; a server that fails costs lines and nothing else.
class LokiLog final : public RemoteLogger {
 public:
  // `fallback` is told at the end of what got lost, and gets all lines from then on.
  LokiLog(LokiSettings settings, std::unique_ptr<Logger> fallback);
  // Finishes, if nobody else has.
  ~LokiLog() override;

  // InvalidArgument: the URL cannot be. Before the first line.
  absl::Status Start();
  void Write(LogRecord record) override;
  // Pushes what is left, for two seconds at most.
  void Finish() override;

 private:
  void Run();
  // Pushes what has come together.
  void PushAll(std::vector<LogRecord> records, int64_t dropped);

  const LokiSettings settings_;
  const std::unique_ptr<Logger> fallback_;
  HttpPusher pusher_;
  std::thread thread_;

  Mutex mutex_;
  CondVar changed_;
  std::vector<LogRecord> waiting_ ABSL_GUARDED_BY(mutex_);
  int64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace lockstep::coordinator
