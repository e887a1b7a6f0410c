#include "agent/js/k6/http_request.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/http/compress.h"
#include "agent/http/error_code.h"
#include "agent/http/headers.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/http_objects.h"
#include "agent/js/k6/http_params.h"
#include "agent/js/k6/k6_values.h"
#include "agent/js/k6/web_forms.h"
#include "common/base/http_token.h"
#include "common/base/visible.h"

namespace lockstep::agent {
namespace {

constexpr char kNoUrl[] = "invalid URL: '#<nil>'", kUrlHint[] = "a URL is a string";
constexpr char kBodyHint[] =
    "a body is a string, an ArrayBuffer, a Uint8Array, a Blob, a FormData, or an object for a form; "
    "JSON.stringify() makes a string of other values";

// A string, or an object that shows itself as one, such as a URL.
bool MayBeUrl(v8::Local<v8::Value> value) {
  return value->IsString() || value->IsStringObject() ||
         (value->IsObject() && !IsList(value) && !value->IsFunction());
}

// The kind of an object whose fields are those that a script gave it.
constexpr char kScriptsOwn[] = "Object", kUrlSearchParams[] = "URLSearchParams";

// What `object` is. The language's, the web's and k6's own objects, a stream or a response, keep
// elsewhere what they hold: a form of their fields would have their inner workings, or nothing.
// False with a pending exception.
bool KindOf(Context context, v8::Local<v8::Object> object, std::string* kind) {
  v8::Isolate* const isolate = context->GetIsolate();
  v8::Local<v8::String> shown;
  if (!object->ObjectProtoToString(context).ToLocal(&shown)) {
    return false;
  }
  const std::string text = TextOf(isolate, shown);  // "[object Date]"
  *kind = text.substr(8, text.size() - 9);
  if (*kind == kScriptsOwn && object->InternalFieldCount() > 0) {
    *kind = TextOf(isolate, object->GetConstructorName());
  }
  return true;
}

// Each step is false with a fault in the draft, or with a pending exception.
class Preparation {
 public:
  Preparation(Context context, ApiVu& vu, RequestDraft& draft)
      : context_(context), isolate_(context->GetIsolate()), vu_(vu), draft_(draft) {}

  bool Url(v8::Local<v8::Value> value, UrlCache& urls);
  bool Body(v8::Local<v8::Value> value);
  bool Finish(std::string method);

 private:
  bool ObjectBody(v8::Local<v8::Object> object);
  bool ClassBody(v8::Local<v8::Object> object);
  // Warns of a length that is not that of the body; it is not sent.
  void CheckContentLength();

