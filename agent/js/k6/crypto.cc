#include "agent/js/k6/crypto.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/data/crypto/digest.h"
#include "agent/data/crypto/text_codec.h"
#include "agent/js/bind/bound_methods.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/holder.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/k6_values.h"
#include "common/base/random_bytes.h"

namespace lockstep::agent {
namespace {

// The digest in the encoding that an argument names; it must name one, as in k6.
bool ReturnDigest(const Info& info, absl::string_view digest, v8::Local<v8::Value> encoding) {
  v8::Isolate* isolate = info.GetIsolate();
  std::string name;
  if (!encoding->IsNullOrUndefined() && !ToText(isolate->GetCurrentContext(), encoding, &name)) {
    return false;
  }
  const std::optional<DigestEncoding> chosen = ParseDigestEncoding(name);
  if (!chosen) {
    ThrowError(isolate, absl::StrCat("invalid output encoding: ", name));
    return false;
  }
  const std::string encoded = EncodeDigest(digest, *chosen);
  if (*chosen == DigestEncoding::kBinary) {
    info.GetReturnValue().Set(JsBytes(isolate, encoded));
  } else {
    info.GetReturnValue().Set(JsText(isolate, encoded));
  }
  return true;
}

bool InputOf(const Info& info, int index, std::string* bytes) {
  const absl::Status read = K6Bytes(info.GetIsolate(), info[index], bytes);
  if (!read.ok()) {
    ThrowTypeError(info.GetIsolate(), read.message());
  }
  return read.ok();
}

bool AlgorithmOf(const Info& info, int index, HashAlgorithm* algorithm) {
  std::string name;
  if (!ToText(info.GetIsolate()->GetCurrentContext(), info[index], &name)) {
    return false;
  }
  const std::optional<HashAlgorithm> known = ParseHashAlgorithm(name);
  if (!known) {
    ThrowError(info.GetIsolate(), absl::StrCat("invalid algorithm: ", name));
    return false;
  }
  *algorithm = *known;
  return true;
}

void OneShotHash(const Info& info) {
  const auto algorithm = static_cast<HashAlgorithm>(info.Data().As<v8::Int32>()->Value());
  std::string input;
  if (InputOf(info, 0, &input)) {
    ReturnDigest(info, Hash(algorithm, input), info[1]);
  }
}

void OneShotHmac(const Info& info) {
  HashAlgorithm algorithm;
  std::string key, input;
  if (!AlgorithmOf(info, 0, &algorithm) || !InputOf(info, 1, &key) || !InputOf(info, 2, &input)) {
    return;
  }
  const std::unique_ptr<Hasher> hasher = MakeHmac(algorithm, key);
  hasher->Update(input);
  ReturnDigest(info, hasher->Digest(), info[3]);
}

// What a method, which is bound to it, was called on.
Hasher& HasherOf(const Info& info) {
  return *OwnedBy<Hasher>(info.This());
}

void UpdateHasher(const Info& info) {
  std::string input;
  if (InputOf(info, 0, &input)) {
    HasherOf(info).Update(input);
  }
}

void DigestHasher(const Info& info) {
  ReturnDigest(info, HasherOf(info).Digest(), info[0]);
}

void ReturnHasher(const Info& info, std::unique_ptr<Hasher> hasher) {
  const Context context = ContextOf(info);
  v8::Local<v8::Object> object;
  if (MakeHolder(context, std::move(hasher)).ToLocal(&object)) {
    SetBoundMethod(context, object, "update", UpdateHasher);
    SetBoundMethod(context, object, "digest", DigestHasher);
    info.GetReturnValue().Set(object);
  }
}

void CreateHash(const Info& info) {
  HashAlgorithm algorithm;
  if (AlgorithmOf(info, 0, &algorithm)) {
    ReturnHasher(info, MakeHash(algorithm));
  }
}

void CreateHmac(const Info& info) {
  HashAlgorithm algorithm;
  std::string key;
  if (AlgorithmOf(info, 0, &algorithm) && InputOf(info, 1, &key)) {
    ReturnHasher(info, MakeHmac(algorithm, key));
  }
}

void RandomBytesFunction(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  double count = 0;
  if (!info[0]->NumberValue(isolate->GetCurrentContext()).To(&count)) {
    return;
  }
  if (!(count >= 1 && count <= 1 << 30)) {
    ThrowError(isolate, "invalid size");
    return;
  }
  info.GetReturnValue().Set(JsBytes(isolate, RandomBytes(static_cast<size_t>(count))));
}

void HexEncode(const Info& info) {
  std::string input;
  if (InputOf(info, 0, &input)) {
    info.GetReturnValue().Set(JsText(info.GetIsolate(), EncodeHex(input)));
  }
}

}  // namespace

v8::Local<v8::Object> MakeCryptoModule(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  for (const auto& [name, algorithm] : kHashAlgorithms) {
    SetFunction(context, exports, name, OneShotHash,
                v8::Int32::New(isolate, static_cast<int>(algorithm)));
  }
  SetFunction(context, exports, "hmac", OneShotHmac);
  SetFunction(context, exports, "createHash", CreateHash);
  SetFunction(context, exports, "createHMAC", CreateHmac);
  SetFunction(context, exports, "randomBytes", RandomBytesFunction);
  SetFunction(context, exports, "hexEncode", HexEncode);
  return exports;
}

}  // namespace lockstep::agent
