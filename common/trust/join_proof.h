// The proof that one side of a connection knows the fleet's join token, without sending it:
// HMAC-SHA256 (RFC 2104) over random numbers of both sides, so that a recorded proof is worth
// nothing on another connection, and over the agent's certificate, so that nobody can pass on
// somebody else's proof. Pure.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace lockstep {

inline constexpr size_t kNonceBytes = 32;
inline constexpr size_t kProofBytes = 32;

struct ProofInput {
  absl::string_view coordinator_nonce;
  absl::string_view agent_nonce;
  absl::string_view agent_fingerprint;  // SHA-256 of the agent's certificate
  absl::string_view agent_name;
};

enum class Prover { kAgent, kCoordinator };

// kProofBytes bytes. The two provers' proofs of the same input differ, so that neither can answer
// with what it was sent.
std::string JoinProof(Prover prover, absl::string_view token, const ProofInput& input);

// Equality, in a time that depends on nothing but the sizes.
bool SameProof(absl::string_view a, absl::string_view b);

}  // namespace lockstep
