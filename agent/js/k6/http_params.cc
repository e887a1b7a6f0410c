#include "agent/js/k6/http_params.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/http/error_code.h"
#include "agent/http/headers.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/http_cookie_jar.h"
#include "agent/js/k6/http_objects.h"
#include "agent/js/k6/k6_values.h"
#include "agent/js/k6/script_duration.h"
#include "agent/js/k6/script_members.h"
#include "agent/js/k6/script_tags.h"
#include "common/base/nearest.h"
#include "common/base/visible.h"

namespace lockstep::agent {
namespace {

// What an object without a text of its own is as one.
constexpr absl::string_view kNoText = "[object Object]";

// Each step is false with a fault in the draft, or with a pending exception.
class ParamsReader {
 public:
  ParamsReader(Context context, ApiVu& vu, RequestDraft& draft)
      : context_(context), isolate_(context->GetIsolate()), vu_(vu), draft_(draft) {}

  bool Read(v8::Local<v8::Value> value);

 private:
  bool Param(absl::string_view name, v8::Local<v8::Value> value);
  bool Headers(v8::Local<v8::Value> value);
  bool Cookies(v8::Local<v8::Value> value);
  bool Auth(v8::Local<v8::Value> value);
  bool Compression(v8::Local<v8::Value> value);
  bool ResponseTypeOf(v8::Local<v8::Value> value);
  bool ResponseCallback(v8::Local<v8::Value> value);
  bool Redirects(v8::Local<v8::Value> value);
  bool Tags(v8::Local<v8::Value> value);
  bool Timeout(v8::Local<v8::Value> value);
  bool Throw(v8::Local<v8::Value> value);
  // The value of a cookie that is an object. Its names may be in any letter case, as in k6.
  bool CookieObject(v8::Local<v8::Object> given, RequestCookie* cookie);
  // Warns that `what` is `value`, and what comes of it.
  void Warn(absl::string_view what, v8::Local<v8::Value> value, absl::string_view rest) {
    WarnOfCall(vu_, absl::StrCat("k6/http: ", what, " is ", Shown(context_, value), ": ", rest));
  }

