#include "agent/js/k6/http_cookie_jar.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "agent/js/bind/bound_methods.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/http.h"
#include "common/base/visible.h"

namespace lockstep::agent {
namespace {

using JarPointer = std::shared_ptr<CookieJar>;

v8::Local<v8::Private> Mark(v8::Isolate* isolate) {
  return v8::Private::ForApi(isolate, JsName(isolate, "lockstep.http.jar"));
}

absl::Time Now(const Info& info) {
  return ModuleOf<HttpModule>(info).vu().loop().clock().Wall();
}

// The jar and the URL that a method is called with; null with a pending exception. Of a URL to
// which no request can go, such as "example.com", no jar has cookies, as in k6; its host is empty,
// and the log says so.
CookieJar* JarAndUrl(const Info& info, Url* url) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  const JarPointer jar = CookieJarOf(context, info.This());
  std::string text;
  if (jar == nullptr) {
    ThrowTypeError(isolate, "not a CookieJar");
    return nullptr;
  }
  if (!ToText(context, info[0], &text)) {
    return nullptr;
  }
  absl::StatusOr<Url> parsed = ParseUrl(text);
  if (absl::IsInvalidArgument(parsed.status())) {
    ThrowError(isolate, parsed.status().message());
    return nullptr;
  }
  if (parsed.ok()) {
    *url = *std::move(parsed);
  } else {
    WarnOfCall(ModuleOf<HttpModule>(info).vu(),
               absl::StrCat("a cookie jar has nothing of ", Quoted(MaskCredentials(text)),
                            ", to which no request can go: ", parsed.status().message()));
  }
  return jar.get();  // the object on the stack keeps it
}

void CookiesForUrl(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  Url url;
  CookieJar* jar = JarAndUrl(info, &url);
  if (jar == nullptr) {
    return;
  }
  const v8::Local<v8::Object> cookies =
      v8::Object::New(isolate, v8::Null(isolate), nullptr, nullptr, 0);
  for (const Cookie& cookie : jar->For(url, Now(info))) {
    AppendIn(context, cookies, cookie.name, JsText(isolate, cookie.value));
  }
  info.GetReturnValue().Set(cookies);
}

// The time that an `expires` option says: as servers do, or as Date.toISOString().
std::optional<absl::Time> ParseExpires(absl::string_view text) {
  absl::Time time;
  return absl::ParseTime(absl::RFC3339_full, text, &time, nullptr) ? std::optional(time)
                                                                   : ParseCookieDate(text);
}

// One option of set(). False with a pending exception.
bool CookieOption(const Info& info, const std::string& name, v8::Local<v8::Value> value,
                  Cookie* cookie) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  if (name == "secure" || name == "http_only") {
    (name == "secure" ? cookie->secure : cookie->http_only) = value->BooleanValue(isolate);
    return true;
  }
  if (name != "path" && name != "domain" && name != "expires" && name != "max_age") {
    WarnOfUnknown(ModuleOf<HttpModule>(info).vu(), "CookieJar.set()", "option", name,
                  {"domain", "expires", "http_only", "max_age", "path", "secure"});
    return true;
  }
  if (value->IsNullOrUndefined()) {
    return true;
  }
  if (name == "max_age") {
    return value->IntegerValue(context).To(&cookie->max_age);
  }
  std::string text;
  if (!ToText(context, value, &text)) {
    return false;
  }
  if (name != "expires") {
    (name == "path" ? cookie->path : cookie->domain) = std::move(text);
    return true;
  }
  cookie->expires = ParseExpires(text);
  if (!text.empty() && !cookie->expires.has_value()) {
    ThrowError(isolate, absl::StrCat("unable to parse \"expires\" date string \"", text, "\""));
    return false;
  }
  return true;
}

bool CookieOptions(const Info& info, v8::Local<v8::Object> options, Cookie* cookie) {
  return ForEachOwn(ContextOf(info), options,
                    [&](const std::string& name, v8::Local<v8::Value> value) {
                      return CookieOption(info, absl::AsciiStrToLower(name), value, cookie);
                    });
}

