#include "agent/js/k6/http_params.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/http/compress.h"
#include "agent/http/headers.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/http_cookie_jar.h"
#include "agent/js/k6/http_objects.h"
#include "agent/js/k6/script_tags.h"
#include "common/options/duration.h"

namespace lockstep::agent {
namespace {

using Context = v8::Local<v8::Context>;

// k6's error codes.
constexpr int kGenericError = 1000;
constexpr int kInvalidUrl = 1020;
constexpr int kRequestTimeout = 1050;
constexpr int kDialError = 1210;

// What a value that is no body is, in the words of JavaScript.
absl::string_view KindOf(v8::Local<v8::Value> value) {
  return value->IsNumber()     ? "a number"
         : value->IsBoolean()  ? "a boolean"
         : value->IsArray()    ? "an array"
         : value->IsFunction() ? "a function"
         : value->IsDate()     ? "a Date"
                               : "this value";
}

// A string, or an object that shows itself as one, such as a URL.
bool MayBeUrl(v8::Local<v8::Value> value) {
  return value->IsString() || value->IsStringObject() ||
         (value->IsObject() && !value->IsArray() && !value->IsFunction());
}

bool IsHeaderValue(absl::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c)) && c != '\t';
  });
}

// Reads the parts of one request. Each step is false with `fault` set, or with a pending exception.
class Preparation {
 public:
  Preparation(Context context, ApiVu& vu, const std::optional<ExpectedStatuses>& expected)
      : context_(context), isolate_(context->GetIsolate()), vu_(vu) {
    const RunOptions& options = vu.options();
    HttpCallSpec& spec = request_.spec;
    spec.jar = vu.jar();
    spec.expected = expected;
    spec.tags = vu.tags();
    spec.redirects = options.max_redirects;
    spec.redirects_given = options.max_redirects != kUsualRedirects;
    throws_ = options.throw_on_error;
    if (options.discard_response_bodies) {
      request_.response_type = ResponseType::kNone;
    }
  }

  bool Url(v8::Local<v8::Value> value);
  bool Body(v8::Local<v8::Value> value);
  bool Params(v8::Local<v8::Value> value);
  bool Finish();

  RequestOrFault Result(bool done, std::string method) {
    RequestOrFault result;
    result.throws = throws_;
    if (done) {
      request_.spec.method = method.empty() ? "GET" : std::move(method);
      if (!IsToken(request_.spec.method)) {
        SetHopeless(absl::StrCat("net/http: invalid method \"", request_.spec.method, "\""));
      }
      result.request = std::move(request_);
    } else {
      result.fault = std::move(fault_);
    }
    return result;
  }

 private:
  bool Fail(std::string message, int code = 0) {
    fault_ = RequestFault{code, std::move(message)};
    return false;
  }
  bool Fail(const absl::Status& status) {
    return absl::IsCancelled(status) ? false : Fail(std::string(status.message()));
  }
  // Nothing can be sent, but the request counts as one that failed; the first reason stands.
  void SetHopeless(std::string message, int code = kGenericError) {
    if (!request_.spec.hopeless) {
      request_.spec.hopeless = HttpError{code, std::move(message)};
    }
  }
  bool Param(absl::string_view name, v8::Local<v8::Value> value);
  bool Headers(v8::Local<v8::Value> value);
  bool Cookies(v8::Local<v8::Value> value);
  bool Auth(v8::Local<v8::Value> value);
  bool Compression(v8::Local<v8::Value> value);
  bool ResponseTypeOf(v8::Local<v8::Value> value);
  bool ResponseCallback(v8::Local<v8::Value> value);
  bool Redirects(v8::Local<v8::Value> value);
  bool ObjectBody(v8::Local<v8::Object> object);
  bool Tags(v8::Local<v8::Value> value);
  bool Timeout(v8::Local<v8::Value> value);
  // Warns of a length that is not that of the body; it is not sent.
  void CheckContentLength();
  void SetDefaultHeader(absl::string_view name, std::string value) {
    if (!FindHeader(request_.spec.headers, name)) {
      request_.spec.headers.emplace_back(name, std::move(value));
    }
  }

