#include "agent/js/text_codec_globals.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <unicode/ucnv.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {
namespace {

// The encodings, each with its labels in the Encoding Standard.
constexpr std::pair<absl::string_view, absl::string_view> kEncodings[] = {
    {"utf-8", "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8"},
    {"utf-16be", "unicodefffe utf-16be"},
    {"utf-16le", "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le"},
    {"windows-1252",
     "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252"},
};

// The name of the encoding that `label` stands for; "" if there is none.
absl::string_view EncodingOf(absl::string_view label) {
  const std::string wanted = absl::AsciiStrToLower(absl::StripAsciiWhitespace(label));
  for (const auto& [encoding, labels] : kEncodings) {
    for (const absl::string_view known : absl::StrSplit(labels, ' ')) {
      if (known == wanted) {
        return encoding;
      }
    }
  }
  return "";
}

class Decoder {
 public:
  // `encoding` is one of EncodingOf's.
  Decoder(absl::string_view encoding, bool fatal, bool ignore_bom) : ignore_bom_(ignore_bom) {
    UErrorCode error = U_ZERO_ERROR;
    converter_.reset(ucnv_open(std::string(encoding).c_str(), &error));
    ucnv_setToUCallBack(converter_.get(),
                        fatal ? UCNV_TO_U_CALLBACK_STOP : UCNV_TO_U_CALLBACK_SUBSTITUTE, nullptr,
                        nullptr, nullptr, &error);
  }

  // The text of `bytes`, which follow those of the calls before unless the last of them was `last`.
  // Nothing if they are not valid and the decoder is a fatal one.
  std::optional<std::u16string> Decode(absl::string_view bytes, bool last) {
    // A byte becomes one unit at most, and so does each of the few that were kept.
    constexpr size_t kKept = 16;
    std::u16string text(bytes.size() + kKept, u'\0');
    char16_t* end = text.data();
    const char* from = bytes.data();
    UErrorCode error = U_ZERO_ERROR;
    ucnv_toUnicode(converter_.get(), &end, text.data() + text.size(), &from,
                   bytes.data() + bytes.size(), nullptr, last ? 1 : 0, &error);
    text.resize(static_cast<size_t>(end - text.data()));
    constexpr char16_t kByteOrderMark = u'\uFEFF';
    if (!started_ && !ignore_bom_ && !text.empty() && text.front() == kByteOrderMark) {
      text.erase(0, 1);
      started_ = true;
    }
    started_ = started_ || !text.empty();
    if (last || U_FAILURE(error)) {
      ucnv_resetToUnicode(converter_.get());
      started_ = false;
    }
    return U_FAILURE(error) ? std::nullopt : std::optional(std::move(text));
  }

 private:
  struct Close {
    void operator()(UConverter* converter) const { ucnv_close(converter); }
  };

