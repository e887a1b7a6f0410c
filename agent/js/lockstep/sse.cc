#include "agent/js/lockstep/sse.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/http/headers.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "agent/js/bind/values.h"
#include "agent/js/k6/http_request.h"
#include "agent/js/k6/script_duration.h"
#include "agent/js/lockstep/sse_source.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
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
  HttpCallSpec& call = plan->request;
  call = prepared.spec;
  call.sampled = false;
  call.timeout = absl::InfiniteDuration();
  HttpRequest& request = call.request;
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

void NativeSseKnown(const Info& info) {
  info.GetReturnValue().Set(BoundTo<SseModule>(info).sources().Find(info[0]) != nullptr);
}

// (url, method, body, params of k6/http, all params, emit): [number, url].
void NativeSseOpen(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = ContextOf(info);
  SseModule& module = BoundTo<SseModule>(info);
  if (RefusedInInit(module.vu(), isolate, "opening an event source")) {
    return;
  }
  std::string method;
  if (!info[1]->IsNullOrUndefined() && !ToText(context, info[1], &method)) {
    return;
  }
  UrlCache urls;
  const RequestOrFault prepared = PrepareRequest(context, module.vu(), std::nullopt, urls,
                                                 {std::move(method), info[0], info[2], info[3]});
  if (!prepared.request) {
    if (prepared.fault) {
      ThrowTypeError(isolate, absl::StrCat("EventSource: ", prepared.fault->message));
    }
    return;
  }
  SsePlan plan;
  if (const absl::Status read =
          ReadSsePlan(context, *prepared.request, info[4].As<v8::Object>(), &plan);
      !read.ok()) {
    ThrowStatus(isolate, read, "EventSource");
    return;
  }
  const v8::Local<v8::String> url = JsText(isolate, plan.request.url_text);
  const uint64_t number = module.Open(isolate, std::move(plan), info[5].As<v8::Function>());
  v8::Local<v8::Value> opened[] = {ToJs(context, number), url};
  info.GetReturnValue().Set(v8::Array::New(isolate, opened, 2));
}

void NativeSseClose(const Info& info) {
  if (SseModule::Source* source = BoundTo<SseModule>(info).sources().Find(info[0])) {
    source->Close();
  }
}

// (number, whether the server is to wait)
void NativeSseHold(const Info& info) {
  if (SseModule::Source* source = BoundTo<SseModule>(info).sources().Find(info[0])) {
    source->Hold(info[1]->IsTrue());
  }
}

}  // namespace

SseModule::SseModule(ApiVu& vu) : vu_(vu), metrics_(vu, SseMeter::Definitions()) {}
SseModule::~SseModule() = default;

void SseModule::EndIteration() {
  sources_.Clear();
}

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

uint64_t SseModule::Open(v8::Isolate* isolate, SsePlan plan, v8::Local<v8::Function> emit) {
  const uint64_t number = sources_.NextNumber();
  sources_.Add(number, std::make_unique<Source>(*this, number, isolate, std::move(plan), emit));
  return number;
}

v8::Local<v8::Object> SseModule::MakeExports(Context context) {
  const v8::Local<v8::Object> native = NativeObject(context,
                                                    {{"open", NativeSseOpen},
                                                     {"known", NativeSseKnown},
                                                     {"close", NativeSseClose},
                                                     {"hold", NativeSseHold}},
                                                    v8::External::New(context->GetIsolate(), this));
  return ExportsOf(context, "lockstep/sse.js", native);
}

}  // namespace lockstep::agent
