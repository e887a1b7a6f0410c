#include "agent/js/k6/http_response.h"

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "agent/data/json/path.h"
#include "agent/data/json/validate.h"
#include "agent/http/headers.h"
#include "agent/http/packed_result.h"
#include "agent/js/bind/bound_methods.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {
namespace {

using PropertyInfo = v8::PropertyCallbackInfo<v8::Value>;

struct ResponseData {
  ResponseData(HttpCallResult& from, ResponseType wanted) : result(from), type(wanted) {}

  PackedResult result;
  ResponseType type;
  bool valid_json = false;  // known to be
};

// Reads a field of the response behind `info`, from what it is or, for what few ask for, from all
// that it was packed of.
template <auto kRead>
void Get(v8::Local<v8::Name>, const PropertyInfo& info) {
  const Context context = info.GetIsolate()->GetCurrentContext();
  if (const auto* data = OwnedBy<ResponseData>(info.Holder())) {
    if constexpr (std::is_invocable_v<decltype(kRead), Context, const ResponseData&>) {
      info.GetReturnValue().Set(kRead(context, *data));
    } else {
      info.GetReturnValue().Set(kRead(context, data->result.Unpack()));
    }
  }
}

v8::Local<v8::Value> Text(Context context, absl::string_view text) {
  return JsText(context->GetIsolate(), text);
}
v8::Local<v8::Value> Integer(Context context, int number) {
  return v8::Integer::New(context->GetIsolate(), number);
}

template <auto kField>
v8::Local<v8::Value> Field(Context context, const HttpCallResult& result) {
  const auto& value = result.response.*kField;
  if constexpr (std::is_same_v<decltype(value), const int&>) {
    return Integer(context, value);
  } else {
    return Text(context, value);
  }
}
v8::Local<v8::Value> UrlText(Context c, const HttpCallResult& r) {
  return Text(c, r.url);
}
v8::Local<v8::Value> Error(Context c, const HttpCallResult& r) {
  return Text(c, r.response.error.message);
}
v8::Local<v8::Value> TlsVersion(Context c, const HttpCallResult& r) {
  return Text(c, r.response.tls_version());
}
v8::Local<v8::Value> TlsCipherSuite(Context c, const HttpCallResult& r) {
  return Text(c, r.response.tls_cipher_suite());
}
v8::Local<v8::Value> Status(Context c, const ResponseData& d) {
  return Integer(c, d.result.status());
}
v8::Local<v8::Value> ErrorCode(Context c, const ResponseData& d) {
  return Integer(c, d.result.error_code());
}

// Whether the body is null. What has come of one that was cut short is shown.
bool HasNoBody(const ResponseData& data) {
  const int status = data.result.status();
  return data.type == ResponseType::kNone || data.type == ResponseType::kStream || status == 204 ||
         status == 304 || (status == 0 && data.result.body().empty());
}

v8::Local<v8::Value> Body(Context context, const ResponseData& data) {
  if (!data.result.sent()) {
    return v8::Array::New(context->GetIsolate());  // as k6 has it for what could not be made up
  }
  if (HasNoBody(data)) {
    return v8::Null(context->GetIsolate());
  }
  if (data.type == ResponseType::kBinary) {
    return JsBytes(context->GetIsolate(), data.result.body());
  }
  return Text(context, data.result.body());
}

// One property a name; the values of a repeated header are joined.
v8::Local<v8::Value> Headers(Context context, const HttpCallResult& result) {
  v8::Isolate* isolate = context->GetIsolate();
  std::vector<std::pair<std::string, std::string>> joined;
  for (const auto& [name, value] : result.response.headers) {
    const std::string canonical = CanonicalHeader(name);
    auto known = joined.begin();
    while (known != joined.end() && known->first != canonical) {
      ++known;
    }
    if (known == joined.end()) {
      joined.emplace_back(canonical, value);
    } else {
      absl::StrAppend(&known->second, ", ", value);
    }
  }
  const v8::Local<v8::Object> headers = v8::Object::New(isolate);
  for (const auto& [name, value] : joined) {
    SetProperty(context, headers, name, value);
  }
  return headers;
}

v8::Local<v8::Value> Timings(Context context, const ResponseData& data) {
  const HttpTimings& t = data.result.timings();
  const std::pair<const char*, absl::Duration> fields[] = {{"duration", t.duration()},
                                                           {"blocked", t.blocked},
                                                           {"looking_up", t.looking_up},
                                                           {"connecting", t.connecting},
                                                           {"tls_handshaking", t.tls_handshaking},
                                                           {"sending", t.sending},
                                                           {"waiting", t.waiting},
                                                           {"receiving", t.receiving}};
  const v8::Local<v8::Object> timings = v8::Object::New(context->GetIsolate());
  for (const auto& [name, duration] : fields) {
    SetProperty(context, timings, name, absl::ToDoubleMilliseconds(duration));
  }
  return timings;
}

v8::Local<v8::Value> Cookies(Context context, const HttpCallResult& result) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> cookies =
      v8::Object::New(isolate, v8::Null(isolate), nullptr, nullptr, 0);
  for (const Cookie& cookie : CookiesOf(result.response.headers)) {
    const v8::Local<v8::Object> object = v8::Object::New(isolate);
    SetProperty(context, object, "name", cookie.name);
    SetProperty(context, object, "value", cookie.value);
    SetProperty(context, object, "domain", cookie.domain);
    SetProperty(context, object, "path", cookie.path);
    SetProperty(context, object, "http_only", cookie.http_only);
    SetProperty(context, object, "secure", cookie.secure);
    SetProperty(context, object, "max_age", cookie.max_age);
    SetProperty(context, object, "expires",
                cookie.expires ? absl::ToUnixMillis(*cookie.expires) : 0);
    AppendIn(context, cookies, cookie.name, object);
  }
  return cookies;
}

