// The authorities that servers' certificates are checked against. Shared by all connections of a
// Network: a system's bundle takes 15 ms to parse, which curl would spend on each connection.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <vector>

#include <openssl/x509_vfy.h>

#include "absl/status/status.h"

namespace lockstep::agent {

// Where the authorities are, in PEM. As Go reads the environment: SSL_CERT_FILE stands for the
// system's bundle and SSL_CERT_DIR, folders with ':' between them, for the system's folder, whose
// content is the same. So the system's are left out only where both are given.
struct TrustSettings {
  std::string file = {};     // "": not given
  std::string folders = {};  // "": not given
};

struct X509StoreFree {
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};

class TrustedRoots {
 public:
  // Begins to load them on a thread of its own.
  explicit TrustedRoots(TrustSettings settings);

  // InvalidArgument, naming the place, if one that was given holds no certificate. Waits until all
  // is loaded.
  absl::Status status() const { return loaded_.get().status; }
  // Waits until all is loaded. Owned by this; any thread may check certificates against it.
  X509_STORE* store() const { return loaded_.get().store.get(); }

 private:
  struct Loaded {
    std::unique_ptr<X509_STORE, X509StoreFree> store;
    absl::Status status;
  };
  static Loaded Load(const TrustSettings& settings);

  std::shared_future<Loaded> loaded_;
};

}  // namespace lockstep::agent