  const Context context_;
  v8::Isolate* const isolate_;
  ApiVu& vu_;
  PreparedRequest request_;
  std::optional<RequestFault> fault_;
  bool throws_ = false;
  std::string content_type_;  // that the body brings
  std::vector<Coding> codings_;
};

bool Preparation::Url(v8::Local<v8::Value> value) {
  HttpCallSpec& spec = request_.spec;
  std::optional<std::string> url_name;
  std::optional<NamedUrl> named = NamedUrlOf(context_, value);
  if (named) {
    spec.url_text = std::move(named->url);
    url_name = std::move(named->name);
  } else if (!MayBeUrl(value)) {
    return Fail("invalid URL: a string is expected", kInvalidUrl);
  } else if (!ToText(context_, value, &spec.url_text)) {
    return false;
  }
  if (spec.url_text == "[object Object]") {
    return Fail("invalid URL: a string is expected, got an object", kInvalidUrl);
  }
  absl::StatusOr<lockstep::agent::Url> url = ParseUrl(spec.url_text);
  if (absl::IsInvalidArgument(url.status())) {
    return Fail(absl::StrCat("invalid URL: ", url.status().message()), kInvalidUrl);
  }
  if (url.ok()) {
    spec.url = *std::move(url);
  } else {
    SetHopeless(std::string(url.status().message()),
                absl::IsOutOfRange(url.status()) ? kDialError : kGenericError);
  }
  if (absl::StrContains(spec.url_text, '@')) {
    spec.url_text = MaskCredentials(spec.url_text);
    url_name = url_name ? std::optional(MaskCredentials(*url_name)) : std::nullopt;
  }
  if (url_name && !spec.name) {
    spec.name = std::move(url_name);
    spec.tags = vu_.sink().tags().With(spec.tags, SystemTagName(SystemTag::kName), *spec.name);
  }
  return true;
}

bool Preparation::Body(v8::Local<v8::Value> value) {
  HttpCallSpec& spec = request_.spec;
  if (value->IsNullOrUndefined()) {
    return true;
  }
  spec.has_body = true;
  if (BytesOrText(isolate_, value, &spec.body)) {
    return true;
  }
  if (IsFileData(context_, value)) {
    FilePart part;
    return FilePartOf(context_, value.As<v8::Object>(), &part) &&
           (spec.body = std::move(part.data), true);
  }
  if (IsPlainObject(value) && !value->IsDate()) {
    return ObjectBody(value.As<v8::Object>());
  }
  return Fail(absl::StrCat("unsupported request body: ", KindOf(value),
                           "; a string, bytes, or an object for a form is expected"));
}

bool Preparation::ObjectBody(v8::Local<v8::Object> object) {
  EncodedBody body;
  if (!EncodeObjectBody(context_, object, &body)) {
    return false;
  }
  for (const std::string& field : body.emptied) {
    vu_.logger().Warn(
        absl::StrCat("the field \"", field,
                     "\" of a form is an object, which a form cannot "
                     "hold: it is sent empty; use JSON.stringify() to send it as JSON"));
  }
  request_.spec.body = std::move(body.bytes);
  content_type_ = std::move(body.content_type);
  return true;
}

bool Preparation::Params(v8::Local<v8::Value> value) {
  if (value.IsEmpty() || !value->IsObject()) {
    return true;
  }
  return ForEachOwn(
      context_, value.As<v8::Object>(),
      [this](const std::string& name, v8::Local<v8::Value> param) { return Param(name, param); });
}

bool Preparation::Param(absl::string_view name, v8::Local<v8::Value> value) {
  if (name == "responseCallback") {
    return ResponseCallback(value);
  }
  if (name == "timeout") {
    return Timeout(value);
  }
  if (name == "redirects") {
    return Redirects(value);
  }
  if (name == "compression") {
    return Compression(value);
  }
  if (name == "responseType") {
    return ResponseTypeOf(value);
  }
  if (name == "throw") {
    throws_ = value->BooleanValue(isolate_);
    return true;
  }
  if (value->IsNullOrUndefined()) {
    return true;
  }
  if (name == "headers") {
    return Headers(value);
  }
  if (name == "cookies") {
    return Cookies(value);
  }
  if (name == "jar") {
    std::shared_ptr<CookieJar> jar = CookieJarOf(context_, value);
    request_.spec.jar = jar == nullptr ? request_.spec.jar : std::move(jar);
    return true;
  }
  if (name == "tags") {
    return Tags(value);
  }
  return name != "auth" || Auth(value);
}

