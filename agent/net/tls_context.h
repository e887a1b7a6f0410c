// What a run's options say of TLS, as OpenSSL contexts: versions, ciphers, whom to believe, who the
// client says it is. For whatever speaks TLS without curl. Any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "agent/net/network.h"
#include "common/base/openssl_free.h"

namespace lockstep::agent {

struct TlsParties {
  std::string host;                      // which the server's certificate must name
  std::vector<std::string> authorities;  // PEM; none: the network's
  TlsAuth client;                        // without `cert`: none
  bool verify = true;                    // unless the network accepts any certificate
};

using TlsContext = std::unique_ptr<SSL_CTX, openssl::Free<&SSL_CTX_free>>;

// Of one connection to `parties.host`. InvalidArgument: a certificate, a key or an authority cannot
// be read, or the key is not that of the certificate. FailedPrecondition: the network's authorities
// cannot be read.
absl::StatusOr<TlsContext> MakeTlsContext(const Network& network, const TlsParties& parties);

// Of HTTP's connections to any host, which each of them has to set: the same, and what curl's
// connections have besides: "http/1.1" is offered, and "h2" if the network has HTTP/2, a staple is
// asked for, no session is resumed (as Go: each connection shakes hands in full), keys go into the
// file that SSLKEYLOGFILE names. `client`: the certificate to show; null: none.
absl::StatusOr<TlsContext> MakeHttpTlsContext(const Network& network, const TlsAuth* client);

// Has OpenSSL refuse a certificate that is not for `host`, a name or an address, in its
// subjectAltName.
void ExpectHost(X509_VERIFY_PARAM* param, const std::string& host);

// Of all that is wrong with a server's certificate, the handshakes of `context` name what Go's
// client finds first: its own time, then its host (ExpectHost), and only then whom it leads to.
// What is believed stays as it is.
void NameFaultsInGosOrder(SSL_CTX* context);

// Whether a server is who it says, for a library that shakes hands by itself: `chain` is what it
// has shown, in PEM, its own certificate first; `store` whom to believe; `host` whom it has to be.
// Unauthenticated: why not.
absl::Status JudgeServer(X509_STORE* store, absl::string_view chain, absl::string_view host);

}  // namespace lockstep::agent
