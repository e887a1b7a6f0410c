#include "agent/js/k6/webcrypto.h"

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <openssl/crypto.h>

#include "absl/strings/str_cat.h"

#include "agent/data/crypto/cipher.h"
#include "agent/data/crypto/digest.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/text.h"
#include "common/base/random_bytes.h"

namespace lockstep::agent {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

// Readers of arguments; false with a pending exception.
bool BytesAt(const Info& info, int index, std::string* bytes) {
  std::optional<std::string> found = BytesOf(info[index]);
  if (!found.has_value()) {
    ThrowTypeError(info.GetIsolate(), "expected an ArrayBuffer or a view on one");
    return false;
  }
  *bytes = *std::move(found);
  return true;
}

bool IntAt(const Info& info, int index, int64_t* number) {
  double value = 0;
  if (!info[index]->NumberValue(info.GetIsolate()->GetCurrentContext()).To(&value)) {
    return false;
  }
  constexpr double kMost = 9007199254740991;
  if (!(std::abs(value) <= kMost) || value != std::floor(value)) {
    ThrowTypeError(info.GetIsolate(), absl::StrCat("expected an integer, got ", value));
    return false;
  }
  *number = static_cast<int64_t>(value);
  return true;
}

bool HashAt(const Info& info, int index, HashAlgorithm* hash) {
  std::string name;
  if (!ToText(info.GetIsolate()->GetCurrentContext(), info[index], &name)) {
    return false;
  }
  const std::optional<HashAlgorithm> known = ParseHashAlgorithm(name);
  if (!known.has_value()) {
    ThrowTypeError(info.GetIsolate(), absl::StrCat("unknown hash ", name));
    return false;
  }
  *hash = *known;
  return true;
}

void Return(const Info& info, const absl::StatusOr<std::string>& bytes) {
  if (bytes.ok()) {
    info.GetReturnValue().Set(JsBytes(info.GetIsolate(), *bytes));
  } else {
    ThrowError(info.GetIsolate(), bytes.status().message());
  }
}

void Random(const Info& info) {
  int64_t count = 0;
  if (IntAt(info, 0, &count)) {
    constexpr int64_t kMost = 65536;  // as the standard says of getRandomValues
    Return(info, count < 0 || count > kMost
                     ? absl::InvalidArgumentError("more than 65536 random bytes at once")
                     : absl::StatusOr<std::string>(RandomBytes(static_cast<size_t>(count))));
  }
}

void HashFunction(const Info& info) {
  HashAlgorithm hash;
  std::string data;
  if (HashAt(info, 0, &hash) && BytesAt(info, 1, &data)) {
    Return(info, Hash(hash, data));
  }
}

void HmacFunction(const Info& info) {
  HashAlgorithm hash;
  std::string key, data;
  if (HashAt(info, 0, &hash) && BytesAt(info, 1, &key) && BytesAt(info, 2, &data)) {
    const std::unique_ptr<Hasher> hasher = MakeHmac(hash, key);
    hasher->Update(data);
    Return(info, hasher->Digest());
  }
}

// Whether two byte strings are equal, in a time that does not tell where they differ.
void Equal(const Info& info) {
  std::string a, b;
  if (BytesAt(info, 0, &a) && BytesAt(info, 1, &b)) {
    info.GetReturnValue().Set(a.size() == b.size() &&
                              CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
  }
}

// aes(mode, encrypt, key, iv, data, additional data, bits of the tag or the counter)
void AesFunction(const Info& info) {
  std::string mode, key, iv, data, additional;
  int64_t bits = 0;
  if (!ToText(info.GetIsolate()->GetCurrentContext(), info[0], &mode) || !BytesAt(info, 2, &key) ||
      !BytesAt(info, 3, &iv) || !BytesAt(info, 4, &data) || !BytesAt(info, 5, &additional) ||
      !IntAt(info, 6, &bits)) {
    return;
  }
  Return(info, Aes({.mode = mode == "AES-CBC"   ? AesMode::kCbc
                            : mode == "AES-CTR" ? AesMode::kCtr
                                                : AesMode::kGcm,
                    .encrypt = info[1]->IsTrue(),
                    .key = key,
                    .iv = iv,
                    .additional_data = additional,
                    .tag_bits = bits,
                    .counter_bits = bits},
                   data));
}

// pbkdf2(hash, password, salt, iterations, bytes)
void Pbkdf2Function(const Info& info) {
  HashAlgorithm hash;
  std::string password, salt;
  int64_t iterations = 0, bytes = 0;
  if (HashAt(info, 0, &hash) && BytesAt(info, 1, &password) && BytesAt(info, 2, &salt) &&
      IntAt(info, 3, &iterations) && IntAt(info, 4, &bytes)) {
    Return(info, Pbkdf2(hash, password, salt, iterations, bytes));
  }
}

// hkdf(hash, secret, salt, info, bytes)
void HkdfFunction(const Info& info) {
  HashAlgorithm hash;
  std::string secret, salt, context;
  int64_t bytes = 0;
  if (HashAt(info, 0, &hash) && BytesAt(info, 1, &secret) && BytesAt(info, 2, &salt) &&
      BytesAt(info, 3, &context) && IntAt(info, 4, &bytes)) {
    Return(info, Hkdf(hash, secret, salt, context, bytes));
  }
}

}  // namespace

v8::Local<v8::Object> MakeWebCryptoFunctions(v8::Local<v8::Context> context) {
  const v8::Local<v8::Object> functions = v8::Object::New(context->GetIsolate());
  SetFunction(context, functions, "random", &Random);
  SetFunction(context, functions, "hash", &HashFunction);
  SetFunction(context, functions, "hmac", &HmacFunction);
  SetFunction(context, functions, "equal", &Equal);
  SetFunction(context, functions, "aes", &AesFunction);
  SetFunction(context, functions, "pbkdf2", &Pbkdf2Function);
  SetFunction(context, functions, "hkdf", &HkdfFunction);
  return functions;
}

}  // namespace lockstep::agent
