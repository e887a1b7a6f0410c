#include "agent/js/k6/web_forms.h"

#include "agent/data/crypto/text_codec.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/streams.h"
#include "common/base/random_bytes.h"

namespace lockstep::agent {
namespace {

constexpr int kHostFields = 1;

void ReturnStreams(const Info& info) {
  info.GetReturnValue().Set(MakeStreamsModule(ContextOf(info)));
}

void Encode(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  info.GetReturnValue().Set(JsBytes(isolate, TextArgument(info, 0)));
}

void Decode(const Info& info) {
  info.GetReturnValue().Set(JsText(info.GetIsolate(), BytesOf(info[0]).value_or("")));
}

void ReturnBoundary(const Info& info) {
  info.GetReturnValue().Set(JsText(info.GetIsolate(), EncodeHex(RandomBytes(24))));
}

// The class that those of the scripts extend. An internal field makes its objects ones that V8 does
// not copy by itself.
v8::MaybeLocal<v8::Function> HostClass(Context context) {
  return ClassTemplate(context->GetIsolate(), "Host", nullptr,
                       [](v8::Local<v8::FunctionTemplate> made) {
                         made->InstanceTemplate()->SetInternalFieldCount(kHostFields);
                       })
      ->GetFunction(context);
}

v8::MaybeLocal<v8::Value> MakeWebForms(Context context) {
  const v8::Local<v8::Object> native = NativeObject(context,
                                                    {{"encode", Encode},
                                                     {"decode", Decode},
                                                     {"streams", ReturnStreams},
                                                     {"boundary", ReturnBoundary}},
                                                    {});
  v8::Local<v8::Function> host;
  if (!HostClass(context).ToLocal(&host)) {
    return {};
  }
  SetProperty(context, native, "Host", host);
  AddPart(context, native, "bindMethods", "k6/bound_methods.js");
  AddPart(context, native, "blobs", "web/blob.js");
  return ResultOf(context, "web/form_data.js", {native});
}

// Calls the function `name` of WebForms with `value`.
v8::MaybeLocal<v8::Value> AskWebForms(Context context, absl::string_view name,
                                      v8::Local<v8::Value> value) {
  v8::Local<v8::Object> forms;
  v8::Local<v8::Value> function;
  if (!WebForms(context).ToLocal(&forms) || !GetProperty(context, forms, name, &function)) {
    return {};
  }
  return function.As<v8::Function>()->Call(context, v8::Undefined(context->GetIsolate()), 1,
                                           &value);
}

}  // namespace

v8::MaybeLocal<v8::Object> WebForms(Context context) {
  return MadeOnce(context, "lockstep:web forms", [context] { return MakeWebForms(context); });
}

bool ReadWebBody(Context context, v8::Local<v8::Value> value, std::optional<WebBody>* body) {
  body->reset();
  if (!value->IsObject() || value.As<v8::Object>()->InternalFieldCount() != kHostFields) {
    return true;
  }
  v8::Local<v8::Value> answer;
  if (!AskWebForms(context, "bodyOf", value).ToLocal(&answer)) {
    return false;
  }
  if (!answer->IsObject()) {
    return true;
  }
  const auto parts = answer.As<v8::Object>();
  v8::Local<v8::Value> bytes, filename;
  if (!GetProperty(context, parts, "bytes", &bytes) ||
      !GetProperty(context, parts, "filename", &filename)) {
    return false;
  }
  *body =
      WebBody{.bytes = BytesOf(bytes).value_or(""), .type = TextProperty(context, parts, "type")};
  if (filename->IsString()) {
    body->value().filename = TextOf(context->GetIsolate(), filename.As<v8::String>());
  }
  return true;
}

v8::MaybeLocal<v8::Value> CopyOfBlob(Context context, v8::Local<v8::Object> value) {
  return AskWebForms(context, "copyOf", value);
}

}  // namespace lockstep::agent
