#include "agent/js/k6/sse.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/http/event_stream.h"
#include "agent/http/headers.h"
#include "agent/js/bind/embedded_scripts.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/http_request.h"
#include "agent/js/k6/script_duration.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

using Context = v8::Local<v8::Context>;
using Info = v8::FunctionCallbackInfo<v8::Value>;

// Of an answer that is no event stream: what a script is shown of its body.
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

constexpr int kSseTimeout = 1050;  // k6's error code

constexpr char kSseEnded[] = "the server has ended the stream";

bool IsEventStream(const HttpResponse& response) {
  const std::optional<std::string> type = FindHeader(response.headers, "Content-Type");
  const absl::string_view essence =
      type ? absl::string_view(*type).substr(0, type->find(';')) : absl::string_view();
  return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(essence), "text/event-stream");
}

std::string WhySseRefused(const HttpResponse& response) {
  if (response.status == 204) {
    return "the server wants no more connections (204 No Content)";
  }
  if (response.status != 200) {
    return absl::StrCat("the server answered ", response.status_text, " instead of 200");
  }
  const std::optional<std::string> type = FindHeader(response.headers, "Content-Type");
  return absl::StrCat("the server's answer is not text/event-stream, but ",
                      type ? *type : "of no Content-Type");
}

// The samples of one connection.
class SseMeter {
 public:
  SseMeter(SseModule& module, const HttpCallSpec& request)
      : vu_(module.vu()),
        metrics_(module.metrics()),
        sampler_(module.env().sampler),
        base_(request.tags),
        method_(request.method),
        url_(request.url_text),
        name_(request.name) {}

  void Begin() {
    began_ = vu_.loop().clock().Mono();
    last_event_.reset();
    open_ = false;
  }
  // The answer's head has come, or the connection has failed.
  void Connected(const HttpResponse& response, bool open) {
    HttpHop hop{.base = base_, .method = method_, .url = url_};
    if (name_) {
      hop.name = *name_;
    }
    tags_ = sampler_.TagsOf(hop, response);
    open_ = open;
    metrics_.Add(kSseSessions, 1, tags_);
    metrics_.AddTime(kSseConnecting, began_, tags_);
  }
  void Event(absl::string_view type) {
    metrics_.AddTime(last_event_ ? kSseTimeBetweenEvents : kSseTimeToFirstEvent,
                     last_event_ ? *last_event_ : began_, tags_);
    last_event_ = vu_.loop().clock().Mono();
    metrics_.Add(kSseEvents, 1, vu_.sink().tags().With(tags_, "event", type));
  }
  void End() {
    if (std::exchange(open_, false)) {
      metrics_.AddTime(kSseSessionDuration, began_, tags_);
    }
  }

 private:
  ApiVu& vu_;
  ModuleMetrics& metrics_;
  HttpSampler& sampler_;
  const TagSetId base_;
  const std::string method_, url_;
  const std::optional<std::string> name_;
  TagSetId tags_ = kEmptyTagSet;
  MonoTime began_;
  std::optional<MonoTime> last_event_;
  bool open_ = false;
};

}  // namespace

// One source with its connections, one after the other. Its events wait for the script's turn; the
// next one is always announced, so that the iteration lasts as long as the source.
class SseModule::Source final : public HttpCallListener {
 public:
  Source(SseModule& module, uint64_t number, v8::Isolate* isolate, SsePlan plan,
         v8::Local<v8::Function> emit)
      : module_(module),
        number_(number),
        isolate_(isolate),
        plan_(std::move(plan)),
        meter_(module, plan_.request),
        emit_(isolate, emit),
        next_(module.vu().Expect()) {
    Connect();
  }
  ~Source() override {
    Disconnect();
    meter_.End();
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  void Close() {
    Disconnect();
    meter_.End();
    Last();
  }

  void OnHead(HttpCallResult head) override {
    loop().Cancel(std::exchange(timer_, TimerId::kNone));
    answer_ = std::move(head.response);
    open_ = answer_.status == 200 && IsEventStream(answer_);
    meter_.Connected(answer_, open_);
    if (open_) {
      Announce({.what = "open", .status = answer_.status});
    }
  }

  void OnBody(std::string piece) override {
    if (open_) {
      OnEvents(piece);
      return;
    }
    refusal_.append(piece, 0, kMostSseRefusalBytes - refusal_.size());
    if (refusal_.size() == kMostSseRefusalBytes) {
      OnRefused();
    }
  }

 private:
  // What a script is told.
  struct News {
    const char* what;
    std::string text = {}, more = {};
    std::optional<std::string> id = {};  // instead of a status
    int status = 0;
  };

  EventLoop& loop() { return module_.vu().loop(); }

  void Connect();
  void Disconnect();
  void OnEvents(absl::string_view bytes);
  void OnRefused();
  void OnEnd(const HttpResponse& response);
  void OnLost(std::string why);
  void Fail(News news);
  void Announce(News news);
  // The source's last event, which destroys it.
  void Last();
  bool Emit(const News& news);

  SseModule& module_;
  const uint64_t number_;
  v8::Isolate* const isolate_;
  const SsePlan plan_;
  SseMeter meter_;
  v8::Global<v8::Function> emit_;
  absl::AnyInvocable<void(ApiVu::Task)> next_;  // null: the last event is announced
  EventStreamParser parser_;
  std::unique_ptr<HttpCall> call_;
  TimerId timer_ = TimerId::kNone;  // until the head must have come, or until the next connection
  HttpResponse answer_;             // the head
  bool open_ = false;
  std::string refusal_;
  size_t waiting_bytes_ = 0;  // of events announced that the script has not got
};

void SseModule::Source::Connect() {
  parser_.Restart();
  answer_ = HttpResponse();
  open_ = false;
  refusal_.clear();
  HttpCallSpec spec = plan_.request;
  spec.listener = this;
  if (!parser_.last_event_id().empty()) {
    spec.headers.emplace_back("Last-Event-ID", parser_.last_event_id());
  }
  meter_.Begin();
  call_ = std::make_unique<HttpCall>(module_.env(), std::move(spec));
  if (plan_.timeout > absl::ZeroDuration()) {
    timer_ = loop().After(plan_.timeout, [this] {
      timer_ = TimerId::kNone;
      HttpResponse none;
      none.error = {kSseTimeout, "request timeout"};
      call_.reset();
      OnEnd(none);
    });
  }
  call_->Start([this](const HttpCallResult& result) { OnEnd(result.response); });
}

void SseModule::Source::Disconnect() {
  loop().Cancel(std::exchange(timer_, TimerId::kNone));
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
    Fail({.what = "error",
          .text = absl::StrCat("an event is longer than ", kMaxStreamEventBytes, " bytes"),
          .status = answer_.status});
  } else if (waiting_bytes_ > kMostSseWaitingBytes) {
    call_->Hold(true);
  }
}