bool Preparation::Tags(v8::Local<v8::Value> value) {
  TagSetTable& table = vu_.sink().tags();
  const absl::Status added = AddScriptTags(context_, value, table, &request_.spec.tags);
  if (absl::IsCancelled(added)) {
    return false;
  }
  if (!added.ok()) {
    return Fail(absl::StrCat("invalid HTTP request metric tags: ", added.message()));
  }
  if (const auto named = table.Find(request_.spec.tags, SystemTagName(SystemTag::kName))) {
    request_.spec.name = std::string(*named);
  }
  return true;
}

bool Preparation::Timeout(v8::Local<v8::Value> value) {
  const absl::StatusOr<absl::Duration> timeout = DurationOf(context_, "timeout", value);
  if (!timeout.ok()) {
    return Fail(timeout.status());
  }
  request_.spec.timeout = *timeout;
  if (*timeout <= absl::ZeroDuration()) {
    SetHopeless("request timeout", kRequestTimeout);
  }
  return true;
}

bool Preparation::Headers(v8::Local<v8::Value> value) {
  if (!value->IsObject()) {
    return Fail("invalid headers: an object of names and values is expected");
  }
  return ForEachOwn(
      context_, value.As<v8::Object>(),
      [this](const std::string& name, v8::Local<v8::Value> header) {
        std::string text;
        if (!ToText(context_, header, &text)) {
          return false;
        }
        std::string key = CanonicalHeader(name);
        if (!IsToken(key) || !IsHeaderValue(text)) {
          SetHopeless(absl::StrCat("net/http: invalid header field ",
                                   IsToken(key) ? "value for " : "name ", "\"", key, "\""));
          return true;
        }
        // Names that differ only in case are one header, of which the last is meant.
        HeaderList& headers = request_.spec.headers;
        const auto same = std::find_if(headers.begin(), headers.end(),
                                       [&key](const auto& h) { return h.first == key; });
        if (same != headers.end()) {
          same->second = std::move(text);
        } else {
          headers.emplace_back(std::move(key), std::move(text));
        }
        return true;
      });
}

bool Preparation::Cookies(v8::Local<v8::Value> value) {
  if (!value->IsObject()) {
    return Fail("invalid cookies: an object of names and values is expected");
  }
  return ForEachOwn(context_, value.As<v8::Object>(),
                    [this](const std::string& name, v8::Local<v8::Value> given) {
                      if (given->IsNullOrUndefined()) {
                        return true;
                      }
                      v8::Local<v8::Value> replace;
                      RequestCookie cookie;
                      cookie.name = name;
                      v8::Local<v8::Value> text = given;
                      if (IsPlainObject(given)) {
                        if (!GetProperty(context_, given.As<v8::Object>(), "value", &text) ||
                            !GetProperty(context_, given.As<v8::Object>(), "replace", &replace)) {
                          return false;
                        }
                        cookie.replace = replace->BooleanValue(isolate_);
                      }
                      if (!ToText(context_, text, &cookie.value)) {
                        return false;
                      }
                      request_.spec.cookies.push_back(std::move(cookie));
                      return true;
                    });
}

bool Preparation::Auth(v8::Local<v8::Value> value) {
  std::string kind;
  if (!ToText(context_, value, &kind)) {
    return false;
  }
  if (kind == "digest") {
    request_.spec.auth = HttpRequest::Auth::kDigest;
  } else if (kind == "ntlm") {
    request_.spec.auth = HttpRequest::Auth::kNtlm;
  }
  return true;
}

bool Preparation::Redirects(v8::Local<v8::Value> value) {
  double redirects = 0;
  if (!value->NumberValue(context_).To(&redirects)) {
    return false;
  }
  request_.spec.redirects = std::isfinite(redirects) ? static_cast<int64_t>(redirects) : 0;
  request_.spec.redirects_given = true;
  return true;
}

