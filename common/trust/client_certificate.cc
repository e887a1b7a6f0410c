#include "common/trust/client_certificate.h"

#include <algorithm>
#include <memory>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/base/openssl_text.h"
#include "common/trust/openssl_types.h"

namespace lockstep {
namespace {

// Without a callback of ours OpenSSL would ask the terminal.
int GivePassword(char* buffer, int size, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  const size_t length = std::min(text.size(), static_cast<size_t>(size));
  std::copy_n(text.data(), length, buffer);
  return static_cast<int>(length);
}

openssl::Key ReadKey(const ClientPem& auth) {
  std::string password = auth.password;
  return openssl::Key(
      PEM_read_bio_PrivateKey(openssl::Reader(auth.key).get(), nullptr, GivePassword, &password));
}

absl::Status NoKey() {
  return absl::InvalidArgumentError(
      "key: there is no PEM private key in it, or `password` is not its password");
}

}  // namespace

absl::Status CheckClientCertificate(const ClientPem& auth) {
  std::string password = auth.password;
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(openssl::Reader(auth.cert).get(), nullptr, GivePassword, &password),
      &X509_free);
  const openssl::Key key = ReadKey(auth);
  const bool fit = certificate != nullptr && key != nullptr &&
                   X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (certificate == nullptr) {
    return absl::InvalidArgumentError("cert: there is no PEM certificate in it");
  }
  if (key == nullptr) {
    return NoKey();
  }
  return fit ? absl::OkStatus() : absl::InvalidArgumentError("key: it is not that of `cert`");
}

absl::StatusOr<std::string> KeyWithoutPassword(const ClientPem& auth) {
  const openssl::Key key = ReadKey(auth);
  const openssl::Bio written(BIO_new(BIO_s_mem()));
  const bool wrote =
      key != nullptr && PEM_write_bio_PKCS8PrivateKey(written.get(), key.get(), nullptr, nullptr, 0,
                                                      nullptr, nullptr) == 1;
  ERR_clear_error();
  if (!wrote) {
    return NoKey();
  }
  return openssl::Written(written.get());
}

}  // namespace lockstep
