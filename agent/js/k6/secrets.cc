#include "agent/js/k6/secrets.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/text.h"
#include "agent/js/bind/values.h"
#include "agent/js/k6/pending_promises.h"
#include "common/base/secrets.h"

namespace lockstep::agent {
namespace {

// The key or the name of a source that a function was given. False, with an exception: it is none.
bool SecretWord(const Info& info, const char* what, std::string* word) {
  if (!info[0]->IsString() || info[0].As<v8::String>()->Length() == 0) {
    ThrowTypeError(info.GetIsolate(), absl::StrCat(what, " must be a text that is not empty"));
    return false;
  }
  *word = TextArgument(info, 0);
  if (word->size() > kMostSecretKeyBytes) {
    ThrowTypeError(info.GetIsolate(), absl::StrCat(what, " has ", word->size(),
                                                   " bytes: the most is ", kMostSecretKeyBytes));
    return false;
  }
  return true;
}

// get(key): of the source whose name is the function's data; "": the default one.
void GetSecretOf(const Info& info) {
  std::string key;
  if (!SecretWord(info, "secrets.get(): the key", &key)) {
    return;
  }
  ApiVu& vu = ModuleOf<ApiVu>(info);
  if (const auto settle = vu.promises().Begin(info)) {
    vu.GetSecret(SecretUrl(TextOf(info.GetIsolate(), info.Data().As<v8::String>()), key),
                 [settle = *settle](absl::StatusOr<std::string> secret) {
                   settle(secret.ok() ? ResolveWith([secret = *std::move(secret)](Context context) {
                     return ToJs(context, secret);
                   })
                                      : RejectWith(absl::UnknownError(secret.status().message())));
                 });
  }
}

void SourceOf(const Info& info) {
  std::string name;
  if (!SecretWord(info, "secrets.source(): the name", &name)) {
    return;
  }
  if (name.find('/') != std::string::npos) {
    ThrowError(info.GetIsolate(), absl::StrCat("there is no secret source \"", name, "\""));
    return;
  }
  const Context context = ContextOf(info);
  const v8::Local<v8::Object> source = v8::Object::New(info.GetIsolate());
  SetFunction(context, source, "get", GetSecretOf, info[0]);
  info.GetReturnValue().Set(source);
}

}  // namespace

v8::Local<v8::Object> MakeSecretsModule(Context context, ApiVu& vu) {
  v8::Isolate* isolate = context->GetIsolate();
  SetModule(context, &vu);
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  SetFunction(context, exports, "get", GetSecretOf, v8::String::Empty(isolate));
  SetFunction(context, exports, "source", SourceOf);
  return exports;
}

}  // namespace lockstep::agent
