// One event source of lockstep/sse with its connections, one after the other, and their samples.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <v8.h>

#include "agent/http/event_stream.h"
#include "agent/js/k6/script_events.h"
#include "agent/js/lockstep/sse.h"
#include "common/base/timer.h"

namespace lockstep::agent {

// Writes the sse_* samples of a source.
class SseMeter {
 public:
  SseMeter(SseModule& module, const HttpCallSpec& call);
  static absl::Span<const MetricDefinition> Definitions();

  // A connection begins.
  void Begin();
  // The answer's head has come, or the connection has failed.
  void Connected(const HttpResponse& response, bool open);
  void Event(absl::string_view type);
  // The connection is over.
  void End();
  // Adds a row to the table of errors.
  void Failed(absl::string_view cause);

 private:
  ApiVu& vu_;
  ModuleMetrics& metrics_;
  HttpSampler& sampler_;
  const TagSet base_;
  const std::string method_, url_;
  const std::optional<std::string> name_;
  TagSet tags_ = kEmptyTagSet;
  MonoTime began_;
  std::optional<MonoTime> last_event_;
  bool open_ = false;
};

class SseModule::Source final : public HttpCallListener {
 public:
  Source(SseModule& module, uint64_t number, v8::Isolate* isolate, SsePlan plan,
         v8::Local<v8::Function> emit);
  ~Source() override;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  void Close();
  // The script keeps events that it has not used: whether the server is to wait.
  void Hold(bool held);

  void OnHead(HttpCallResult head) override;
  void OnBody(std::string piece) override;

 private:
  // What a script is told.
  struct News {
    const char* what;
    std::string text = {}, more = {};
    std::optional<std::string> id = {};  // instead of a status
    int status = 0;
  };

  void Connect();
  void Disconnect();
  void OnEvents(absl::string_view bytes);
  void OnRefused();
  void OnEnd(const HttpResponse& response);
  void OnLost(const HttpError& error);
  // For good.
  void Fail(News news);
  void Announce(News news);
  // The source's last event, which destroys it.
  void Last();
  void Emit(const News& news);

  SseModule& module_;
  const uint64_t number_;
  const SsePlan plan_;
  SseMeter meter_;
  ScriptEvents events_;
  EventStreamParser parser_;
  std::unique_ptr<HttpCall> call_;
  Timer timer_{module_.vu().loop()};  // until the head must have come, or until the next connection
  HttpResponse answer_;               // the head
  bool open_ = false;
  std::string refusal_;
  size_t waiting_bytes_ = 0;  // of events announced that the script has not got
  bool held_ = false;         // by the script
};

}  // namespace lockstep::agent
