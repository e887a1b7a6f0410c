#include "agent/js/k6/webcrypto.h"

#include <memory>
#include <string>

#include <openssl/crypto.h>

#include "agent/data/crypto/cipher.h"
#include "agent/data/crypto/digest.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/webcrypto_arguments.h"
#include "agent/js/k6/webcrypto_pairs.h"
#include "common/base/random_bytes.h"

namespace lockstep::agent {
namespace {

void Random(const Info& info) {
  int64_t count = 0;
  if (CryptoIntAt(info, 0, &count)) {
    constexpr int64_t kMost = 65536;  // as the standard says of getRandomValues
    ReturnBytes(info, count < 0 || count > kMost
                          ? absl::InvalidArgumentError("more than 65536 random bytes at once")
                          : absl::StatusOr<std::string>(RandomBytes(static_cast<size_t>(count))));
  }
}

void HashFunction(const Info& info) {
  HashAlgorithm hash;
  std::string data;
  if (CryptoHashAt(info, 0, &hash) && CryptoBytesAt(info, 1, &data)) {
    ReturnBytes(info, Hash(hash, data));
  }
}

void HmacFunction(const Info& info) {
  HashAlgorithm hash;
  std::string key, data;
  if (CryptoHashAt(info, 0, &hash) && CryptoBytesAt(info, 1, &key) &&
      CryptoBytesAt(info, 2, &data)) {
    const std::unique_ptr<Hasher> hasher = MakeHmac(hash, key);
    hasher->Update(data);
    ReturnBytes(info, hasher->Digest());
  }
}

// Whether two byte strings are equal, in a time that does not tell where they differ.
void Equal(const Info& info) {
  std::string a, b;
  if (CryptoBytesAt(info, 0, &a) && CryptoBytesAt(info, 1, &b)) {
    info.GetReturnValue().Set(a.size() == b.size() &&
                              CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
  }
}

// aesWrap(wrap, key, bytes)
void AesWrapFunction(const Info& info) {
  std::string key, bytes;
  if (CryptoBytesAt(info, 1, &key) && CryptoBytesAt(info, 2, &bytes)) {
    ReturnBytes(info, info[0]->IsTrue() ? AesWrap(key, bytes) : AesUnwrap(key, bytes));
  }
}

// The function that crypto_pairs.js evaluates to.
void LoadPairs(const Info& info) {
  Return(info, Evaluated(ContextOf(info), "web/crypto_pairs.js"));
}

// aes(mode, encrypt, key, iv, data, additional data, bits of the tag or the counter)
void AesFunction(const Info& info) {
  std::string mode, key, iv, data, additional;
  int64_t bits = 0;
  if (!ToText(info.GetIsolate()->GetCurrentContext(), info[0], &mode) ||
      !CryptoBytesAt(info, 2, &key) || !CryptoBytesAt(info, 3, &iv) ||
      !CryptoBytesAt(info, 4, &data) || !CryptoBytesAt(info, 5, &additional) ||
      !CryptoIntAt(info, 6, &bits)) {
    return;
  }
  ReturnBytes(info, Aes({.mode = mode == "AES-CBC"   ? AesMode::kCbc
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
  if (CryptoHashAt(info, 0, &hash) && CryptoBytesAt(info, 1, &password) &&
      CryptoBytesAt(info, 2, &salt) && CryptoIntAt(info, 3, &iterations) &&
      CryptoIntAt(info, 4, &bytes)) {
    ReturnBytes(info, Pbkdf2(hash, password, salt, iterations, bytes));
  }
}

// hkdf(hash, secret, salt, info, bytes)
void HkdfFunction(const Info& info) {
  HashAlgorithm hash;
  std::string secret, salt, context;
  int64_t bytes = 0;
  if (CryptoHashAt(info, 0, &hash) && CryptoBytesAt(info, 1, &secret) &&
      CryptoBytesAt(info, 2, &salt) && CryptoBytesAt(info, 3, &context) &&
      CryptoIntAt(info, 4, &bytes)) {
    ReturnBytes(info, Hkdf(hash, secret, salt, context, bytes));
  }
}

}  // namespace

v8::Local<v8::Object> MakeWebCryptoFunctions(Context context) {
  const v8::Local<v8::Object> functions = v8::Object::New(context->GetIsolate());
  SetFunction(context, functions, "random", &Random);
  SetFunction(context, functions, "hash", &HashFunction);
  SetFunction(context, functions, "hmac", &HmacFunction);
  SetFunction(context, functions, "equal", &Equal);
  SetFunction(context, functions, "aes", &AesFunction);
  SetFunction(context, functions, "aesWrap", &AesWrapFunction);
  SetFunction(context, functions, "loadPairs", &LoadPairs);
  SetFunction(context, functions, "pbkdf2", &Pbkdf2Function);
  SetFunction(context, functions, "hkdf", &HkdfFunction);
  AddKeyPairFunctions(context, functions);
  return functions;
}

}  // namespace lockstep::agent
