// A broker's TLS as libmosquitto wants it, and what went wrong in it.
#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "absl/status/statusor.h"

#include "agent/mqtt/client.h"
#include "agent/net/tls_context.h"
#include "common/options/options.h"

namespace lockstep::agent {

class MqttTls {
 public:
  // For `spec`, whose own certificate, if it has none, is `identity`; null: none. InvalidArgument
  // as of MakeTlsContext.
  static absl::StatusOr<std::unique_ptr<MqttTls>> Make(const Network& network, const MqttSpec& spec,
                                                       const TlsAuth* identity);
  MqttTls(const MqttTls&) = delete;
  MqttTls& operator=(const MqttTls&) = delete;

  // Owned by this.
  SSL_CTX* context() const { return context_.get(); }
  // Why there is no TLS with the broker: it was not believed, or one of the two sent an alert. ""
  // if that is not what happened.
  const std::string& refusal() const { return refusal_; }

 private:
  explicit MqttTls(std::string host) : host_(std::move(host)) {}
  static void OnInfo(const SSL* ssl, int where, int value);

  const std::string host_;
  TlsContext context_;
  std::string refusal_;
};

}  // namespace lockstep::agent