v8::Local<v8::Value> Ocsp(Context context, const HttpCallResult& result) {
  v8::Isolate* isolate = context->GetIsolate();
  const TlsFacts none = {};
  const OcspStaple& staple = (result.response.tls == nullptr ? none : *result.response.tls).ocsp;
  const v8::Local<v8::Object> ocsp = v8::Object::New(isolate);
  const auto set = [&](const char* name, int64_t value) {
    SetProperty(context, ocsp, name, value);
  };
  set("produced_at", staple.produced_at);
  set("this_update", staple.this_update);
  set("next_update", staple.next_update);
  set("revoked_at", staple.revoked_at);
  SetProperty(context, ocsp, "revocation_reason", staple.revocation_reason);
  SetProperty(context, ocsp, "status", staple.status);
  return ocsp;
}

v8::Local<v8::Value> Request(Context context, const HttpCallResult& result) {
  v8::Isolate* isolate = context->GetIsolate();
  const SentRequest& sent = result.request;
  if (!result.sent) {
    return v8::Null(isolate);
  }
  const v8::Local<v8::Object> request = v8::Object::New(isolate);
  SetProperty(context, request, "method", sent.method);
  SetProperty(context, request, "url", sent.url.empty() ? result.url : sent.url);
  const v8::Local<v8::Object> headers = v8::Object::New(isolate);
  for (const auto& [name, value] : sent.headers) {
    AppendIn(context, headers, name, JsText(isolate, value));
  }
  SetProperty(context, request, "headers", headers);
  SetProperty(context, request, "body", sent.body);
  const v8::Local<v8::Object> cookies =
      v8::Object::New(isolate, v8::Null(isolate), nullptr, nullptr, 0);
  for (const RequestCookie& cookie : sent.cookies) {
    const v8::Local<v8::Object> object = v8::Object::New(isolate);
    SetProperty(context, object, "name", cookie.name);
    SetProperty(context, object, "value", cookie.value);
    SetProperty(context, object, "replace", cookie.replace);
    AppendIn(context, cookies, cookie.name, object);
  }
  SetProperty(context, request, "cookies", cookies);
  return request;
}

void ThrowNotJson(v8::Isolate* isolate, absl::string_view body) {
  const absl::Status status = ValidateJson(body);
  ThrowError(isolate, absl::StrCat("cannot parse json due to an error at ", status.message()));
}

bool ParseJson(const Info& info, absl::string_view text, v8::Local<v8::Value>* value) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::TryCatch caught(isolate);
  return v8::JSON::Parse(isolate->GetCurrentContext(), JsText(isolate, text)).ToLocal(value);
}

// The value at the selector that is the first argument, in a text that is JSON; undefined if there
// is none.
void JsonAt(const Info& info, absl::string_view body, bool* valid) {
  std::string selector;
  if (!ToText(info.GetIsolate()->GetCurrentContext(), info[0], &selector)) {
    return;
  }
  *valid = *valid || ValidateJson(body).ok();
  v8::Local<v8::Value> value;
  const std::optional<std::string> found = *valid ? GetJsonPath(body, selector) : std::nullopt;
  if (found && ParseJson(info, *found, &value)) {
    info.GetReturnValue().Set(value);
  }
}

