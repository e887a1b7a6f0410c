#include "agent/js/lockstep/sse_source.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/http/error_code.h"
#include "agent/http/headers.h"

namespace lockstep::agent {
namespace {

// Of an answer that is not an event stream: what a script is shown of its body.
constexpr size_t kMostSseRefusalBytes = size_t{64} << 10;

// Of events that the script has not got to: from then on the server waits.
constexpr size_t kMostSseWaitingBytes = size_t{4} << 20;

enum SseMetric : size_t {
  kSseSessions,
  kSseConnecting,
  kSseTimeToFirstEvent,
  kSseTimeBetweenEvents,
  kSseEvents,
  kSseSessionDuration,
};
// In the order of `SseMetric`.
constexpr MetricDefinition kSseMetrics[] = {
    {"sse_sessions"},
    {"sse_connecting", MetricType::kTrend, ValueType::kTime},
    {"sse_time_to_first_event", MetricType::kTrend, ValueType::kTime},
    {"sse_time_between_events", MetricType::kTrend, ValueType::kTime},
    {"sse_events"},
    {"sse_session_duration", MetricType::kTrend, ValueType::kTime},
};

constexpr int kSseNoMore = 204;
constexpr char kSseEnded[] = "the server has ended the stream";

bool IsEventStream(const HttpResponse& response) {
  const std::optional<std::string> type = FindHeader(response.headers, "Content-Type");
  const absl::string_view essence =
      type ? absl::string_view(*type).substr(0, type->find(';')) : absl::string_view();
  return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(essence), "text/event-stream");
}

std::string WhySseRefused(const HttpResponse& response) {
  if (response.status == kSseNoMore) {
    return "the server wants no more connections (204 No Content)";
  }
  if (response.status != 200) {
    return absl::StrCat("the server answered ", response.status_text, " instead of 200");
  }
  const std::optional<std::string> type = FindHeader(response.headers, "Content-Type");
  return absl::StrCat("the server's answer is not text/event-stream, but ",
                      type ? *type : "of no Content-Type");
}

}  // namespace

SseMeter::SseMeter(SseModule& module, const HttpCallSpec& call)
    : vu_(module.vu()),
      metrics_(module.metrics()),
      sampler_(module.env().sampler),
      base_(call.tags),
      method_(call.request.method),
      url_(call.url_text),
      name_(call.name) {}

absl::Span<const MetricDefinition> SseMeter::Definitions() {
  return kSseMetrics;
}

void SseMeter::Begin() {
  began_ = vu_.loop().clock().Mono();
  last_event_.reset();
  open_ = false;
}

void SseMeter::Connected(const HttpResponse& response, bool open) {
  HttpHop hop;
  hop.base = base_;
  hop.method = method_;
  hop.url = url_;
  if (name_) {
    hop.name = *name_;
  }
  tags_ = sampler_.TagsOf(hop, response);
  open_ = open;
  metrics_.Add(kSseSessions, 1, tags_);
  if (response.status != 0) {
    metrics_.AddTime(kSseConnecting, began_, tags_);
  }
}

void SseMeter::Failed(absl::string_view cause) {
  vu_.AddError(cause, "SSE", name_.value_or(url_));
}

void SseMeter::Event(absl::string_view type) {
  metrics_.AddTime(last_event_ ? kSseTimeBetweenEvents : kSseTimeToFirstEvent,
                   last_event_ ? *last_event_ : began_, tags_);
  last_event_ = vu_.loop().clock().Mono();
  metrics_.Add(kSseEvents, 1, vu_.sink().tags().With(tags_, "event", type));
}

void SseMeter::End() {
  if (std::exchange(open_, false)) {
    metrics_.AddTime(kSseSessionDuration, began_, tags_);
  }
}

SseModule::Source::Source(SseModule& module, uint64_t number, v8::Isolate* isolate, SsePlan plan,
                          v8::Local<v8::Function> emit)
    : module_(module),
      number_(number),
      plan_(std::move(plan)),
      meter_(module, plan_.request),
      events_(module.vu(), isolate, emit) {
  Connect();
}

SseModule::Source::~Source() {
  Disconnect();
  meter_.End();
}

void SseModule::Source::Close() {
  Disconnect();
  meter_.End();
  Last();
}

void SseModule::Source::Hold(bool held) {
  held_ = held;
  if (call_ != nullptr) {
    call_->Hold(held || waiting_bytes_ > kMostSseWaitingBytes);
  }
}

void SseModule::Source::OnHead(HttpCallResult head) {
  timer_.Cancel();
  answer_ = std::move(head.response);
  open_ = answer_.status == 200 && IsEventStream(answer_);
  meter_.Connected(answer_, open_);
  if (open_) {
    Announce({.what = "open", .status = answer_.status});
  }
}