  std::unique_ptr<UConverter, Close> converter_;
  bool ignore_bom_;
  bool started_ = false;  // some of the text has been given out
};

// Reads a flag of `options`, which may be anything.
bool Flag(Context context, v8::Local<v8::Value> options, absl::string_view name, bool* flag) {
  v8::Local<v8::Value> value;
  if (options->IsObject()) {
    if (!GetProperty(context, options.As<v8::Object>(), name, &value)) {
      return false;
    }
    *flag = value->BooleanValue(context->GetIsolate());
  }
  return true;
}

void ConstructDecoder(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  if (!info.IsConstructCall()) {
    ThrowTypeError(isolate, "must be called with new");
    return;
  }
  std::string label = "utf-8";
  bool fatal = false;
  bool ignore_bom = false;
  if ((!info[0]->IsUndefined() && !ToText(context, info[0], &label)) ||
      !Flag(context, info[1], "fatal", &fatal) ||
      !Flag(context, info[1], "ignoreBOM", &ignore_bom)) {
    return;
  }
  const absl::string_view encoding = EncodingOf(label);
  if (encoding.empty()) {
    ThrowStatus(isolate,
                absl::OutOfRangeError(absl::StrCat(
                    "TextDecoder: unsupported encoding: ", label,
                    "; utf-8, utf-16le, utf-16be and windows-1252 (latin1) are supported")));
    return;
  }
  AttachOwned(isolate, info.This(), std::make_unique<Decoder>(encoding, fatal, ignore_bom));
  const auto define = [&](absl::string_view name, v8::Local<v8::Value> value) {
    info.This()->DefineOwnProperty(context, JsName(isolate, name), value, v8::ReadOnly).Check();
  };
  define("encoding", JsText(isolate, encoding));
  define("fatal", v8::Boolean::New(isolate, fatal));
  define("ignoreBOM", v8::Boolean::New(isolate, ignore_bom));
}

void Decode(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  // As in k6, a string stands for its UTF-8.
  std::optional<std::string> bytes = std::string();
  if (info[0]->IsString()) {
    bytes = TextArgument(info, 0);
  } else if (!info[0]->IsUndefined()) {
    bytes = BytesOf(info[0]);
  }
  if (!bytes.has_value()) {
    ThrowTypeError(isolate,
                   "TextDecoder.decode: argument 1 must be an ArrayBuffer or a view on one");
    return;
  }
  bool stream = false;
  if (!Flag(isolate->GetCurrentContext(), info[1], "stream", &stream)) {
    return;
  }
  const std::optional<std::u16string> text = OwnedBy<Decoder>(info.This())->Decode(*bytes, !stream);
  if (!text.has_value()) {
    ThrowTypeError(isolate, "TextDecoder.decode: the bytes are not valid in the encoding");
    return;
  }
  Return(info,
         v8::String::NewFromTwoByte(isolate, reinterpret_cast<const uint16_t*>(text->data()),
                                    v8::NewStringType::kNormal, static_cast<int>(text->size())));
}

void ConstructEncoder(const Info& info) {
  if (!info.IsConstructCall()) {
    ThrowTypeError(info.GetIsolate(), "must be called with new");
  }
}

void Encode(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  std::string text;
  if (!info[0]->IsUndefined() && !ToText(isolate->GetCurrentContext(), info[0], &text)) {
    return;
  }
  const v8::Local<v8::ArrayBuffer> buffer = JsBytes(isolate, text);
  info.GetReturnValue().Set(v8::Uint8Array::New(buffer, 0, buffer->ByteLength()));
}

// (text, to): as much of the text as fits.
void EncodeInto(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  v8::Local<v8::String> text;
  if (!info[1]->IsUint8Array()) {
    ThrowTypeError(isolate, "TextEncoder.encodeInto: argument 2 must be a Uint8Array");
    return;
  }
  if (!info[0]->ToString(context).ToLocal(&text)) {
    return;
  }
  const auto to = info[1].As<v8::Uint8Array>();
  char* const start = static_cast<char*>(to->Buffer()->GetBackingStore()->Data());
  int read = 0, written = 0;
  if (to->ByteLength() > 0 && start != nullptr) {
    written =
        text->WriteUtf8(isolate, start + to->ByteOffset(), static_cast<int>(to->ByteLength()),
                        &read, v8::String::NO_NULL_TERMINATION | v8::String::REPLACE_INVALID_UTF8);
  }
  const v8::Local<v8::Object> result = v8::Object::New(isolate);
  SetProperty(context, result, "read", read);
  SetProperty(context, result, "written", written);
  info.GetReturnValue().Set(result);
}

v8::MaybeLocal<v8::Function> TextEncoderClass(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  const auto complete = [isolate](v8::Local<v8::FunctionTemplate> made) {
    made->PrototypeTemplate()->Set(JsName(isolate, "encode"),
                                   v8::FunctionTemplate::New(isolate, &Encode));
    made->PrototypeTemplate()->Set(JsName(isolate, "encodeInto"),
                                   v8::FunctionTemplate::New(isolate, &EncodeInto));
    made->PrototypeTemplate()->Set(JsName(isolate, "encoding"), JsText(isolate, "utf-8"));
  };
  return ClassTemplate(isolate, "TextEncoder", &ConstructEncoder, complete)->GetFunction(context);
}

v8::MaybeLocal<v8::Function> TextDecoderClass(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  const auto complete = [isolate](v8::Local<v8::FunctionTemplate> made) {
    made->InstanceTemplate()->SetInternalFieldCount(2);
    made->PrototypeTemplate()->Set(
        JsName(isolate, "decode"),
        v8::FunctionTemplate::New(isolate, &Decode, {}, v8::Signature::New(isolate, made), 0,
                                  v8::ConstructorBehavior::kThrow));
  };
  return ClassTemplate(isolate, "TextDecoder", &ConstructDecoder, complete)->GetFunction(context);
}

}  // namespace

bool SetTextCodecs(Context context, v8::Local<v8::Object> holder) {
  v8::Local<v8::Function> encoder;
  v8::Local<v8::Function> decoder;
  if (!TextEncoderClass(context).ToLocal(&encoder) ||
      !TextDecoderClass(context).ToLocal(&decoder)) {
    return false;
  }
  SetProperty(context, holder, "TextEncoder", encoder);
  SetProperty(context, holder, "TextDecoder", decoder);
  return true;
}

}  // namespace lockstep::agent
