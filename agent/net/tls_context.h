// How a client of this network speaks TLS: versions, ciphers, trust, the certificate it shows. On OpenSSL. Any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "absl/status/statusor.h"

#include "agent/net/network.h"
#include "common/base/openssl_free.h"

namespace lockstep::agent {

using TlsContext = std::unique_ptr<SSL_CTX, openssl::Free<&SSL_CTX_free>>;

// With the network's versions, ciphers and trust. `authorities`: PEM texts to trust instead of the
// network's; none: the network's. `client`: the certificate to show; null: none.
// InvalidArgument: a certificate, a key or an authority cannot be read.
absl::StatusOr<TlsContext> MakeTlsContext(const Network& network,
                                          const std::vector<std::string>& authorities,
                                          const TlsAuth* client);

// For HTTP: MakeTlsContext, and what curl's connections have besides: "h2" and "http/1.1" are
// offered, a staple is asked for, no session is resumed (as Go: each connection shakes hands in
// full), keys go into the file that SSLKEYLOGFILE names. FailedPrecondition: the network's
// authorities cannot be read.
absl::StatusOr<TlsContext> MakeHttpTlsContext(const Network& network, const TlsAuth* client);

}  // namespace lockstep::agent
