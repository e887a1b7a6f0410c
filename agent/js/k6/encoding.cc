#include "agent/js/k6/encoding.h"

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#include "agent/data/crypto/text_codec.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/k6_values.h"

namespace lockstep::agent {
namespace {

// The alphabet that an argument names; std where it names none, or one that does not exist.
bool AlphabetOf(const Info& info, int index, Base64Alphabet* alphabet) {
  std::string name;
  if (!info[index]->IsNullOrUndefined() &&
      !ToText(info.GetIsolate()->GetCurrentContext(), info[index], &name)) {
    return false;
  }
  const std::optional<Base64Alphabet> known = ParseBase64Alphabet(name);
  if (!known.has_value() && !name.empty()) {
    WarnOfUnknown(ModuleOf<ApiVu>(info), "k6/encoding", "encoding", name,
                  {"rawstd", "rawurl", "std", "url"});
  }
  *alphabet = known.value_or(Base64Alphabet::kStd);
  return true;
}

void B64Encode(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  std::string bytes;
  Base64Alphabet alphabet;
  if (!AlphabetOf(info, 1, &alphabet)) {
    return;
  }
  if (const absl::Status read = K6Bytes(isolate, info[0], &bytes); !read.ok()) {
    ThrowTypeError(isolate, absl::StrCat("b64encode: ", read.message()));
    return;
  }
  info.GetReturnValue().Set(JsText(isolate, EncodeBase64(bytes, alphabet)));
}

void B64Decode(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  std::string text;
  Base64Alphabet alphabet;
  if (!ToText(isolate->GetCurrentContext(), info[0], &text) || !AlphabetOf(info, 1, &alphabet)) {
    return;
  }
  const absl::StatusOr<std::string> bytes = DecodeBase64(text, alphabet);
  if (!bytes.ok()) {
    ThrowError(isolate, bytes.status().message());
    return;
  }
  std::string format;
  if (!info[2]->IsNullOrUndefined() && !ToText(isolate->GetCurrentContext(), info[2], &format)) {
    return;
  }
  if (format == "s") {
    info.GetReturnValue().Set(JsText(isolate, *bytes));
  } else {
    if (!format.empty()) {
      WarnOfUnknown(ModuleOf<ApiVu>(info), "k6/encoding", "format of a result", format, {"s"});
    }
    info.GetReturnValue().Set(JsBytes(isolate, *bytes));
  }
}

}  // namespace

v8::Local<v8::Object> MakeEncodingModule(Context context, ApiVu& vu) {
  SetModule(context, &vu);
  const v8::Local<v8::Object> exports = v8::Object::New(context->GetIsolate());
  SetFunction(context, exports, "b64encode", B64Encode);
  SetFunction(context, exports, "b64decode", B64Decode);
  return exports;
}

}  // namespace lockstep::agent
