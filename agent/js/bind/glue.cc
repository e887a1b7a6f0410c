#include "agent/js/bind/glue.h"

#include <algorithm>
#include <cstring>
#include <memory>

namespace lockstep::agent {
namespace {

constexpr uint32_t kFunctionCacheSlot = 0;

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

v8::Local<v8::String> MakeString(v8::Isolate* isolate, absl::string_view text,
                                 v8::NewStringType type) {
  // Longer than V8's limit on strings: nothing sensible can be done with it, and scripts see an
  // empty string.
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

void ThrowTypeError(v8::Isolate* isolate, absl::string_view message) {
  isolate->ThrowException(v8::Exception::TypeError(JsText(isolate, message)));
}

void ThrowError(v8::Isolate* isolate, absl::string_view message) {
  isolate->ThrowException(v8::Exception::Error(JsText(isolate, message)));
}

void ThrowStatus(v8::Isolate* isolate, const absl::Status& status) {
  const v8::Local<v8::String> message = JsText(isolate, status.message());
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      isolate->ThrowException(v8::Exception::TypeError(message));
      break;
    case absl::StatusCode::kOutOfRange:
      isolate->ThrowException(v8::Exception::RangeError(message));
      break;
    default:
      isolate->ThrowException(v8::Exception::Error(message));
  }
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

bool ToText(v8::Local<v8::Context> context, v8::Local<v8::Value> value, std::string* text) {
  v8::Local<v8::String> string;
  if (!value->ToString(context).ToLocal(&string)) {
    return false;
  }
  *text = TextOf(context->GetIsolate(), string);
  return true;
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

bool GetProperty(v8::Local<v8::Context> context, v8::Local<v8::Object> object,
                 absl::string_view name, v8::Local<v8::Value>* value) {
  return object->Get(context, JsName(context->GetIsolate(), name)).ToLocal(value);
}

bool ForEachOwn(
    v8::Local<v8::Context> context, v8::Local<v8::Object> object,
    absl::FunctionRef<bool(const std::string& name, v8::Local<v8::Value> value)> visit) {
  v8::Local<v8::Array> names;
  if (!object
           ->GetOwnPropertyNames(context, v8::ONLY_ENUMERABLE,
                                 v8::KeyConversionMode::kConvertToString)
           .ToLocal(&names)) {
    return false;
  }
  for (uint32_t i = 0; i < names->Length(); ++i) {
    v8::Local<v8::Value> name, value;
    if (!names->Get(context, i).ToLocal(&name) || !object->Get(context, name).ToLocal(&value) ||
        !visit(TextOf(context->GetIsolate(), name.As<v8::String>()), value)) {
      return false;
    }
  }
  return true;
}

absl::Status ForEachOwnOrStatus(
    v8::Local<v8::Context> context, v8::Local<v8::Object> object,
    absl::FunctionRef<absl::Status(const std::string& name, v8::Local<v8::Value> value)> visit) {
  absl::Status status = absl::CancelledError();  // if it is not for `visit` that the loop ends
  const bool all =
      ForEachOwn(context, object, [&](const std::string& name, v8::Local<v8::Value> value) {
        absl::Status visited = visit(name, value);
        if (visited.ok()) {
          return true;
        }
        status = std::move(visited);
        return false;
      });
  return all ? absl::OkStatus() : status;
}

void SetProperty(v8::Local<v8::Context> context, v8::Local<v8::Object> object,
                 absl::string_view name, v8::Local<v8::Value> value) {
  object->CreateDataProperty(context, JsName(context->GetIsolate(), name), value).Check();
}

void SetFunction(v8::Local<v8::Context> context, v8::Local<v8::Object> object,
                 absl::string_view name, v8::FunctionCallback callback, v8::Local<v8::Value> data) {
  v8::Isolate* isolate = context->GetIsolate();
  FunctionCache* cache = FunctionCache::Of(isolate);
  v8::Local<v8::Function> function;
  if (cache != nullptr && data.IsEmpty()) {
    if (!cache->Get(name, callback)->GetFunction(context).ToLocal(&function)) {
      return;
    }
  } else if (v8::Function::New(context, callback, data, 0, v8::ConstructorBehavior::kThrow)
                 .ToLocal(&function)) {
    function->SetName(JsName(isolate, name));
  } else {
    return;
  }
  SetProperty(context, object, name, function);
}

FunctionCache::FunctionCache(v8::Isolate* isolate) : isolate_(isolate) {
  isolate->SetData(kFunctionCacheSlot, this);
}

FunctionCache::~FunctionCache() {
  isolate_->SetData(kFunctionCacheSlot, nullptr);
}

FunctionCache* FunctionCache::Of(v8::Isolate* isolate) {
  return static_cast<FunctionCache*>(isolate->GetData(kFunctionCacheSlot));
}

v8::Local<v8::FunctionTemplate> FunctionCache::Get(absl::string_view name,
                                                   v8::FunctionCallback callback) {
  v8::Global<v8::FunctionTemplate>& known = templates_[{std::string(name), callback}];
  if (known.IsEmpty()) {
    const v8::Local<v8::FunctionTemplate> made =
        v8::FunctionTemplate::New(isolate_, callback, {}, {}, 0, v8::ConstructorBehavior::kThrow);
    made->SetClassName(JsName(isolate_, name));
    known.Reset(isolate_, made);
  }
  return known.Get(isolate_);
}

bool IsPlainObject(v8::Local<v8::Value> value) {
  return value->IsObject() && !value->IsArray() && !value->IsFunction() &&
         !value->IsArrayBuffer() && !value->IsArrayBufferView() && !value->IsStringObject() &&
         !value->IsNumberObject() && !value->IsBooleanObject();
}

}  // namespace lockstep::agent