  const Context context_;
  v8::Isolate* const isolate_;
  ApiVu& vu_;
  RequestDraft& draft_;
};

bool ParamsReader::Read(v8::Local<v8::Value> value) {
  if (value.IsEmpty() || !value->IsObject()) {
    if (!value.IsEmpty() && !value->IsNullOrUndefined()) {
      Warn("params", value, "without effect, as an object such as { headers: {} } is expected");
    }
    return true;
  }
  return ForEachOwn(
      context_, value.As<v8::Object>(),
      [this](const std::string& name, v8::Local<v8::Value> param) { return Param(name, param); });
}

bool ParamsReader::Param(absl::string_view name, v8::Local<v8::Value> value) {
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
    return Throw(value);
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
    if (std::shared_ptr<CookieJar> jar = CookieJarOf(context_, value)) {
      draft_.request.spec.jar = std::move(jar);
    } else {
      Warn("jar", value, "no CookieJar, so that the VU's own is used");
    }
    return true;
  }
  if (name == "tags") {
    return Tags(value);
  }
  if (name == "auth") {
    return Auth(value);
  }
  WarnOfUnknown(vu_, "k6/http", "parameter of a request", name,
                {"auth", "compression", "cookies", "headers", "jar", "redirects",
                 "responseCallback", "responseType", "tags", "throw", "timeout"});
  return true;
}

bool ParamsReader::Throw(v8::Local<v8::Value> value) {
  draft_.throws = value->BooleanValue(isolate_);
  if (!value->IsBoolean() && !value->IsNullOrUndefined()) {
    Warn("throw", value, absl::StrCat("taken as ", draft_.throws ? "true" : "false"));
  }
  return true;
}

bool ParamsReader::Tags(v8::Local<v8::Value> value) {
  TagSetTable& table = vu_.sink().tags();
  const absl::Status added =
      AddScriptTags(context_, "k6/http: tags", value, vu_, &draft_.request.spec.tags);
  if (absl::IsCancelled(added)) {
    return false;
  }
  if (!added.ok()) {
    return draft_.Fail(absl::StrCat("invalid HTTP request metric tags: ", added.message()));
  }
  if (const auto named = table.Find(draft_.request.spec.tags, SystemTagName(SystemTag::kName))) {
    draft_.request.spec.name = std::string(*named);
  }
  return true;
}

bool ParamsReader::Timeout(v8::Local<v8::Value> value) {
  const absl::StatusOr<absl::Duration> timeout = DurationOf(context_, "timeout", value);
  if (!timeout.ok()) {
    std::string text;
    return !absl::IsCancelled(timeout.status()) && ToText(context_, value, &text) &&
           draft_.Fail(absl::StrCat("invalid timeout value: ", K6DurationFault(value, text)), 0,
                       "a number of milliseconds, or a text with units such as \"1m30s\", "
                       "is expected");
  }
  draft_.request.spec.timeout = *timeout;
  if (*timeout <= absl::ZeroDuration()) {
    draft_.SetHopeless("request timeout", error_code::kRequestTimeout);
  }
  return true;
}

bool ParamsReader::Headers(v8::Local<v8::Value> value) {
  v8::Local<v8::Object> given;
  if (!MembersOf(context_, vu_, "k6/http: headers", value, &given)) {
    return false;
  }
  return ForEachOwn(context_, given, [this](const std::string& name, v8::Local<v8::Value> header) {
    std::string text;
    if (!ToText(context_, header, &text)) {
      return false;
    }
    if (header->IsNullOrUndefined() || text == kNoText) {
      Warn(absl::StrCat("the header ", Quoted(name)), header,
           absl::StrCat("the text ", Quoted(text), " is sent"));
    }
    std::string key = CanonicalHeader(name);
    if (const absl::Status checked = CheckHeader(key, text); !checked.ok()) {
      draft_.SetHopeless(std::string(checked.message()));
      return true;
    }
    SetScriptHeader(draft_.request.spec.request.headers, std::move(key), std::move(text));
    return true;
  });
}

bool ParamsReader::Cookies(v8::Local<v8::Value> value) {
  v8::Local<v8::Object> cookies;
  if (!MembersOf(context_, vu_, "k6/http: cookies", value, &cookies)) {
    return false;
  }
  return ForEachOwn(context_, cookies, [this](const std::string& name, v8::Local<v8::Value> given) {
    const std::string what = absl::StrCat("the cookie ", Quoted(name));
    if (given->IsNullOrUndefined()) {
      Warn(what, given, "not sent");
      return true;
    }
    RequestCookie cookie;
    cookie.name = name;
    if (IsPlainObject(given) ? !CookieObject(given.As<v8::Object>(), &cookie)
                             : !ToText(context_, given, &cookie.value)) {
      return false;
    }
    if (cookie.value == kNoText) {
      Warn(what, given,
           "the text \"[object Object]\" is sent; a text or { value, replace } is expected");
    }
    draft_.request.spec.cookies.push_back(std::move(cookie));
    return true;
  });
}

bool ParamsReader::CookieObject(v8::Local<v8::Object> given, RequestCookie* cookie) {
  const std::string what = absl::StrCat("the cookie ", Quoted(cookie->name));
  bool has_value = false;
  const bool read =
      ForEachOwn(context_, given, [&](const std::string& name, v8::Local<v8::Value> attribute) {
        if (absl::EqualsIgnoreCase(name, "value")) {
          has_value = !attribute->IsNullOrUndefined();
          return ToText(context_, attribute, &cookie->value);
        }
        if (!absl::EqualsIgnoreCase(name, "replace")) {
          WarnOfUnknown(vu_, "k6/http", absl::StrCat("member of ", what), name,
                        {"replace", "value"});
          return true;
        }
        cookie->replace = attribute->BooleanValue(isolate_);
        if (!attribute->IsBoolean() && !attribute->IsNullOrUndefined()) {
          Warn(absl::StrCat("replace of ", what), attribute,
               absl::StrCat("taken as ", cookie->replace ? "true" : "false"));
        }
        return true;
      });
  if (read && !has_value) {
    Warn(what, given, absl::StrCat("it has no value, so that ", Quoted(cookie->value), " is sent"));
  }
  return read;
}

bool ParamsReader::Auth(v8::Local<v8::Value> value) {
  std::string kind;
  if (!ToText(context_, value, &kind)) {
    return false;
  }
  if (kind == "digest") {
    draft_.request.spec.auth = HttpRequest::Auth::kDigest;
  } else if (kind == "ntlm") {
    draft_.request.spec.auth = HttpRequest::Auth::kNtlm;
  } else if (!kind.empty() && kind != "basic") {
    WarnOfCall(vu_, absl::StrCat("k6/http: auth has no effect",
                                 absl::StrContains(kind, ':')  // a name and a password
                                     ? ""
                                     : absl::StrCat(" as ", Shown(context_, value)),
                                 MeantOrAllowed(kind, {"basic", "digest", "ntlm"})));
  }
  return true;
}

bool ParamsReader::Redirects(v8::Local<v8::Value> value) {
  double redirects = 0;
  if (!value->NumberValue(context_).To(&redirects)) {
    return false;
  }
  if (!std::isfinite(redirects)) {
    Warn("redirects", value, "no whole number, so that no redirect is followed");
  }
  constexpr double kMost = 1e9;  // as good as without end; a larger double may be no int64_t
  draft_.request.spec.redirects =
      std::isfinite(redirects) ? static_cast<int64_t>(std::clamp(redirects, -kMost, kMost)) : 0;
  draft_.request.spec.redirects_given = true;
  return true;
}

bool ParamsReader::Compression(v8::Local<v8::Value> value) {
  std::string list;
  if (!ToText(context_, value, &list)) {
    return false;
  }
  if (absl::StripAsciiWhitespace(list).empty()) {
    return true;
  }
  absl::StatusOr<std::vector<Coding>> codings = ParseCodings(list);
  if (!codings.ok()) {
    return draft_.Fail(codings.status());
  }
  draft_.codings = *std::move(codings);
  return true;
}

bool ParamsReader::ResponseTypeOf(v8::Local<v8::Value> value) {
  std::string given;
  if (!ToText(context_, value, &given)) {
    return false;
  }
  const std::string type = absl::AsciiStrToLower(given);
  if (type == "text") {
    draft_.request.response_type = ResponseType::kText;
  } else if (type == "binary") {
    draft_.request.response_type = ResponseType::kBinary;
  } else if (type == "none") {
    draft_.request.response_type = ResponseType::kNone;
  } else if (type == "stream") {
    draft_.request.response_type = ResponseType::kStream;
  } else {
    return draft_.Fail(
        absl::StrCat("responseType: must be text, binary, none or stream, got ", given));
  }
  return true;
}

bool ParamsReader::ResponseCallback(v8::Local<v8::Value> value) {
  if (value->IsUndefined()) {
    return true;
  }
  if (value->IsNull()) {
    draft_.request.spec.expected.reset();
    return true;
  }
  const ExpectedStatuses* statuses = ExpectedStatusesOf(context_, value);
  if (statuses == nullptr) {
    return draft_.Fail("unsupported responseCallback");
  }
  draft_.request.spec.expected = *statuses;
  return true;
}

}  // namespace

bool ReadHttpParams(Context context, ApiVu& vu, v8::Local<v8::Value> params, RequestDraft& draft) {
  return ParamsReader(context, vu, draft).Read(params);
}

}  // namespace lockstep::agent