void SetCookieFunction(const Info& info) {
  const Context context = info.GetIsolate()->GetCurrentContext();
  Url url;
  CookieJar* jar = JarAndUrl(info, &url);
  Cookie cookie;
  if (jar == nullptr || !ToText(context, info[1], &cookie.name) ||
      (info.Length() > 2 && !ToText(context, info[2], &cookie.value)) ||
      (info[3]->IsObject() && !CookieOptions(info, info[3].As<v8::Object>(), &cookie))) {
    return;
  }
  if (!url.host.empty()) {
    jar->Set(url, cookie, Now(info));
  }
  info.GetReturnValue().Set(true);
}

void ClearCookies(const Info& info) {
  Url url;
  if (CookieJar* jar = JarAndUrl(info, &url)) {
    jar->Clear(url, Now(info));
  }
}

void DeleteCookie(const Info& info) {
  Url url;
  std::string name;
  CookieJar* jar = JarAndUrl(info, &url);
  if (jar != nullptr && ToText(info.GetIsolate()->GetCurrentContext(), info[1], &name)) {
    jar->Delete(url, name, Now(info));
  }
}

void Attach(Context context, v8::Local<v8::Object> object, JarPointer jar) {
  v8::Isolate* isolate = context->GetIsolate();
  AttachOwned(isolate, object, std::make_unique<JarPointer>(std::move(jar)));
  object->SetPrivate(context, Mark(isolate), v8::True(isolate)).Check();
}

v8::Local<v8::FunctionTemplate> JarClass(v8::Isolate* isolate);

void Construct(const Info& info) {
  // cookieJar() passes the VU's own jar; no script can make an External.
  JarPointer jar = info[0]->IsExternal()
                       ? *static_cast<JarPointer*>(info[0].As<v8::External>()->Value())
                       : std::make_shared<CookieJar>();
  const Context context = info.GetIsolate()->GetCurrentContext();
  v8::Local<v8::Object> object = info.This();
  if (!info.IsConstructCall()) {  // as in k6, `new` may be left out
    if (!JarClass(info.GetIsolate())->InstanceTemplate()->NewInstance(context).ToLocal(&object)) {
      return;
    }
    info.GetReturnValue().Set(object);
  }
  Attach(context, object, std::move(jar));
}

v8::Local<v8::FunctionTemplate> JarClass(v8::Isolate* isolate) {
  return ClassTemplate(isolate, "CookieJar", Construct,
                       [isolate](v8::Local<v8::FunctionTemplate> made) {
                         made->InstanceTemplate()->SetInternalFieldCount(2);
                         SetOwnMethods(isolate, made,
                                       {{"clear", ClearCookies},
                                        {"cookiesForURL", CookiesForUrl},
                                        {"delete", DeleteCookie},
                                        {"set", SetCookieFunction}});
                       });
}

void OwnJar(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  ApiVu& vu = ModuleOf<HttpModule>(context).vu();
  if (RefusedInInit(vu, isolate, "getting VU cookie jar")) {
    return;
  }
  JarPointer jar = vu.jar();
  v8::Local<v8::Value> argument = v8::External::New(isolate, &jar);
  v8::Local<v8::Function> constructor;
  v8::Local<v8::Object> object;
  if (JarClass(isolate)->GetFunction(context).ToLocal(&constructor) &&
      constructor->NewInstance(context, 1, &argument).ToLocal(&object)) {
    info.GetReturnValue().Set(object);
  }
}

}  // namespace

void DefineCookieJar(Context context, v8::Local<v8::Object> exports) {
  v8::Local<v8::Function> constructor;
  if (JarClass(context->GetIsolate())->GetFunction(context).ToLocal(&constructor)) {
    SetProperty(context, exports, "CookieJar", constructor);
  }
  SetFunction(context, exports, "cookieJar", OwnJar);
}

std::shared_ptr<CookieJar> CookieJarOf(Context context, v8::Local<v8::Value> value) {
  if (!value->IsObject() ||
      !value.As<v8::Object>()->HasPrivate(context, Mark(context->GetIsolate())).FromMaybe(false)) {
    return nullptr;
  }
  return *OwnedBy<JarPointer>(value.As<v8::Object>());
}

}  // namespace lockstep::agent
