#include "agent/js/bind/text.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace lockstep::agent {
namespace {

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

v8::Local<v8::String> MakeString(v8::Isolate* isolate, absl::string_view text,
                                 v8::NewStringType type) {
  v8::MaybeLocal<v8::String> made =
      IsAscii(text)
          ? v8::String::NewFromOneByte(isolate, reinterpret_cast<const uint8_t*>(text.data()), type,
                                       static_cast<int>(text.size()))
          : v8::String::NewFromUtf8(isolate, text.data(), type, static_cast<int>(text.size()));
  v8::Local<v8::String> string;
  return made.ToLocal(&string) ? string : v8::String::Empty(isolate);
}

}  // namespace

v8::Local<v8::String> JsText(v8::Isolate* isolate, absl::string_view text) {
  return MakeString(isolate, text, v8::NewStringType::kNormal);
}

v8::Local<v8::String> JsName(v8::Isolate* isolate, absl::string_view text) {
  return MakeString(isolate, text, v8::NewStringType::kInternalized);
}

v8::Local<v8::ArrayBuffer> JsBytes(v8::Isolate* isolate, absl::string_view bytes) {
  v8::Local<v8::ArrayBuffer> buffer = v8::ArrayBuffer::New(isolate, bytes.size());
  if (!bytes.empty()) {
    std::memcpy(buffer->GetBackingStore()->Data(), bytes.data(), bytes.size());
  }
  return buffer;
}

std::string TextOf(v8::Isolate* isolate, v8::Local<v8::String> text) {
  std::string out;
  if (text->IsOneByte() && text->Utf8Length(isolate) == text->Length()) {
    out.resize(static_cast<size_t>(text->Length()));
    text->WriteOneByte(isolate, reinterpret_cast<uint8_t*>(out.data()), 0, text->Length(),
                       v8::String::NO_NULL_TERMINATION);
    return out;
  }
  out.resize(static_cast<size_t>(text->Utf8Length(isolate)));
  text->WriteUtf8(isolate, out.data(), static_cast<int>(out.size()), nullptr,
                  v8::String::NO_NULL_TERMINATION | v8::String::REPLACE_INVALID_UTF8);
  return out;
}

std::string TextIfString(v8::Isolate* isolate, v8::Local<v8::Value> value) {
  return value->IsString() ? TextOf(isolate, value.As<v8::String>()) : "";
}

bool ToText(Context context, v8::Local<v8::Value> value, std::string* text) {
  v8::Local<v8::String> string;
  if (!value->ToString(context).ToLocal(&string)) {
    return false;
  }
  *text = TextOf(context->GetIsolate(), string);
  return true;
}

std::string Shown(Context context, v8::Local<v8::Value> value) {
  constexpr int kMostShown = 200;
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::String> text;
  if (value->IsString() && value.As<v8::String>()->Length() > kMostShown) {
    return absl::StrCat("a string of ", value.As<v8::String>()->Length(), " characters");
  }
  const bool quoted = value->IsString() && v8::JSON::Stringify(context, value).ToLocal(&text);
  if (quoted || ((value->IsNumber() || value->IsBoolean() || value->IsNull()) &&
                 value->ToString(context).ToLocal(&text))) {
    return TextOf(isolate, text);
  }
  return TextOf(isolate, value->TypeOf(isolate));
}

std::optional<std::string> BytesOf(v8::Local<v8::Value> value) {
  if (value->IsArrayBuffer()) {
    const std::shared_ptr<v8::BackingStore> store = value.As<v8::ArrayBuffer>()->GetBackingStore();
    return std::string(static_cast<const char*>(store->Data()), store->ByteLength());
  }
  if (value->IsArrayBufferView()) {
    const v8::Local<v8::ArrayBufferView> view = value.As<v8::ArrayBufferView>();
    std::string bytes(view->ByteLength(), '\0');
    view->CopyContents(bytes.data(), bytes.size());
    return bytes;
  }
  return std::nullopt;
}

bool BytesOrText(v8::Isolate* isolate, v8::Local<v8::Value> value, std::string* bytes) {
  if (value->IsString()) {
    *bytes = TextOf(isolate, value.As<v8::String>());
    return true;
  }
  std::optional<std::string> binary = BytesOf(value);
  if (!binary) {
    return false;
  }
  *bytes = *std::move(binary);
  return true;
}

}  // namespace lockstep::agent
