#include "agent/js/k6/http.h"

#include <algorithm>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/promises.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/html.h"
#include "agent/js/k6/http_objects.h"
#include "common/base/check.h"
#include "common/base/visible.h"

namespace lockstep::agent {
namespace {

// "Get" for "GET": how Go's messages spell the method.
std::string MethodInMessages(absl::string_view method) {
  std::string text = absl::AsciiStrToLower(method);
  if (!text.empty()) {
    text[0] = absl::ascii_toupper(static_cast<unsigned char>(text[0]));
  }
  return text;
}

}  // namespace

HttpModule::HttpModule(ApiVu& vu, v8::Isolate* isolate)
    : vu_(vu), responses_(isolate, &AddResponseMethods), streams_(vu) {}

HttpModule::~HttpModule() = default;

void HttpModule::EndIteration() {
  async_calls_.Clear();
  streams_.StopAll();
}

void HttpModule::MakeDebug() {
  const std::string& wanted = vu_.options().http_debug;
  if (wanted.empty()) {
    return;
  }
  debug_.emplace(vu_.logger(), /*bodies=*/wanted == "full", absl::StrCat(vu_.vu().id_in_test, "-"),
                 [this] {
                   const std::optional<ScenarioFacts> scenario = vu_.scenario();
                   const VuFacts facts = vu_.vu();
                   return HttpDebug::Fields{{"group", vu_.group()},
                                            {"iter", absl::StrCat(facts.iteration_in_instance)},
                                            {"scenario", scenario ? scenario->name : ""},
                                            {"vu", absl::StrCat(facts.id_in_test)}};
                 });
}

HttpCallEnv& HttpModule::env() {
  if (!env_) {
    MakeDebug();
    sampler_.emplace(vu_.sink(), vu_.system_tags(), vu_.options().http_errors);
    env_.emplace(
        HttpCallEnv{vu_.http(), vu_.connections(), *sampler_, vu_.logger(), vu_.loop(),
                    [this](int64_t sent, int64_t received) { vu_.CountBytes(sent, received); },
                    [this] { return vu_.TakeLateness(); }, debug_ ? &*debug_ : nullptr});
  }
  return *env_;
}

void HttpModule::WarnOfExtraArguments(absl::string_view method) {
  const std::string name = absl::AsciiStrToLower(method);
  WarnOfCall(vu_, absl::StrCat(
                      "http.", name,
                      "() takes a URL and params; what follows them is ignored, and so are params "
                      "in the third place: write http.",
                      name, "(url, params), or http.request('", method,
                      "', url, body, params) for a body"));
}

bool HttpModule::RefuseInInit(v8::Isolate* isolate) {
  return RefusedInInit(vu_, isolate, "Making http requests");
}

v8::MaybeLocal<v8::Value> HttpModule::Fault(Context context, RequestFault fault, bool throws) {
  if (throws) {
    ThrowError(context->GetIsolate(),
               absl::StrCat(fault.message, fault.hint.empty() ? "" : ": ", fault.hint));
    return {};
  }
  std::vector<std::pair<std::string, std::string>> fields = {{"error", fault.message}};
  if (!fault.hint.empty()) {
    fields.emplace_back("hint", std::move(fault.hint));
  }
  vu_.logger().Log(LogLevel::kWarn, "Request Failed", std::move(fields));
  // As in k6 it is in no metric. That must not make a run without any other request a good one.
  vu_.AddError(fault.message, fault.method, "");
  HttpCallResult result;
  result.sent = false;
  result.response.error = {fault.code, std::move(fault.message)};
  v8::Local<v8::Object> response;
  return responses_.Make(context, result, ResponseType::kText).ToLocal(&response)
             ? v8::MaybeLocal<v8::Value>(response)
             : v8::MaybeLocal<v8::Value>();
}

v8::MaybeLocal<v8::Value> HttpModule::Deliver(Context context, HttpCallResult& result,
                                              ResponseType type, bool throws) {
  const HttpError& error = result.response.error;
  if (error.code != 0) {
    const std::string text = absl::StrCat(MethodInMessages(result.request.method), " ",
                                          Quoted(result.url), ": ", error.in_full());
    if (throws) {
      ThrowError(context->GetIsolate(), text);
      return {};
    }
    std::vector<std::pair<std::string, std::string>> fields = {{"error", text}};
    if (absl::StrContains(text, "x509: ")) {
      fields.emplace_back(
          "hint",
          "--insecure-skip-tls-verify accepts any certificate; SSL_CERT_FILE names a file of "
          "authorities to trust");
    }
    vu_.logger().Log(LogLevel::kWarn, "Request Failed", std::move(fields));
  }
  v8::Local<v8::Object> response;
  return responses_.Make(context, result, type).ToLocal(&response)
             ? v8::MaybeLocal<v8::Value>(response)
             : v8::MaybeLocal<v8::Value>();
}

// Apart from Request, so that nothing of this is on the stack of a VU that waits.
ABSL_ATTRIBUTE_NOINLINE
std::optional<HttpModule::Delivery> HttpModule::MakeCall(Context context,
                                                         RequestArguments arguments,
                                                         v8::MaybeLocal<v8::Value>* at_once) {
  RequestOrFault prepared = PrepareRequest(context, vu_, expected_, urls_, std::move(arguments));
  if (prepared.fault) {
    *at_once = Fault(context, *std::move(prepared.fault), prepared.throws);
    return std::nullopt;
  }
  if (!prepared.request) {
    return std::nullopt;
  }
  if (prepared.request->response_type == ResponseType::kStream) {
    *at_once = Stream(context, std::move(prepared));
    return std::nullopt;
  }
  LOCKSTEP_CHECK(!call_);  // a VU waits for one at a time, and no script runs meanwhile
  call_.emplace(env(), std::move(prepared.request->spec));
  return Delivery{.type = prepared.request->response_type, .throws = prepared.throws};
}

v8::MaybeLocal<v8::Value> HttpModule::Request(Context context, std::string method,
                                              v8::Local<v8::Value> url, v8::Local<v8::Value> body,
                                              v8::Local<v8::Value> params) {
  if (RefuseInInit(context->GetIsolate())) {
    return {};
  }
  v8::MaybeLocal<v8::Value> at_once;
  const std::optional<Delivery> delivery =
      MakeCall(context, {std::move(method), url, body, params}, &at_once);
  if (!delivery) {
    return at_once;
  }
  const absl::Cleanup over = [this] { call_.reset(); };
  HttpCallResult* result = nullptr;  // the call's
  ApiVu::Task wake;
  const bool resumed = vu_.Park([&](ApiVu::Task woken) {
    wake = std::move(woken);
    call_->Start([&result, &wake](HttpCallResult& done) {
      result = &done;
      wake();
    });
  });
  if (!resumed || result == nullptr) {
    return {};
  }
  return Deliver(context, *result, delivery->type, delivery->throws);
}

v8::MaybeLocal<v8::Promise> HttpModule::RequestAsync(Context context, RequestArguments arguments,
                                                     uint64_t* number) {
  v8::Isolate* isolate = context->GetIsolate();
  *number = async_calls_.NextNumber();
  if (RefuseInInit(isolate)) {
    return {};
  }
  RequestOrFault prepared;
  {
    // Before the script's own functions, such as toString(), can throw.
    v8::TryCatch caught(isolate);
    prepared = PrepareRequest(context, vu_, expected_, urls_, std::move(arguments));
    v8::Local<v8::Value> response;
    if (prepared.fault &&
        Fault(context, *std::move(prepared.fault), prepared.throws).ToLocal(&response)) {
      return Resolved(context, response);
    }
    if (caught.HasTerminated()) {
      return {};
    }
    if (!prepared.request) {
      return Rejected(context, caught.Exception());
    }
  }
  v8::Local<v8::Promise> promise;
  const auto settle = vu_.promises().Begin(context, &promise);
  if (!settle) {
    return {};
  }
  StartAsync(*number, std::move(prepared), *settle);
  return promise;
}

void HttpModule::StartAsync(uint64_t number, RequestOrFault prepared,
                            const PendingPromises::Settle& settle) {
  HttpCallSpec& spec = prepared.request->spec;
  const bool throws = prepared.throws;
  const ResponseType type = prepared.request->response_type;
  if (type == ResponseType::kStream) {
    streams_.Start(env(), std::move(spec), [this, throws, settle](HttpStreams::Answer answer) {
      settle(ResolveWith([this, throws, answer = std::move(answer)](Context context) mutable {
        return DeliverStream(context, std::move(answer), throws);
      }));
    });
    return;
  }
  auto call = std::make_unique<HttpCall>(env(), std::move(spec));
  HttpCall& started = *call;
  async_calls_.Add(number, std::move(call));
  started.Start([this, number, type, throws, settle](HttpCallResult& result) {
    settle(ResolveWith([this, type, throws, result = std::move(result)](Context context) mutable {
      return Deliver(context, result, type, throws);
    }));
    async_calls_.Forget(number);
  });
}

v8::MaybeLocal<v8::Value> HttpModule::DeliverStream(Context context, HttpStreams::Answer answer,
                                                    bool throws) {
  if (answer.stream == 0) {
    return Deliver(context, answer.result, ResponseType::kStream, throws);
  }
  v8::Local<v8::Object> response;
  v8::Local<v8::Value> body;
  if (!responses_.Make(context, answer.result, ResponseType::kStream).ToLocal(&response) ||
      !streams_.MakeBody(context, answer.stream).ToLocal(&body)) {
    return {};
  }
  SetProperty(context, response, "body", body);
  return response;
}

v8::MaybeLocal<v8::Value> HttpModule::Stream(Context context, RequestOrFault prepared) {
  uint64_t number = 0;
  std::optional<HttpStreams::Answer> answer = ParkFor<HttpStreams::Answer>(vu_, [&](auto done) {
    number = streams_.Start(env(), std::move(prepared.request->spec), std::move(done));
  });
  if (!answer) {
    streams_.Forget(number);
    return {};
  }
  return DeliverStream(context, *std::move(answer), prepared.throws);
}

void HttpModule::CheckFormOptions(Context context, absl::string_view function,
                                  v8::Local<v8::Value> options) {
  std::vector<std::string> known;
  if (function == "submitForm") {
    known = {"fields", "formSelector", "params", "submitSelector"};
  } else if (function == "clickLink") {
    known = {"params", "selector"};
  }
  const std::string where = absl::StrCat("Response.", function, "()");
  if (known.empty() || options->IsNullOrUndefined()) {
    return;
  }
  if (!options->IsObject()) {
    WarnOfCall(vu_, absl::StrCat(where, ": ", Shown(context, options),
                                 " has no effect: an object is expected, which may have ",
                                 absl::StrJoin(known, ", ")));
    return;
  }
  v8::Local<v8::Array> names;
  if (!options.As<v8::Object>()->GetOwnPropertyNames(context, kOwnNames).ToLocal(&names)) {
    return;
  }
  for (uint32_t i = 0; i < names->Length(); ++i) {
    v8::Local<v8::Value> name;
    std::string text;
    if (names->Get(context, i).ToLocal(&name) && ToText(context, name, &text) &&
        std::find(known.begin(), known.end(), text) == known.end()) {
      WarnOfUnknown(vu_, where, "option", text, known);
    }
  }
}

v8::MaybeLocal<v8::Value> HttpModule::CallHtml(Context context, const char* function,
                                               v8::Local<v8::Value> response,
                                               v8::Local<v8::Value> argument) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Object> functions;
  v8::Local<v8::Value> callee;
  CheckFormOptions(context, function, argument);
  if (!HtmlFunctions(context, vu_).ToLocal(&functions) ||
      !GetProperty(context, functions, function, &callee)) {
    return {};
  }
  // The text of a body that the script has as bytes.
  v8::Local<v8::Value> body, text = v8::Undefined(isolate);
  if (response->IsObject() && !GetProperty(context, response.As<v8::Object>(), "body", &body)) {
    return {};
  }
  if (!body.IsEmpty() && body->IsArrayBuffer()) {
    text = JsText(isolate, BytesOf(body).value_or(""));
  }
  v8::Local<v8::Value> arguments[] = {exports_.Get(isolate), response, argument, text};
  return callee.As<v8::Function>()->Call(context, v8::Undefined(isolate), 4, arguments);
}

}  // namespace lockstep::agent