void SseModule::Source::OnEnd(const HttpResponse& response) {
  loop().Cancel(std::exchange(timer_, TimerId::kNone));
  if (answer_.status != 0 && !open_) {
    OnRefused();
    return;
  }
  if (answer_.status == 0) {
    meter_.Connected(response, false);
  }
  meter_.End();
  call_.reset();
  OnLost(response.error.code == 0 ? kSseEnded : response.error.in_full());
}

// As the standard has it, such an answer is final.
void SseModule::Source::OnRefused() {
  Disconnect();
  Fail({.what = "error",
        .text = WhySseRefused(answer_),
        .more = std::move(refusal_),
        .status = answer_.status});
}

void SseModule::Source::OnLost(std::string why) {
  if (plan_.reconnect) {
    Announce({.what = "retry", .text = std::move(why), .status = answer_.status});
    timer_ = loop().After(parser_.retry().value_or(plan_.retry), [this] {
      timer_ = TimerId::kNone;
      Connect();
    });
  } else if (why != kSseEnded) {
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
  auto announced = std::exchange(next_, module_.vu().Expect());
  waiting_bytes_ += news.text.size();
  announced([this, news = std::move(news)] {
    waiting_bytes_ -= news.text.size();
    if (call_ != nullptr && waiting_bytes_ <= kMostSseWaitingBytes / 2) {
      call_->Hold(false);
    }
    Emit(news);
  });
}

void SseModule::Source::Last() {
  if (next_ == nullptr) {
    return;
  }
  std::exchange(next_, nullptr)([this] {
    SseModule& module = module_;
    const uint64_t number = number_;
    Emit({.what = "close"});
    module.Forget(number);
  });
}

bool SseModule::Source::Emit(const News& news) {
  const v8::Local<v8::Value> last = news.id
                                        ? JsText(isolate_, *news.id).As<v8::Value>()
                                        : v8::Integer::New(isolate_, news.status).As<v8::Value>();
  v8::Local<v8::Value> arguments[] = {JsText(isolate_, news.what), JsText(isolate_, news.text),
                                      JsText(isolate_, news.more), last};
  return !emit_.Get(isolate_)
              ->Call(isolate_->GetCurrentContext(), v8::Undefined(isolate_), 4, arguments)
              .IsEmpty();
}

namespace {

absl::Status ReadSseDuration(Context context, v8::Local<v8::Object> params, absl::string_view name,
                             absl::Duration* duration) {
  v8::Local<v8::Value> value;
  if (!GetProperty(context, params, name, &value)) {
    return absl::CancelledError();
  }
  if (value->IsUndefined()) {
    return absl::OkStatus();
  }
  const absl::StatusOr<absl::Duration> read = DurationOf(context, name, value);
  if (read.ok() && *read < absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid ", name, " value: must not be negative"));
  }
  *duration = read.value_or(*duration);
  return read.status();
}

// Cancelled: an exception is pending.
absl::Status ReadSsePlan(Context context, const PreparedRequest& prepared,
                         v8::Local<v8::Object> params, SsePlan* plan) {
  HttpCallSpec& request = plan->request;
  request = prepared.spec;
  request.sampled = false;
  request.timeout = absl::InfiniteDuration();
  if (!FindHeader(request.headers, "Accept")) {
    request.headers.emplace_back("Accept", "text/event-stream");
  }
  if (!FindHeader(request.headers, "Cache-Control")) {
    request.headers.emplace_back("Cache-Control", "no-cache");
  }
  v8::Local<v8::Value> reconnect;
  if (!GetProperty(context, params, "reconnect", &reconnect)) {
    return absl::CancelledError();
  }
  // Any other request may do its work twice.
  plan->reconnect = reconnect->IsUndefined() ? request.method == "GET" && !request.has_body
                                             : reconnect->BooleanValue(context->GetIsolate());
  LOCKSTEP_RETURN_IF_ERROR(ReadSseDuration(context, params, "timeout", &plan->timeout));
  return ReadSseDuration(context, params, "retry", &plan->retry);
}

// (url, method, body, params, emit): [number, url].
void NativeSseOpen(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = ContextOf(info);
  SseModule& module = BoundTo<SseModule>(info);
  if (module.vu().in_init()) {
    ThrowError(isolate, "opening an event source in the init context is not supported");
    return;
  }
  std::string method;
  if (!info[1]->IsNullOrUndefined() && !ToText(context, info[1], &method)) {
    return;
  }
  const RequestOrFault prepared = PrepareRequest(context, module.vu(), std::nullopt,
                                                 {std::move(method), info[0], info[2], info[3]});
  if (!prepared.request) {
    if (prepared.fault) {
      ThrowTypeError(isolate, absl::StrCat("EventSource: ", prepared.fault->message));
    }
    return;
  }
  SsePlan plan;
  if (const absl::Status read =
          ReadSsePlan(context, *prepared.request, info[3].As<v8::Object>(), &plan);
      !read.ok()) {
    if (!absl::IsCancelled(read)) {
      ThrowTypeError(isolate, absl::StrCat("EventSource: ", read.message()));
    }
    return;
  }
  const v8::Local<v8::String> url = JsText(isolate, plan.request.url_text);
  const uint64_t number = module.Open(isolate, std::move(plan), info[4].As<v8::Function>());
  v8::Local<v8::Value> opened[] = {v8::Number::New(isolate, static_cast<double>(number)), url};
  info.GetReturnValue().Set(v8::Array::New(isolate, opened, 2));
}

void NativeSseClose(const Info& info) {
  if (SseModule::Source* source =
          BoundTo<SseModule>(info).Find(static_cast<uint64_t>(info[0].As<v8::Number>()->Value()))) {
    source->Close();
  }
}

}  // namespace

SseModule::SseModule(ApiVu& vu) : vu_(vu), metrics_(vu, kSseMetrics) {}
SseModule::~SseModule() = default;

HttpCallEnv& SseModule::env() {
  if (!env_) {
    sampler_.emplace(vu_.sink(), vu_.system_tags(), vu_.options().http_errors);
    env_.emplace(
        HttpCallEnv{vu_.http(), vu_.connections(), *sampler_, vu_.logger(), vu_.loop(),
                    [this](int64_t sent, int64_t received) { vu_.CountBytes(sent, received); },
                    [] { return std::optional<absl::Duration>(); }});
  }
  return *env_;
}

void SseModule::EndIteration() {
  sources_.clear();
}

uint64_t SseModule::Open(v8::Isolate* isolate, SsePlan plan, v8::Local<v8::Function> emit) {
  const uint64_t number = ++last_;
  sources_[number] = std::make_unique<Source>(*this, number, isolate, std::move(plan), emit);
  return number;
}

SseModule::Source* SseModule::Find(uint64_t number) {
  const auto known = sources_.find(number);
  return known == sources_.end() ? nullptr : known->second.get();
}

void SseModule::Forget(uint64_t number) {
  sources_.erase(number);
}

v8::Local<v8::Object> SseModule::MakeExports(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Value> data = v8::External::New(isolate, this);
  const v8::Local<v8::Object> native = v8::Object::New(isolate);
  SetFunction(context, native, "open", NativeSseOpen, data);
  SetFunction(context, native, "close", NativeSseClose, data);
  v8::Local<v8::Script> script;
  v8::Local<v8::Value> make, classes;
  v8::Local<v8::Value> argument = native;
  if (v8::Script::Compile(context, JsText(isolate, SseSource())).ToLocal(&script) &&
      script->Run(context).ToLocal(&make) &&
      make.As<v8::Function>()
          ->Call(context, v8::Undefined(isolate), 1, &argument)
          .ToLocal(&classes)) {
    return classes.As<v8::Object>();
  }
  return v8::Object::New(isolate);
}

v8::Local<v8::Object> MakeSseModule(Context context, ApiVu& vu) {
  auto module = std::make_unique<SseModule>(vu);
  const v8::Local<v8::Object> exports = module->MakeExports(context);
  vu.Keep(std::move(module));
  return exports;
}

}  // namespace lockstep::agent
