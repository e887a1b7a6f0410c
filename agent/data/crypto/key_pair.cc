#include "agent/data/crypto/key_pair.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "agent/data/crypto/openssl_handles.h"
#include "common/base/check.h"

namespace lockstep::agent {
namespace {

struct CurveFacts {
  absl::string_view name;  // WebCrypto's
  const char* group;       // OpenSSL's
  size_t field_bytes;
};

constexpr std::array<CurveFacts, 3> kCurves = {
    {{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}}};

const CurveFacts& FactsOf(Curve curve) {
  return kCurves[static_cast<size_t>(curve)];
}

// A key of which DER tells no more than that it is none.
absl::Status NoKey(absl::string_view format) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat("not a key in the format ", format));
}

constexpr int kLeastRsaBits = 256;

absl::Status NoRsaNumbers() {
  ERR_clear_error();
  return absl::InvalidArgumentError("the numbers do not form an RSA key");
}

absl::Status NoPoint(Curve curve) {
  ERR_clear_error();
  return absl::InvalidArgumentError(
      absl::StrCat("the numbers do not form a key of the curve ", CurveName(curve)));
}

std::string NumberOf(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) {
    ERR_clear_error();
    return "";
  }
  const BigNumber owned(number);
  std::string bytes(static_cast<size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, MutableBytes(bytes));
  return bytes;
}

std::string Padded(absl::string_view number, size_t size) {
  return absl::StrCat(std::string(size - std::min(size, number.size()), '\0'), number);
}

// The parameters of a key that is made of numbers.
class KeyParameters {
 public:
  KeyParameters() : builder_(OSSL_PARAM_BLD_new()) { LOCKSTEP_CHECK(builder_ != nullptr); }

  void Number(const char* name, absl::string_view bytes) {
    BigNumber number(BN_bin2bn(ConstBytes(bytes), static_cast<int>(bytes.size()), nullptr));
    LOCKSTEP_CHECK(number != nullptr &&
                   OSSL_PARAM_BLD_push_BN(builder_.get(), name, number.get()) == 1);
    numbers_.push_back(std::move(number));
  }
  void Text(const char* name, const char* text) {
    LOCKSTEP_CHECK(OSSL_PARAM_BLD_push_utf8_string(builder_.get(), name, text, 0) == 1);
  }
  void Bytes(const char* name, absl::string_view bytes) {
    LOCKSTEP_CHECK(
        OSSL_PARAM_BLD_push_octet_string(builder_.get(), name, bytes.data(), bytes.size()) == 1);
  }
  // The key, or null if the parameters make none.
  EVP_PKEY* Make(const char* type, bool is_private) {
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    const std::unique_ptr<OSSL_PARAM, openssl::Free<&OSSL_PARAM_free>> parameters(
        OSSL_PARAM_BLD_to_param(builder_.get()));
    LOCKSTEP_CHECK(context != nullptr && parameters != nullptr);
    EVP_PKEY* key = nullptr;
    const bool made =
        EVP_PKEY_fromdata_init(context.get()) == 1 &&
        EVP_PKEY_fromdata(context.get(), &key, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                          parameters.get()) == 1;
    return made ? key : nullptr;
  }

 private:
  std::unique_ptr<OSSL_PARAM_BLD, openssl::Free<&OSSL_PARAM_BLD_free>> builder_;
  std::vector<BigNumber> numbers_;  // which the builder borrows
};

}  // namespace

std::optional<Curve> ParseCurve(absl::string_view name) {
  for (size_t i = 0; i < kCurves.size(); ++i) {
    if (kCurves[i].name == name) {
      return static_cast<Curve>(i);
    }
  }
  return std::nullopt;
}

absl::string_view CurveName(Curve curve) {
  return FactsOf(curve).name;
}

size_t FieldBytes(Curve curve) {
  return FactsOf(curve).field_bytes;
}

