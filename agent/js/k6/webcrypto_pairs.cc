#include "agent/js/k6/webcrypto_pairs.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/data/crypto/key_pair.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/holder.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/webcrypto_arguments.h"

namespace lockstep::agent {
namespace {

constexpr size_t kPairBytes = 4096;  // roughly what OpenSSL holds of one

void ReturnPair(const Info& info, absl::StatusOr<KeyPair> pair) {
  if (!pair.ok()) {
    ThrowError(info.GetIsolate(), pair.status().message());
    return;
  }
  Return(info,
         MakeHolder(ContextOf(info), std::make_unique<KeyPair>(*std::move(pair)), kPairBytes));
}

void ReturnVerdict(const Info& info, const absl::StatusOr<bool>& good) {
  if (good.ok()) {
    info.GetReturnValue().Set(*good);
  } else {
    ThrowError(info.GetIsolate(), good.status().message());
  }
}

// A key that these functions have made; the script in front of them passes no others.
const KeyPair* PairAt(const Info& info, int index) {
  const KeyPair* pair =
      info[index]->IsObject() ? OwnedBy<KeyPair>(info[index].As<v8::Object>()) : nullptr;
  if (pair == nullptr) {
    ThrowTypeError(info.GetIsolate(), "expected a key");
  }
  return pair;
}

bool CurveAt(const Info& info, int index, Curve* curve) {
  std::string name;
  if (!ToText(info.GetIsolate()->GetCurrentContext(), info[index], &name)) {
    return false;
  }
  const std::optional<Curve> known = ParseCurve(name);
  if (!known.has_value()) {
    ThrowTypeError(info.GetIsolate(), absl::StrCat("unknown curve ", name));
    return false;
  }
  *curve = *known;
  return true;
}

// The bytes of the member `name` of the object at `index`; "" without one.
bool NumberAt(const Info& info, int index, absl::string_view name, std::string* bytes) {
  v8::Local<v8::Value> value;
  if (!info[index]->IsObject() || !GetProperty(info.GetIsolate()->GetCurrentContext(),
                                               info[index].As<v8::Object>(), name, &value)) {
    return false;
  }
  *bytes = BytesOf(value).value_or("");
  return true;
}

// generateRsa(bits, exponent)
void GenerateRsa(const Info& info) {
  int64_t bits = 0;
  std::string exponent;
  if (CryptoIntAt(info, 0, &bits) && CryptoBytesAt(info, 1, &exponent)) {
    ReturnPair(info, KeyPair::GenerateRsa(bits, exponent));
  }
}

void GenerateCurve(const Info& info) {
  Curve curve{};
  if (CurveAt(info, 0, &curve)) {
    ReturnPair(info, KeyPair::GenerateEc(curve));
  }
}

// fromDer("spki" or "pkcs8", bytes)
void FromDer(const Info& info) {
  std::string format, bytes;
  if (ToText(info.GetIsolate()->GetCurrentContext(), info[0], &format) &&
      CryptoBytesAt(info, 1, &bytes)) {
    ReturnPair(info, format == "spki" ? KeyPair::FromSpki(bytes) : KeyPair::FromPkcs8(bytes));
  }
}

void FromPoint(const Info& info) {
  Curve curve{};
  std::string point;
  if (CurveAt(info, 0, &curve) && CryptoBytesAt(info, 1, &point)) {
    ReturnPair(info, KeyPair::FromPoint(curve, point));
  }
}

void FromRsaNumbers(const Info& info) {
  RsaNumbers numbers;
  if (NumberAt(info, 0, "n", &numbers.n) && NumberAt(info, 0, "e", &numbers.e) &&
      NumberAt(info, 0, "d", &numbers.d) && NumberAt(info, 0, "p", &numbers.p) &&
      NumberAt(info, 0, "q", &numbers.q) && NumberAt(info, 0, "dp", &numbers.dp) &&
      NumberAt(info, 0, "dq", &numbers.dq) && NumberAt(info, 0, "qi", &numbers.qi)) {
    ReturnPair(info, KeyPair::FromNumbers(numbers));
  }
}

// fromCurveNumbers(curve, { x, y, d })
void FromCurveNumbers(const Info& info) {
  EcNumbers numbers;
  if (CurveAt(info, 0, &numbers.curve) && NumberAt(info, 1, "x", &numbers.x) &&
      NumberAt(info, 1, "y", &numbers.y) && NumberAt(info, 1, "d", &numbers.d)) {
    ReturnPair(info, KeyPair::FromNumbers(numbers));
  }
}

// { isPrivate, curve } or { isPrivate, bits, exponent }
void Facts(const Info& info) {
  const KeyPair* pair = PairAt(info, 0);
  if (pair == nullptr) {
    return;
  }
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  const v8::Local<v8::Object> facts = v8::Object::New(isolate);
  SetProperty(context, facts, "isPrivate", pair->is_private());
  if (pair->curve().has_value()) {
    SetProperty(context, facts, "curve", CurveName(*pair->curve()));
  } else {
    SetProperty(context, facts, "bits", pair->bits());
    SetProperty(context, facts, "exponent", JsBytes(isolate, pair->ToRsaNumbers().e));
  }
  info.GetReturnValue().Set(facts);
}

void PublicOf(const Info& info) {
  if (const KeyPair* pair = PairAt(info, 0)) {
    ReturnPair(info, pair->Public());
  }
}

// toBytes("spki", "pkcs8" or "raw", key)
void ToBytes(const Info& info) {
  const KeyPair* pair = PairAt(info, 1);
  std::string format;
  if (pair != nullptr && ToText(info.GetIsolate()->GetCurrentContext(), info[0], &format)) {
    ReturnBytes(info, format == "spki"    ? pair->ToSpki()
                      : format == "pkcs8" ? pair->ToPkcs8()
                                          : pair->ToPoint());
  }
}

// The numbers of a key by their names in JWKs.
void Numbers(const Info& info) {
  const KeyPair* pair = PairAt(info, 0);
  if (pair == nullptr) {
    return;
  }
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Object> object = v8::Object::New(isolate);
  const auto set = [&](absl::string_view name, const std::string& number) {
    if (!number.empty()) {
      SetProperty(isolate->GetCurrentContext(), object, name, JsBytes(isolate, number));
    }
  };
  if (pair->curve().has_value()) {
    const EcNumbers numbers = pair->ToEcNumbers();
    set("x", numbers.x);
    set("y", numbers.y);
    set("d", numbers.d);
  } else {
    const RsaNumbers numbers = pair->ToRsaNumbers();
    set("n", numbers.n);
    set("e", numbers.e);
    set("d", numbers.d);
    set("p", numbers.p);
    set("q", numbers.q);
    set("dp", numbers.dp);
    set("dq", numbers.dq);
    set("qi", numbers.qi);
  }
  info.GetReturnValue().Set(object);
}

// The arguments from 1 on: whether it is PSS, the hash, the length of the salt.
bool SchemeAt(const Info& info, RsaSignatureCall* call) {
  call->scheme = info[1]->IsTrue() ? RsaSignature::kPss : RsaSignature::kPkcs1;
  return CryptoHashAt(info, 2, &call->hash) && CryptoIntAt(info, 3, &call->salt_bytes);
}

// rsaSign(key, pss, hash, salt bytes, data)
void RsaSignFunction(const Info& info) {
  const KeyPair* pair = PairAt(info, 0);
  RsaSignatureCall call;
  std::string data;
  if (pair != nullptr && SchemeAt(info, &call) && CryptoBytesAt(info, 4, &data)) {
    ReturnBytes(info, RsaSign(*pair, call, data));
  }
}

// rsaVerify(key, pss, hash, salt bytes, signature, data)
void RsaVerifyFunction(const Info& info) {
  const KeyPair* pair = PairAt(info, 0);
  RsaSignatureCall call;
  std::string signature, data;
  if (pair != nullptr && SchemeAt(info, &call) && CryptoBytesAt(info, 4, &signature) &&
      CryptoBytesAt(info, 5, &data)) {
    ReturnVerdict(info, RsaVerify(*pair, call, signature, data));
  }
}

// oaep(encrypt, key, hash, label, text)
void OaepFunction(const Info& info) {
  const KeyPair* pair = PairAt(info, 1);
  HashAlgorithm hash{};
  std::string label, text;
  if (pair != nullptr && CryptoHashAt(info, 2, &hash) && CryptoBytesAt(info, 3, &label) &&
      CryptoBytesAt(info, 4, &text)) {
    ReturnBytes(info, info[0]->IsTrue() ? OaepEncrypt(*pair, hash, label, text)
                                        : OaepDecrypt(*pair, hash, label, text));
  }
}

// ecdsaSign(key, hash, data)
void EcdsaSignFunction(const Info& info) {
  const KeyPair* pair = PairAt(info, 0);
  HashAlgorithm hash{};
  std::string data;
  if (pair != nullptr && CryptoHashAt(info, 1, &hash) && CryptoBytesAt(info, 2, &data)) {
    ReturnBytes(info, EcdsaSign(*pair, hash, data));
  }
}

// ecdsaVerify(key, hash, signature, data)
void EcdsaVerifyFunction(const Info& info) {
  const KeyPair* pair = PairAt(info, 0);
  HashAlgorithm hash{};
  std::string signature, data;
  if (pair != nullptr && CryptoHashAt(info, 1, &hash) && CryptoBytesAt(info, 2, &signature) &&
      CryptoBytesAt(info, 3, &data)) {
    ReturnVerdict(info, EcdsaVerify(*pair, hash, signature, data));
  }
}

// ecdh(key, peer's key)
void EcdhFunction(const Info& info) {
  const KeyPair* pair = PairAt(info, 0);
  const KeyPair* peer = pair == nullptr ? nullptr : PairAt(info, 1);
  if (peer != nullptr) {
    ReturnBytes(info, EcdhSecret(*pair, *peer));
  }
}

}  // namespace

void AddKeyPairFunctions(Context context, v8::Local<v8::Object> functions) {
  SetFunction(context, functions, "generateRsa", &GenerateRsa);
  SetFunction(context, functions, "generateCurve", &GenerateCurve);
  SetFunction(context, functions, "fromDer", &FromDer);
  SetFunction(context, functions, "fromPoint", &FromPoint);
  SetFunction(context, functions, "fromRsaNumbers", &FromRsaNumbers);
  SetFunction(context, functions, "fromCurveNumbers", &FromCurveNumbers);
  SetFunction(context, functions, "facts", &Facts);
  SetFunction(context, functions, "publicOf", &PublicOf);
  SetFunction(context, functions, "toBytes", &ToBytes);
  SetFunction(context, functions, "numbers", &Numbers);
  SetFunction(context, functions, "rsaSign", &RsaSignFunction);
  SetFunction(context, functions, "rsaVerify", &RsaVerifyFunction);
  SetFunction(context, functions, "oaep", &OaepFunction);
  SetFunction(context, functions, "ecdsaSign", &EcdsaSignFunction);
  SetFunction(context, functions, "ecdsaVerify", &EcdsaVerifyFunction);
  SetFunction(context, functions, "ecdh", &EcdhFunction);
}

}  // namespace lockstep::agent
