// A broker's TLS: whom the client believes and who it says it is, and what went wrong.
#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "absl/status/statusor.h"

#include "agent/mqtt/client.h"
#include "common/options/options.h"

namespace lockstep::agent {

class MqttTls {
 public:
  // For `spec`, whose own certificate, if it has none, is `identity`; null: none. InvalidArgument:
  // a certificate or key that cannot be read.
  static absl::StatusOr<std::unique_ptr<MqttTls>> Make(const Network& network, const MqttSpec& spec,
                                                       const TlsAuth* identity);
  ~MqttTls();
  MqttTls(const MqttTls&) = delete;
  MqttTls& operator=(const MqttTls&) = delete;

  // Owned by this.
  SSL_CTX* context() const { return context_; }
  // Why the broker was not believed; "" if that is not what happened.
  const std::string& refusal() const { return refusal_; }

 private:
  explicit MqttTls(std::string host) : host_(std::move(host)) {}
  absl::Status Trust(const Network& network, const MqttSpec& spec);
  absl::Status Identify(const TlsAuth& identity);
  static int OnVerify(int good, X509_STORE_CTX* chain);
  static void OnInfo(const SSL* ssl, int where, int value);

  const std::string host_;
  SSL_CTX* context_ = nullptr;
  std::string refusal_;
};

}  // namespace lockstep::agent
