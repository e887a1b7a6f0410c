#include "agent/net/tls_session.h"

#include <algorithm>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"

#include "agent/net/client_certificate.h"
#include "agent/net/ip.h"
#include "agent/net/rules.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

using Bio = std::unique_ptr<BIO, openssl::Free<&BIO_free>>;
using Certificate = std::unique_ptr<X509, openssl::Free<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, openssl::Free<&EVP_PKEY_free>>;

Bio Reading(absl::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int Version(absl::string_view name, int otherwise) {
  constexpr std::pair<absl::string_view, int> kVersions[] = {{"tls1.0", TLS1_VERSION},
                                                             {"tls1.1", TLS1_1_VERSION},
                                                             {"tls1.2", TLS1_2_VERSION},
                                                             {"tls1.3", TLS1_3_VERSION}};
  for (const auto& [known, version] : kVersions) {
    if (known == name) {
      return version;
    }
  }
  return otherwise;
}

// Every certificate of each PEM text is trusted.
absl::Status TrustOnly(SSL_CTX* context, const std::vector<std::string>& authorities) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const std::string& pem : authorities) {
    const Bio bio = Reading(pem);
    int count = 0;
    for (;;) {
      const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
      if (certificate == nullptr) {
        break;
      }
      X509_STORE_add_cert(store, certificate.get());
      ++count;
    }
    ERR_clear_error();
    if (count == 0) {
      return absl::InvalidArgumentError("ca: there is no PEM certificate in it");
    }
  }
  return absl::OkStatus();
}

absl::Status ShowCertificate(SSL_CTX* context, const TlsAuth& client) {
  LOCKSTEP_RETURN_IF_ERROR(CheckClientCertificate(client));
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string pem, KeyWithoutPassword(client));
  const Bio bio = Reading(client.cert);
  const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  const Key key(PEM_read_bio_PrivateKey(Reading(pem).get(), nullptr, nullptr, nullptr));
  SSL_CTX_use_certificate(context, certificate.get());
  for (;;) {  // the authorities between it and the root
    X509* const between = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
    if (between == nullptr || SSL_CTX_add_extra_chain_cert(context, between) != 1) {
      break;  // the context owns those that it has taken
    }
  }
  const bool fits = SSL_CTX_use_PrivateKey(context, key.get()) == 1;
  ERR_clear_error();
  return fits ? absl::OkStatus() : absl::InvalidArgumentError("key: it is not that of `cert`");
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsSession>> TlsSession::Make(const Network& network,
                                                             Parties parties) {
  auto session = std::unique_ptr<TlsSession>(new TlsSession());
  session->context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = session->context_.get();
  LOCKSTEP_CHECK(context != nullptr);
  const NetOptions& options = network.options();
  SSL_CTX_set_min_proto_version(context, Version(options.tls_min, TLS1_2_VERSION));
  SSL_CTX_set_max_proto_version(context, Version(options.tls_max, 0));
  if (!network.rules().openssl_ciphers.empty()) {
    SSL_CTX_set_cipher_list(context, network.rules().openssl_ciphers.c_str());
  }
  if (!parties.authorities.empty()) {
    LOCKSTEP_RETURN_IF_ERROR(TrustOnly(context, parties.authorities));
  } else if (network.trusted_roots() != nullptr) {
    SSL_CTX_set1_cert_store(context, network.trusted_roots()->store());
  }
  if (!parties.client.cert.empty()) {
    LOCKSTEP_RETURN_IF_ERROR(ShowCertificate(context, parties.client));
  }
  session->ssl_.reset(SSL_new(context));
  SSL* ssl = session->ssl_.get();
  LOCKSTEP_CHECK(ssl != nullptr);
  SSL_set_verify(ssl, options.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (ParseIp(parties.host).ok()) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), parties.host.c_str());
  } else {
    SSL_set1_host(ssl, parties.host.c_str());
    SSL_set_tlsext_host_name(ssl, parties.host.c_str());
  }
  session->in_ = BIO_new(BIO_s_mem());
  session->out_ = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, session->in_, session->out_);
  SSL_set_connect_state(ssl);
  ERR_clear_error();
  return session;
}

absl::Status TlsSession::Failure(absl::string_view what) {
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified != X509_V_OK && SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE) {
    ERR_clear_error();
    return absl::UnavailableError(absl::StrCat("tls: failed to verify certificate: x509: ",
                                               X509_verify_cert_error_string(verified)));
  }
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  return absl::UnavailableError(absl::StrCat("tls: ", reason == nullptr ? what : reason));
}

absl::Status TlsSession::Handshake() {
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1 || SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) {
    return absl::OkStatus();
  }
  return Failure("handshake failed");
}

absl::Status TlsSession::Receive(absl::string_view cipher, std::string* plain) {
  ERR_clear_error();
  BIO_write(in_, cipher.data(), static_cast<int>(cipher.size()));
  if (!open()) {
    LOCKSTEP_RETURN_IF_ERROR(Handshake());
  }
  while (open()) {
    char piece[16 << 10];  // a record's size
    const int count = SSL_read(ssl_.get(), piece, sizeof(piece));
    if (count > 0) {
      plain->append(piece, static_cast<size_t>(count));
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), count);
    if (error == SSL_ERROR_WANT_READ) {
      break;
    }
    ended_ = error == SSL_ERROR_ZERO_RETURN;
    return ended_ ? absl::OkStatus() : Failure("the connection is broken");
  }
  return absl::OkStatus();
}

void TlsSession::Send(absl::string_view plain) {
  // The output is memory, so all of it is taken.
  while (!plain.empty()) {
    const int count = SSL_write(ssl_.get(), plain.data(),
                                static_cast<int>(std::min<size_t>(plain.size(), 1 << 30)));
    if (count <= 0) {
      ERR_clear_error();
      return;  // the session has failed, which Receive tells
    }
    plain.remove_prefix(static_cast<size_t>(count));
  }
}

std::string TlsSession::TakeOutput() {
  std::string output(BIO_ctrl_pending(out_), '\0');
  if (!output.empty()) {
    BIO_read(out_, output.data(), static_cast<int>(output.size()));
  }
  return output;
}

}  // namespace lockstep::agent