// json([selector]): the whole body, parsed once, or what the selector finds in it.
void Json(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  auto* data = OwnedBy<ResponseData>(info.This());
  if (data->type == ResponseType::kStream) {
    ThrowError(isolate,
               "the body is a stream (responseType: 'stream'), which json() does not read");
    return;
  }
  if (HasNoBody(*data)) {
    ThrowError(isolate,
               "the body is null so we can't transform it to JSON - this likely was because of a "
               "request error getting the response");
    return;
  }
  const absl::string_view body = data->result.body();
  v8::Local<v8::Value> value;
  if (info.Length() > 0) {  // `undefined` is the name of a member, too
    JsonAt(info, body, &data->valid_json);
    return;
  }
  const v8::Local<v8::Private> cache =
      v8::Private::ForApi(isolate, JsName(isolate, "lockstep.response.json"));
  if (!info.This()->GetPrivate(context, cache).ToLocal(&value)) {
    return;
  }
  if (value->IsUndefined()) {
    if (!ParseJson(info, body, &value)) {
      ThrowNotJson(isolate, body);
      return;
    }
    data->valid_json = true;
    info.This()->SetPrivate(context, cache, value).Check();
  }
  info.GetReturnValue().Set(value);
}

v8::Local<v8::String> Latin1(v8::Isolate* isolate, absl::string_view bytes) {
  return v8::String::NewFromOneByte(isolate, reinterpret_cast<const uint8_t*>(bytes.data()),
                                    v8::NewStringType::kNormal, static_cast<int>(bytes.size()))
      .ToLocalChecked();
}

}  // namespace

v8::Local<v8::Object> FetchFacts(Context context, v8::Local<v8::Object> response) {
  v8::Isolate* isolate = context->GetIsolate();
  const HttpCallResult result = OwnedBy<ResponseData>(response)->result.Unpack();
  std::vector<v8::Local<v8::Value>> lines;
  for (const auto& [name, value] : result.response.headers) {
    v8::Local<v8::Value> pair[] = {Latin1(isolate, name), Latin1(isolate, value)};
    lines.push_back(v8::Array::New(isolate, pair, 2));
  }
  const v8::Local<v8::Object> facts = v8::Object::New(isolate);
  SetProperty(context, facts, "headers", v8::Array::New(isolate, lines.data(), lines.size()));
  SetProperty(context, facts, "redirected", result.redirected);
  return facts;
}

ResponseFactory::ResponseFactory(v8::Isolate* isolate,
                                 void (*add_methods)(v8::Isolate* isolate,
                                                     v8::Local<v8::FunctionTemplate> response)) {
  const auto complete = [&](v8::Local<v8::FunctionTemplate> made) {
    const v8::Local<v8::ObjectTemplate> instance = made->InstanceTemplate();
    instance->SetInternalFieldCount(2);
    // Own properties, as in k6: a copy ({...response}) has them, too. They stand behind the fields.
    add_methods(isolate, made);
    SetOwnMethods(isolate, made, {{"json", Json}});
    const std::pair<const char*, v8::AccessorNameGetterCallback> fields[] = {
        {"remote_ip", Get<Field<&HttpResponse::remote_ip>>},
        {"remote_port", Get<Field<&HttpResponse::remote_port>>},
        {"url", Get<UrlText>},
        {"status", Get<Status>},
        {"status_text", Get<Field<&HttpResponse::status_text>>},
        {"proto", Get<Field<&HttpResponse::proto>>},
        {"headers", Get<Headers>},
        {"cookies", Get<Cookies>},
        {"body", Get<Body>},
        {"timings", Get<Timings>},
        {"tls_version", Get<TlsVersion>},
        {"tls_cipher_suite", Get<TlsCipherSuite>},
        {"ocsp", Get<Ocsp>},
        {"error", Get<Error>},
        {"error_code", Get<ErrorCode>},
        {"request", Get<Request>},
    };
    for (const auto& [name, getter] : fields) {
      instance->SetLazyDataProperty(JsName(isolate, name), getter);
    }
  };
  class_.Reset(isolate, ClassTemplate(isolate, "Response", nullptr, complete));
}

v8::MaybeLocal<v8::Object> ResponseFactory::Make(Context context, HttpCallResult& result,
                                                 ResponseType type) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Object> object;
  if (!class_.Get(isolate)->InstanceTemplate()->NewInstance(context).ToLocal(&object)) {
    return {};
  }
  const size_t bytes = sizeof(ResponseData) + result.response.body.size();
  EmplaceOwned<ResponseData>(isolate, object, bytes, result, type);
  return object;
}

}  // namespace lockstep::agent