void SseModule::Source::OnBody(std::string piece) {
  if (open_) {
    OnEvents(piece);
    return;
  }
  refusal_.append(piece, 0, kMostSseRefusalBytes - refusal_.size());
  if (refusal_.size() == kMostSseRefusalBytes) {
    OnRefused();
  }
}

void SseModule::Source::Connect() {
  parser_.Restart();
  answer_ = HttpResponse();
  open_ = false;
  refusal_.clear();
  HttpCallSpec spec = plan_.request;
  spec.listener = this;
  if (!parser_.last_event_id().empty()) {
    spec.request.headers.emplace_back("Last-Event-ID", parser_.last_event_id());
  }
  meter_.Begin();
  call_ = std::make_unique<HttpCall>(module_.env(), std::move(spec));
  if (plan_.timeout > absl::ZeroDuration()) {
    timer_.After(plan_.timeout, [this] {
      HttpResponse none;
      none.error = {error_code::kRequestTimeout, "request timeout"};
      call_.reset();
      OnEnd(none);
    });
  }
  call_->Start([this](HttpCallResult& result) {
    const HttpResponse response = std::move(result.response);  // which the call would take along
    OnEnd(response);
  });
}

void SseModule::Source::Disconnect() {
  timer_.Cancel();
  if (call_ != nullptr) {
    call_->Stop();
    call_.reset();
  }
}

void SseModule::Source::OnEvents(absl::string_view bytes) {
  std::vector<StreamEvent> events;
  const bool fits = parser_.Feed(bytes, events);
  for (StreamEvent& event : events) {
    meter_.Event(event.type);
    Announce({.what = "event",
              .text = std::move(event.data),
              .more = std::move(event.type),
              .id = std::move(event.last_event_id)});
  }
  if (!fits) {
    Disconnect();
    meter_.End();
    std::string why = absl::StrCat("an event is longer than ", kMaxStreamEventBytes, " bytes");
    meter_.Failed(why);
    Fail({.what = "error", .text = std::move(why), .status = answer_.status});
  } else if (held_ || waiting_bytes_ > kMostSseWaitingBytes) {
    call_->Hold(true);
  }
}

void SseModule::Source::OnEnd(const HttpResponse& response) {
  timer_.Cancel();
  if (answer_.status != 0 && !open_) {
    OnRefused();
    return;
  }
  if (answer_.status == 0) {
    meter_.Connected(response, false);
  }
  meter_.End();
  call_.reset();
  OnLost(response.error);
}

// As the standard has it, such an answer is final.
void SseModule::Source::OnRefused() {
  Disconnect();
  std::string why = WhySseRefused(answer_);
  if (answer_.status != kSseNoMore) {  // with which a server ends what went well
    meter_.Failed(why);
  }
  Fail({.what = "error",
        .text = std::move(why),
        .more = std::move(refusal_),
        .status = answer_.status});
}

void SseModule::Source::OnLost(const HttpError& error) {
  const bool ended = error.code == 0;
  std::string why = ended ? kSseEnded : error.in_full();
  if (!ended) {
    meter_.Failed(error.message);
  }
  if (plan_.reconnect) {
    Announce({.what = "retry", .text = std::move(why), .status = answer_.status});
    timer_.After(parser_.retry().value_or(plan_.retry), [this] { Connect(); });
  } else if (!ended) {
    Fail({.what = "error", .text = std::move(why), .status = answer_.status});
  } else {
    Last();
  }
}

void SseModule::Source::Fail(News news) {
  module_.vu().logger().Log(LogLevel::kWarn, "An event source failed", {{"error", news.text}});
  Announce(std::move(news));
  Last();
}

void SseModule::Source::Announce(News news) {
  const size_t bytes =
      news.text.size() + news.more.size() + (news.id ? news.id->size() : 0) + kWaitingEventBytes;
  waiting_bytes_ += bytes;
  events_.Announce([this, bytes, news = std::move(news)] {
    waiting_bytes_ -= bytes;
    if (call_ != nullptr && !held_ && waiting_bytes_ <= kMostSseWaitingBytes / 2) {
      call_->Hold(false);
    }
    Emit(news);
  });
}

void SseModule::Source::Last() {
  events_.Last([this] {
    SseModule& module = module_;
    const uint64_t number = number_;
    Emit({.what = "close"});
    module.sources().Forget(number);
  });
}

void SseModule::Source::Emit(const News& news) {
  events_.Emit(news.what, news.text, news.more,
               news.id ? ToJs(events_.context(), *news.id) : ToJs(events_.context(), news.status));
}

}  // namespace lockstep::agent
