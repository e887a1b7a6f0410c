// The exports of `k6/http`: functions that read their arguments and hand over to HttpModule.
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/js/bind/bound_methods.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/http.h"
#include "agent/js/k6/http_cookie_jar.h"
#include "agent/js/k6/http_objects.h"
#include "agent/js/k6/web_forms.h"

namespace lockstep::agent {
namespace {

// get and head: (url, params).
template <const char* kMethod>
void WithoutBody(const Info& info) {
  if (info.Length() > 2) {
    ModuleOf<HttpModule>(info).WarnOfExtraArguments(kMethod);
  }
  Return(info, ModuleOf<HttpModule>(info).Request(ContextOf(info), kMethod, info[0],
                                                  v8::Undefined(info.GetIsolate()), info[1]));
}

// post, put, patch, del, options: (url, body, params).
template <const char* kMethod>
void WithBody(const Info& info) {
  Return(info,
         ModuleOf<HttpModule>(info).Request(ContextOf(info), kMethod, info[0], info[1], info[2]));
}

constexpr char kGet[] = "GET", kHead[] = "HEAD", kPost[] = "POST", kPut[] = "PUT",
               kPatch[] = "PATCH", kDelete[] = "DELETE", kOptions[] = "OPTIONS";

// As the script writes it: a server may tell "get" from "GET".
bool MethodOf(const Info& info, std::string* method) {
  return info[0]->IsNullOrUndefined() || ToText(ContextOf(info), info[0], method);
}

void RequestFunction(const Info& info) {
  std::string method;
  if (MethodOf(info, &method)) {
    Return(info, ModuleOf<HttpModule>(info).Request(ContextOf(info), std::move(method), info[1],
                                                    info[2], info[3]));
  }
}

void AsyncRequestFunction(const Info& info) {
  std::string method;
  uint64_t number = 0;
  if (MethodOf(info, &method)) {
    Return(info, ModuleOf<HttpModule>(info).RequestAsync(
                     ContextOf(info), {std::move(method), info[1], info[2], info[3]}, &number));
  }
}

void StartRequest(const Info& info) {
  const Context context = ContextOf(info);
  uint64_t number = 0;
  v8::Local<v8::Promise> promise;
  if (ModuleOf<HttpModule>(info)
          .RequestAsync(context, {TextArgument(info, 0), info[1], info[2], info[3]}, &number)
          .ToLocal(&promise)) {
    const v8::Local<v8::Object> started = v8::Object::New(info.GetIsolate());
    SetProperty(context, started, "promise", promise);
    SetProperty(context, started, "id", number);
    info.GetReturnValue().Set(started);
  }
}

void AbandonRequest(const Info& info) {
  ModuleOf<HttpModule>(info).Abandon(NumberArgument(info, 0));
}

void BatchFunction(const Info& info) {
  const v8::Local<v8::Value> requests = info[0];
  // Of these no property is a request, and a batch of none would look like a good one.
  if (info.Length() > 1) {
    ThrowTypeError(info.GetIsolate(),
                   "http.batch(): the requests are one argument, an array or an object of them: "
                   "those of further arguments would not be sent");
    return;
  }
  if (!requests->IsObject() || requests->IsMap() || requests->IsSet() || requests->IsPromise() ||
      requests->IsFunction()) {
    ThrowTypeError(info.GetIsolate(),
                   "http.batch(): an array or an object of requests is expected");
    return;
  }
  Return(info, ModuleOf<HttpModule>(info).Batch(ContextOf(info), requests.As<v8::Object>()));
}

bool StatusOf(v8::Local<v8::Value> value, int* status) {
  if (!value->IsNumber()) {
    return false;
  }
  const double number = value.As<v8::Number>()->Value();
  if (std::trunc(number) != number || std::abs(number) > std::numeric_limits<int>::max()) {
    return false;
  }
  *status = static_cast<int>(number);
  return true;
}

void ExpectedStatusesFunction(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = ContextOf(info);
  std::vector<std::pair<int, int>> ranges;
  if (info.Length() == 0) {
    ThrowTypeError(isolate, "no arguments for http.expectedStatuses()");
    return;
  }
  for (int i = 0; i < info.Length(); ++i) {
    int min = 0, max = 0;
    if (StatusOf(info[i], &min)) {
      ranges.emplace_back(min, min);
      continue;
    }
    v8::Local<v8::Value> from, to;
    if (IsPlainObject(info[i])) {
      if (!GetProperty(context, info[i].As<v8::Object>(), "min", &from) ||
          !GetProperty(context, info[i].As<v8::Object>(), "max", &to)) {
        return;
      }
      if (StatusOf(from, &min) && StatusOf(to, &max)) {
        ranges.emplace_back(min, max);
        continue;
      }
    }
    ThrowTypeError(
        isolate,
        absl::StrCat(
            "argument number ", i + 1,
            " to expectedStatuses was neither an integer nor an object like {min:100, max:329}"));
    return;
  }
  info.GetReturnValue().Set(MakeExpectedStatuses(context, ExpectedStatuses(ranges)));
}

void SetResponseCallback(const Info& info) {
  if (info[0]->IsNullOrUndefined()) {
    ModuleOf<HttpModule>(info).set_expected(std::nullopt);
    return;
  }
  const ExpectedStatuses* statuses = ExpectedStatusesOf(ContextOf(info), info[0]);
  if (statuses == nullptr) {
    ThrowTypeError(info.GetIsolate(), "unsupported argument, expected http.expectedStatuses");
    return;
  }
  ModuleOf<HttpModule>(info).set_expected(*statuses);
}

// The tag of http.url`...`: the texts with "${}" between them are the name.
void UrlTag(const Info& info) {
  const Context context = ContextOf(info);
  if (!info[0]->IsArray()) {
    ThrowTypeError(info.GetIsolate(),
                   "http.url is a tag for template literals: http.url`https://host/${id}`");
    return;
  }
  const v8::Local<v8::Array> texts = info[0].As<v8::Array>();
  NamedUrl url;
  for (uint32_t i = 0; i < texts->Length(); ++i) {
    v8::Local<v8::Value> text;
    std::string part, value;
    if (!texts->Get(context, i).ToLocal(&text) || !ToText(context, text, &part)) {
      return;
    }
    const int argument = static_cast<int>(i) + 1;
    const bool inserted = argument < info.Length() && i + 1 < texts->Length();
    if (inserted && !ToText(context, info[argument], &value)) {
      return;
    }
    absl::StrAppend(&url.url, part, value);
    absl::StrAppend(&url.name, part, inserted ? "${}" : "");
  }
  info.GetReturnValue().Set(MakeNamedUrl(context, url));
}

void File(const Info& info) {
  const Context context = ContextOf(info);
  v8::Local<v8::Value> data = info[0];
  std::string filename, content_type = "application/octet-stream";
  std::optional<WebBody> blob;
  if (!ReadWebBody(context, data, &blob)) {
    return;
  }
  if (blob && blob->filename) {
    data = JsBytes(info.GetIsolate(), blob->bytes);
    filename = *std::move(blob->filename);
    content_type = blob->type.empty() ? std::move(content_type) : std::move(blob->type);
  } else {
    filename =
        absl::StrCat(absl::ToUnixNanos(ModuleOf<HttpModule>(info).vu().loop().clock().Wall()));
  }
  if (!data->IsString() && !data->IsArrayBuffer() && !data->IsArrayBufferView()) {
    ThrowTypeError(info.GetIsolate(),
                   "http.file(): the data must be a string, an ArrayBuffer or a Blob");
    return;
  }
  if ((!info[1]->IsNullOrUndefined() && !ToText(context, info[1], &filename)) ||
      (!info[2]->IsNullOrUndefined() && !ToText(context, info[2], &content_type))) {
    return;
  }
  info.GetReturnValue().Set(MakeFileData(context, data, filename, content_type));
}

constexpr char kHtml[] = "html", kSubmitForm[] = "submitForm", kClickLink[] = "clickLink";

template <const char* kFunction>
void OnResponse(const Info& info) {
  Return(info,
         ModuleOf<HttpModule>(info).CallHtml(ContextOf(info), kFunction, info.This(), info[0]));
}

void FactsOfResponse(const Info& info) {
  info.GetReturnValue().Set(FetchFacts(ContextOf(info), info[0].As<v8::Object>()));
}

constexpr std::pair<const char*, const char*> kConstants[] = {
    {"SSL_3_0", "ssl3.0"},
    {"TLS_1_0", "tls1.0"},
    {"TLS_1_1", "tls1.1"},
    {"TLS_1_2", "tls1.2"},
    {"TLS_1_3", "tls1.3"},
    {"OCSP_STATUS_GOOD", "good"},
    {"OCSP_STATUS_REVOKED", "revoked"},
    {"OCSP_STATUS_SERVER_FAILED", "server_failed"},
    {"OCSP_STATUS_UNKNOWN", "unknown"},
    {"OCSP_REASON_UNSPECIFIED", "unspecified"},
    {"OCSP_REASON_KEY_COMPROMISE", "key_compromise"},
    {"OCSP_REASON_CA_COMPROMISE", "ca_compromise"},
    {"OCSP_REASON_AFFILIATION_CHANGED", "affiliation_changed"},
    {"OCSP_REASON_SUPERSEDED", "superseded"},
    {"OCSP_REASON_CESSATION_OF_OPERATION", "cessation_of_operation"},
    {"OCSP_REASON_CERTIFICATE_HOLD", "certificate_hold"},
    {"OCSP_REASON_REMOVE_FROM_CRL", "remove_from_crl"},
    {"OCSP_REASON_PRIVILEGE_WITHDRAWN", "privilege_withdrawn"},
    {"OCSP_REASON_AA_COMPROMISE", "aa_compromise"},
};

}  // namespace

v8::Local<v8::Object> HttpModule::MakeExports(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  SetModule(context, this);
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  const std::pair<const char*, v8::FunctionCallback> functions[] = {
      {"get", WithoutBody<kGet>},
      {"head", WithoutBody<kHead>},
      {"post", WithBody<kPost>},
      {"put", WithBody<kPut>},
      {"patch", WithBody<kPatch>},
      {"del", WithBody<kDelete>},
      {"options", WithBody<kOptions>},
      {"request", RequestFunction},
      {"asyncRequest", AsyncRequestFunction},
      {"batch", BatchFunction},
      {"expectedStatuses", ExpectedStatusesFunction},
      {"setResponseCallback", SetResponseCallback},
      {"url", UrlTag},
      {"file", File},
  };
  for (const auto& [name, function] : functions) {
    SetFunction(context, exports, name, function);
  }
  for (const auto& [name, value] : kConstants) {
    SetProperty(context, exports, name, JsName(isolate, value));
  }
  DefineCookieJar(context, exports);
  exports_.Reset(isolate, exports);
  return exports;
}

v8::Local<v8::Object> MakeFetchFunctions(Context context) {
  const v8::Local<v8::Object> functions = v8::Object::New(context->GetIsolate());
  SetFunction(context, functions, "start", StartRequest);
  SetFunction(context, functions, "abandon", AbandonRequest);
  SetFunction(context, functions, "facts", FactsOfResponse);
  return functions;
}

void AddResponseMethods(v8::Isolate* isolate, v8::Local<v8::FunctionTemplate> response) {
  SetOwnMethods(isolate, response,
                {{kHtml, OnResponse<kHtml>},
                 {kSubmitForm, OnResponse<kSubmitForm>},
                 {kClickLink, OnResponse<kClickLink>}});
}

}  // namespace lockstep::agent