  const Context context_;
  v8::Isolate* const isolate_;
  ApiVu& vu_;
  RequestDraft& draft_;
};

bool Preparation::Url(v8::Local<v8::Value> value, UrlCache& urls) {
  HttpCallSpec& spec = draft_.request.spec;
  std::optional<std::string> url_name;
  std::optional<NamedUrl> named = NamedUrlOf(context_, value);
  if (named) {
    spec.url_text = std::move(named->url);
    url_name = std::move(named->name);
  } else if (!MayBeUrl(value)) {
    return draft_.Fail(kNoUrl, error_code::kInvalidUrl, kUrlHint);
  } else if (!ToText(context_, value, &spec.url_text)) {
    return false;
  }
  if (spec.url_text == "[object Object]") {
    return draft_.Fail(kNoUrl, error_code::kInvalidUrl, kUrlHint);
  }
  const absl::StatusOr<lockstep::agent::Url>& url = urls.Parse(spec.url_text);
  if (absl::IsInvalidArgument(url.status())) {
    return draft_.Fail(absl::StrCat("invalid URL: ", url.status().message()),
                       error_code::kInvalidUrl);
  }
  if (url.ok()) {
    spec.request.url = *url;
  } else {
    draft_.SetHopeless(std::string(url.status().message()), error_code::OfUnsendable(url.status()));
  }
  if (absl::StrContains(spec.url_text, '@')) {
    spec.url_text = ShownUrl(spec.auth, spec.url_text);
    url_name = url_name ? std::optional(ShownUrl(spec.auth, *url_name)) : std::nullopt;
  }
  if (url_name && !spec.name) {
    spec.name = std::move(url_name);
    spec.tags = vu_.sink().tags().With(spec.tags, SystemTagName(SystemTag::kName), *spec.name);
  }
  return true;
}

bool Preparation::Body(v8::Local<v8::Value> value) {
  HttpCallSpec& spec = draft_.request.spec;
  if (value->IsNullOrUndefined()) {
    return true;
  }
  spec.request.has_body = true;
  // A DataView has bytes and no elements; k6 makes an empty form of it.
  if (value->IsDataView() ? BytesOrText(isolate_, value, &spec.request.body)
                          : K6Bytes(isolate_, value, &spec.request.body).ok()) {
    return true;
  }
  std::optional<WebBody> body;
  if (!ReadWebBody(context_, value, &body)) {
    return false;
  }
  if (body.has_value()) {
    if (const absl::Status checked = CheckHeader("Content-Type", body->type); !checked.ok()) {
      draft_.SetHopeless(std::string(checked.message()));
    }
    spec.request.body = std::move(body->bytes);
    draft_.content_type = std::move(body->type);
    return true;
  }
  if (IsFileData(context_, value)) {
    return draft_.Fail("unknown request body type *http.FileData", 0,
                       "a file is a field of a form: { field: http.file(...) }");
  }
  std::string kind;
  if (IsPlainObject(value) && !KindOf(context_, value.As<v8::Object>(), &kind)) {
    return false;
  }
  if (kind == kScriptsOwn || kind == kUrlSearchParams) {
    return ObjectBody(value.As<v8::Object>());
  }
  const std::string type = K6TypeName(value);
  const bool says_little = type == kObjectType && !kind.empty();
  return draft_.Fail(absl::StrCat("unknown request body type ", says_little ? kind : type), 0,
                     kBodyHint);
}

bool Preparation::ObjectBody(v8::Local<v8::Object> object) {
  EncodedBody body;
  if (!EncodeObjectBody(context_, object, &body)) {
    return false;
  }
  for (const std::string& field : body.emptied) {
    WarnOfCall(vu_,
               absl::StrCat("the field \"", field,
                            "\" of a form is an object, which a form cannot "
                            "hold: it is sent empty; use JSON.stringify() to send it as JSON"));
  }
  draft_.request.spec.request.body = std::move(body.bytes);
  draft_.content_type = std::move(body.content_type);
  return !draft_.request.spec.request.body.empty() || IsOfNoClass(context_, object) ||
         ClassBody(object);
}

// What has no fields of its own would be an empty form.
bool Preparation::ClassBody(v8::Local<v8::Object> object) {
  const std::string name = TextOf(isolate_, object->GetConstructorName());
  if (name == kUrlSearchParams) {
    draft_.content_type = "application/x-www-form-urlencoded;charset=UTF-8";  // as fetch() has it
    return ToText(context_, object, &draft_.request.spec.request.body);
  }
  WarnOfCall(
      vu_,
      absl::StrCat(
          "the body of a request is a ", name,
          " without fields of its own: the form that is sent is empty; JSON.stringify() or String() "
          "make a text of it"));
  return true;
}

void Preparation::CheckContentLength() {
  const HttpCallSpec& spec = draft_.request.spec;
  const std::optional<std::string> given =
      spec.request.has_body ? FindHeader(spec.request.headers, "Content-Length") : std::nullopt;
  if (given && *given != absl::StrCat(spec.request.body.size())) {
    WarnOfCall(
        vu_,
        "the header Content-Length of a request is not the length of its body, which is sent instead");
  }
}

bool Preparation::Finish(std::string method) {
  HttpCallSpec& spec = draft_.request.spec;
  if (!draft_.content_type.empty()) {
    draft_.SetDefaultHeader("Content-Type", std::move(draft_.content_type));
  }
  const std::string& user_agent = vu_.options().user_agent;
  if (!user_agent.empty()) {
    draft_.SetDefaultHeader("User-Agent", user_agent);
  }
  if (spec.request.has_body && !draft_.codings.empty()) {
    std::string names;
    spec.plain_body = spec.request.body;
    for (const Coding coding : draft_.codings) {
      spec.request.body = Compress(coding, spec.request.body);
      absl::StrAppend(&names, names.empty() ? "" : ", ", CodingName(coding));
    }
    const std::optional<std::string> given = FindHeader(spec.request.headers, "Content-Encoding");
    if (given && *given != names) {
      WarnOfCall(vu_, absl::StrCat("the header Content-Encoding of a request says \"", *given,
                                   "\", but its body is compressed with \"", names,
                                   "\": the header is sent as it is"));
    }
    draft_.SetDefaultHeader("Content-Encoding", std::move(names));
  }
  CheckContentLength();
  spec.request.keep_body = draft_.request.response_type != ResponseType::kNone;
  if (draft_.request.response_type == ResponseType::kText) {
    spec.request.max_body_bytes = kMostTextBytes;
  }
  spec.request.method = method.empty() ? "GET" : std::move(method);
  if (!IsToken(spec.request.method)) {
    draft_.SetHopeless(absl::StrCat("net/http: invalid method ", Quoted(spec.request.method)));
  }
  return true;
}

// What the options say of every request.
void Begin(const ApiVu& vu, const std::optional<ExpectedStatuses>& expected, RequestDraft& draft) {
  const RunOptions& options = vu.options();
  HttpCallSpec& spec = draft.request.spec;
  spec.jar = vu.jar();
  spec.expected = expected;
  spec.tags = vu.tags();
  spec.redirects = options.max_redirects;
  spec.redirects_given = options.max_redirects_given;
  draft.throws = options.throw_on_error;
  if (options.discard_response_bodies) {
    draft.request.response_type = ResponseType::kNone;
  }
}

}  // namespace

RequestOrFault PrepareRequest(Context context, ApiVu& vu,
                              const std::optional<ExpectedStatuses>& expected, UrlCache& urls,
                              RequestArguments arguments) {
  RequestOrFault result;
  RequestDraft draft{.request = result.request.emplace()};
  Begin(vu, expected, draft);
  Preparation preparation(context, vu, draft);
  // The parameters first: they say whether a bad URL is an exception.
  const bool done = ReadHttpParams(context, vu, arguments.params, draft) &&
                    preparation.Url(arguments.url, urls) && preparation.Body(arguments.body) &&
                    preparation.Finish(std::move(arguments.method));
  result.throws = draft.throws;
  if (!done) {
    if (draft.fault) {
      draft.fault->method = std::move(arguments.method);
    }
    result.request.reset();
    result.fault = std::move(draft.fault);
  }
  return result;
}

}  // namespace lockstep::agent
