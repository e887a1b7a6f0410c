// The authorities that servers' certificates are checked against. Shared by all connections of a
// Network: a system's bundle takes 15 ms to parse, which curl would spend on each connection. A run
// that never speaks TLS does not spend them at all.
#pragma once

#include <future>
#include <memory>
#include <mutex>
#include <string>

#include <openssl/x509_vfy.h>

#include "absl/status/status.h"

#include "common/base/openssl_free.h"

namespace lockstep::agent {

// Where the authorities are, in PEM. As Go reads the environment: SSL_CERT_FILE stands for the
// system's bundle and SSL_CERT_DIR, folders with ':' between them, for the system's folder, whose
// content is the same. So the system's are left out only where both are given.
struct TrustSettings {
  std::string file = {};     // "": not given
  std::string folders = {};  // "": not given
};

using TrustStore = std::unique_ptr<X509_STORE, openssl::Free<&X509_STORE_free>>;

// An empty store which, as Go, lets what is trusted end a chain, be it an authority's own
// certificate or one below.
TrustStore MakeTrustStore();
// Every certificate of a text in PEM is trusted from now on. False: there is none.
bool TrustAll(X509_STORE* store, const std::string& pem);

class TrustedRoots {
 public:
  explicit TrustedRoots(TrustSettings settings);

  // InvalidArgument, naming the place, if one that was given holds no certificate. Looks for one
  // in each and loads none: a tenth of a millisecond.
  absl::Status Check() const;

  // Loads them on a thread of its own, unless that has begun already; returns at once. Any thread,
  // as all below.
  void Begin() const;
  // InvalidArgument, naming the place, if one that was given cannot be read. Waits until all is
  // loaded.
  absl::Status status() const { return Wait().status; }
  // Waits until all is loaded. Owned by this; any thread may check certificates against it.
  X509_STORE* store() const { return Wait().store.get(); }

 private:
  struct Loaded {
    TrustStore store;
    absl::Status status;
  };
  static Loaded Load(const TrustSettings& settings);
  const Loaded& Wait() const;

  const TrustSettings settings_;
  mutable std::once_flag begun_;
  mutable std::shared_future<Loaded> loaded_;  // made once, under begun_
};

}  // namespace lockstep::agent