bool Preparation::Compression(v8::Local<v8::Value> value) {
  std::string list;
  if (!ToText(context_, value, &list)) {
    return false;
  }
  if (absl::StripAsciiWhitespace(list).empty()) {
    return true;
  }
  absl::StatusOr<std::vector<Coding>> codings = ParseCodings(list);
  if (!codings.ok()) {
    return Fail(codings.status());
  }
  codings_ = *std::move(codings);
  return true;
}

bool Preparation::ResponseTypeOf(v8::Local<v8::Value> value) {
  std::string type;
  if (!ToText(context_, value, &type)) {
    return false;
  }
  if (type == "text") {
    request_.response_type = ResponseType::kText;
  } else if (type == "binary") {
    request_.response_type = ResponseType::kBinary;
  } else if (type == "none") {
    request_.response_type = ResponseType::kNone;
  } else {
    return Fail(absl::StrCat("responseType: must be text, binary or none, got ", type));
  }
  return true;
}

bool Preparation::ResponseCallback(v8::Local<v8::Value> value) {
  if (value->IsUndefined()) {
    return true;
  }
  if (value->IsNull()) {
    request_.spec.expected.reset();
    return true;
  }
  const ExpectedStatuses* statuses = ExpectedStatusesOf(context_, value);
  if (statuses == nullptr) {
    return Fail("unsupported responseCallback");
  }
  request_.spec.expected = *statuses;
  return true;
}

void Preparation::CheckContentLength() {
  const HttpCallSpec& spec = request_.spec;
  const std::optional<std::string> given =
      spec.has_body ? FindHeader(spec.headers, "Content-Length") : std::nullopt;
  if (given && *given != absl::StrCat(spec.body.size())) {
    vu_.logger().Warn(absl::StrCat("the header Content-Length of a request says \"", *given,
                                   "\", but its body has ", spec.body.size(),
                                   " bytes: that length is sent instead"));
  }
}

bool Preparation::Finish() {
  HttpCallSpec& spec = request_.spec;
  if (!content_type_.empty()) {
    SetDefaultHeader("Content-Type", std::move(content_type_));
  }
  const std::string& user_agent = vu_.options().user_agent;
  if (!user_agent.empty()) {
    SetDefaultHeader("User-Agent", user_agent);
  }
  if (spec.has_body && !codings_.empty()) {
    std::string names;
    spec.plain_body = spec.body;
    for (const Coding coding : codings_) {
      spec.body = Compress(coding, spec.body);
      absl::StrAppend(&names, names.empty() ? "" : ", ", CodingName(coding));
    }
    SetDefaultHeader("Content-Encoding", std::move(names));
  }
  CheckContentLength();
  spec.keep_body = request_.response_type != ResponseType::kNone;
  return true;
}

}  // namespace

RequestOrFault PrepareRequest(Context context, ApiVu& vu,
                              const std::optional<ExpectedStatuses>& expected, std::string method,
                              v8::Local<v8::Value> url, v8::Local<v8::Value> body,
                              v8::Local<v8::Value> params) {
  Preparation preparation(context, vu, expected);
  // The parameters first: they say whether a bad URL is an exception.
  const bool done = preparation.Params(params) && preparation.Url(url) && preparation.Body(body) &&
                    preparation.Finish();
  return preparation.Result(done, std::move(method));
}

absl::StatusOr<absl::Duration> DurationOf(Context context, absl::string_view key,
                                          v8::Local<v8::Value> value) {
  if (value->IsNullOrUndefined()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "invalid ", key, " value: ", value->IsNull() ? "null" : "undefined",
        ": expected a string with units such as \"1m30s\", or a number of milliseconds"));
  }
  if (value->IsNumber()) {
    const double milliseconds = value.As<v8::Number>()->Value();
    if (!std::isfinite(milliseconds)) {
      return absl::InvalidArgumentError(absl::StrCat("invalid ", key, " value: ", milliseconds));
    }
    return absl::Milliseconds(milliseconds);
  }
  std::string text;
  if (!ToText(context, value, &text)) {
    return absl::CancelledError();
  }
  absl::StatusOr<absl::Duration> duration = ParseDuration(text);
  if (!duration.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid ", key, " value: ", duration.status().message()));
  }
  return duration;
}

}  // namespace lockstep::agent
