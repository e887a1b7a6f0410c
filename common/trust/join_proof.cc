#include "common/trust/join_proof.h"

#include <cstdint>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/str_cat.h"

#include "common/base/check.h"

namespace lockstep {
namespace {

// With its size in front, so that no two lists of fields give the same bytes.
void Append(std::string& message, absl::string_view field) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    message.push_back(static_cast<char>(static_cast<uint64_t>(field.size()) >> shift));
  }
  absl::StrAppend(&message, field);
}

}  // namespace

std::string JoinProof(Prover prover, absl::string_view token, const ProofInput& input) {
  std::string message;
  Append(message,
         prover == Prover::kAgent ? "lockstep join 1: agent" : "lockstep join 1: coordinator");
  Append(message, input.coordinator_nonce);
  Append(message, input.agent_nonce);
  Append(message, input.agent_fingerprint);
  Append(message, input.agent_name);
  std::string proof(kProofBytes, '\0');
  unsigned int size = 0;
  const unsigned char* done =
      HMAC(EVP_sha256(), token.data(), static_cast<int>(token.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(),
           reinterpret_cast<unsigned char*>(proof.data()), &size);
  LOCKSTEP_CHECK(done != nullptr && size == kProofBytes);
  return proof;
}

bool SameProof(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace lockstep