absl::StatusOr<KeyPair> KeyPair::GenerateRsa(int64_t bits, absl::string_view exponent) {
  constexpr int64_t kMost = 16384;
  if (bits < kLeastRsaBits || bits > kMost) {
    return absl::InvalidArgumentError(
        absl::StrCat("modulusLength ", bits, "; allowed: ", kLeastRsaBits, " to ", kMost));
  }
  const KeyContext context(EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nullptr));
  const BigNumber e(BN_bin2bn(ConstBytes(exponent), static_cast<int>(exponent.size()), nullptr));
  LOCKSTEP_CHECK(context != nullptr && e != nullptr);
  EVP_PKEY* key = nullptr;
  if (BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) != 0 ||
      EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), static_cast<int>(bits)) != 1 ||
      EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), e.get()) != 1 ||
      EVP_PKEY_keygen(context.get(), &key) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError("no key of RSA has this length and this public exponent");
  }
  return KeyPair(key, true);
}

absl::StatusOr<KeyPair> KeyPair::GenerateEc(Curve curve) {
  EVP_PKEY* key = EVP_EC_gen(FactsOf(curve).group);
  LOCKSTEP_CHECK(key != nullptr);
  return KeyPair(key, true);
}

// Takes `key`, null or of a kind that is none of ours.
absl::StatusOr<KeyPair> KeyPair::Checked(EVP_PKEY* key, bool is_private) {
  KeyPair pair(key, is_private);
  if (key == nullptr || (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA && !pair.curve().has_value())) {
    return NoKey(is_private ? "pkcs8" : "spki");
  }
  return pair;
}

absl::StatusOr<KeyPair> KeyPair::FromSpki(absl::string_view der) {
  const unsigned char* from = ConstBytes(der);
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &from, static_cast<long>(der.size()));
  absl::StatusOr<KeyPair> pair = Checked(key, false);
  if (pair.ok() && from != ConstBytes(der) + der.size()) {
    return NoKey("spki");
  }
  return pair;
}

absl::StatusOr<KeyPair> KeyPair::FromPkcs8(absl::string_view der) {
  const unsigned char* from = ConstBytes(der);
  const PrivateKeyInfo info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &from, static_cast<long>(der.size())));
  if (info == nullptr || from != ConstBytes(der) + der.size()) {
    return NoKey("pkcs8");
  }
  return Checked(EVP_PKCS82PKEY(info.get()), true);
}

absl::StatusOr<KeyPair> KeyPair::FromPoint(Curve curve, absl::string_view point) {
  constexpr char kUncompressed = 4;
  if (point.size() != 1 + 2 * FieldBytes(curve) || point.front() != kUncompressed) {
    return NoPoint(curve);
  }
  KeyParameters parameters;
  parameters.Text(OSSL_PKEY_PARAM_GROUP_NAME, FactsOf(curve).group);
  parameters.Bytes(OSSL_PKEY_PARAM_PUB_KEY, point);
  EVP_PKEY* key = parameters.Make("EC", false);
  if (key == nullptr) {
    return NoPoint(curve);
  }
  return KeyPair(key, false);
}

absl::StatusOr<KeyPair> KeyPair::FromNumbers(const RsaNumbers& numbers) {
  const bool is_private = !numbers.d.empty();
  KeyParameters parameters;
  parameters.Number(OSSL_PKEY_PARAM_RSA_N, numbers.n);
  parameters.Number(OSSL_PKEY_PARAM_RSA_E, numbers.e);
  if (is_private) {
    parameters.Number(OSSL_PKEY_PARAM_RSA_D, numbers.d);
    parameters.Number(OSSL_PKEY_PARAM_RSA_FACTOR1, numbers.p);
    parameters.Number(OSSL_PKEY_PARAM_RSA_FACTOR2, numbers.q);
    parameters.Number(OSSL_PKEY_PARAM_RSA_EXPONENT1, numbers.dp);
    parameters.Number(OSSL_PKEY_PARAM_RSA_EXPONENT2, numbers.dq);
    parameters.Number(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, numbers.qi);
  }
  EVP_PKEY* made = parameters.Make("RSA", is_private);
  if (made == nullptr) {
    return NoRsaNumbers();
  }
  KeyPair pair(made, is_private);
  // OpenSSL takes any numbers of a public key.
  const absl::string_view e = numbers.e;
  const bool odd = !e.empty() && (static_cast<unsigned char>(e.back()) & 1) == 1;
  const bool one = odd && e.back() == '\1' && e.find_first_not_of('\0') == e.size() - 1;
  if (EVP_PKEY_get_bits(made) < kLeastRsaBits || !odd || one) {
    return NoRsaNumbers();
  }
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, made, nullptr));
  if (is_private && EVP_PKEY_pairwise_check(context.get()) != 1) {
    return NoRsaNumbers();
  }
  return pair;
}

