// Who may call what: judges the certificate behind each call before the call's first message is
// read. An agent may join and send batches, an operator may ask for the status and control the run.
// Nobody may make a call that is not in the table.
#pragma once

#include <string>

#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/auth_metadata_processor.h>

#include "absl/functional/any_invocable.h"

#include "common/base/sync.h"
#include "common/trust/certificate.h"

namespace lockstep::coordinator {

class PeerGate final : public grpc::AuthMetadataProcessor {
 public:
  // Called on gRPC's threads.
  using OnRefused = absl::AnyInvocable<void(std::string kind, std::string reason)>;

  PeerGate(TrustAnchors anchors, OnRefused on_refused);

  // Judges by these from now on. Any thread.
  void Trust(TrustAnchors anchors);
  // Whether a peer with this chain, an agent's, would be let in now.
  absl::Status Judge(const std::string& chain) const;

  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context,
                       OutputMetadata* consumed, OutputMetadata* response) override;

 private:
  TrustAnchors anchors() const;

  mutable Mutex mutex_;
  TrustAnchors anchors_ ABSL_GUARDED_BY(mutex_);
  OnRefused on_refused_;
};

// The certificates that the peer has shown, PEM; empty without TLS.
std::string ChainOf(const grpc::AuthContext& context);

// The identity that the gate has let through on this connection; empty without TLS.
PeerIdentity IdentityOf(const grpc::AuthContext& context);

}  // namespace lockstep::coordinator