absl::StatusOr<KeyPair> KeyPair::FromNumbers(const EcNumbers& numbers) {
  const size_t size = FieldBytes(numbers.curve);
  if (numbers.x.size() != size || numbers.y.size() != size ||
      (!numbers.d.empty() && numbers.d.size() != size)) {
    return NoPoint(numbers.curve);
  }
  const std::string point = absl::StrCat("\x04", numbers.x, numbers.y);
  if (numbers.d.empty()) {
    return FromPoint(numbers.curve, point);
  }
  KeyParameters parameters;
  parameters.Text(OSSL_PKEY_PARAM_GROUP_NAME, FactsOf(numbers.curve).group);
  parameters.Bytes(OSSL_PKEY_PARAM_PUB_KEY, point);
  parameters.Number(OSSL_PKEY_PARAM_PRIV_KEY, numbers.d);
  EVP_PKEY* made = parameters.Make("EC", true);
  if (made == nullptr) {
    return NoPoint(numbers.curve);
  }
  KeyPair pair(made, true);
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, made, nullptr));
  if (EVP_PKEY_pairwise_check(context.get()) != 1) {
    return NoPoint(numbers.curve);
  }
  return pair;
}

std::optional<Curve> KeyPair::curve() const {
  std::array<char, 64> group = {};
  size_t size = 0;
  if (key_ == nullptr || EVP_PKEY_get_base_id(key_.get()) != EVP_PKEY_EC ||
      EVP_PKEY_get_group_name(key_.get(), group.data(), group.size(), &size) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  for (size_t i = 0; i < kCurves.size(); ++i) {
    if (absl::string_view(group.data(), size) == kCurves[i].group) {
      return static_cast<Curve>(i);
    }
  }
  return std::nullopt;
}

int64_t KeyPair::bits() const {
  return EVP_PKEY_get_bits(key_.get());
}

KeyPair KeyPair::Public() const {
  return *FromSpki(ToSpki());
}

std::string KeyPair::ToSpki() const {
  return DerOf([this](unsigned char** der) { return i2d_PUBKEY(key_.get(), der); });
}

std::string KeyPair::ToPkcs8() const {
  const PrivateKeyInfo info(EVP_PKEY2PKCS8(key_.get()));
  return DerOf([&info](unsigned char** der) {
    return info == nullptr ? 0 : i2d_PKCS8_PRIV_KEY_INFO(info.get(), der);
  });
}

std::string KeyPair::ToPoint() const {
  const EcNumbers numbers = ToEcNumbers();
  return absl::StrCat("\x04", numbers.x, numbers.y);
}

RsaNumbers KeyPair::ToRsaNumbers() const {
  RsaNumbers numbers{.n = NumberOf(get(), OSSL_PKEY_PARAM_RSA_N),
                     .e = NumberOf(get(), OSSL_PKEY_PARAM_RSA_E)};
  if (private_) {
    numbers.d = NumberOf(get(), OSSL_PKEY_PARAM_RSA_D);
    numbers.p = NumberOf(get(), OSSL_PKEY_PARAM_RSA_FACTOR1);
    numbers.q = NumberOf(get(), OSSL_PKEY_PARAM_RSA_FACTOR2);
    numbers.dp = NumberOf(get(), OSSL_PKEY_PARAM_RSA_EXPONENT1);
    numbers.dq = NumberOf(get(), OSSL_PKEY_PARAM_RSA_EXPONENT2);
    numbers.qi = NumberOf(get(), OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
  }
  return numbers;
}

EcNumbers KeyPair::ToEcNumbers() const {
  const Curve which = curve().value_or(Curve::kP256);
  const size_t size = FieldBytes(which);
  EcNumbers numbers{.curve = which,
                    .x = Padded(NumberOf(get(), OSSL_PKEY_PARAM_EC_PUB_X), size),
                    .y = Padded(NumberOf(get(), OSSL_PKEY_PARAM_EC_PUB_Y), size)};
  if (private_) {
    numbers.d = Padded(NumberOf(get(), OSSL_PKEY_PARAM_PRIV_KEY), size);
  }
  return numbers;
}

}  // namespace lockstep::agent
