#include "common/trust/join_proof.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

namespace lockstep {
namespace {

const ProofInput kInput = {.coordinator_nonce = "C",
                           .agent_nonce = "A",
                           .agent_fingerprint = "F",
                           .agent_name = "agent-1"};

TEST(JoinProof, IsTheHmacOfItsParts) {
  // python3: hmac.new(b"a token of a fleet", b"".join(len(p).to_bytes(8, "big") + p for p in
  // [b"lockstep join 1: agent", b"C", b"A", b"F", b"agent-1"]), "sha256").hexdigest()
  EXPECT_EQ(absl::BytesToHexString(JoinProof(Prover::kAgent, "a token of a fleet", kInput)),
            "1aacdc525aa4e52e6052a2490868d7c2bc1523325891cf6d966449e54bf455e3");
}

TEST(JoinProof, DependsOnEveryPart) {
  const std::string proof = JoinProof(Prover::kAgent, "token", kInput);
  const auto differs = [&](Prover prover, absl::string_view token, ProofInput input) {
    return !SameProof(proof, JoinProof(prover, token, input));
  };
  EXPECT_FALSE(differs(Prover::kAgent, "token", kInput));
  EXPECT_TRUE(differs(Prover::kCoordinator, "token", kInput));
  EXPECT_TRUE(differs(Prover::kAgent, "Token", kInput));
  ProofInput other = kInput;
  other.coordinator_nonce = "c";
  EXPECT_TRUE(differs(Prover::kAgent, "token", other));
  other = kInput;
  other.agent_nonce = "a";
  EXPECT_TRUE(differs(Prover::kAgent, "token", other));
  other = kInput;
  other.agent_fingerprint = "f";
  EXPECT_TRUE(differs(Prover::kAgent, "token", other));
  other = kInput;
  other.agent_name = "agent-2";
  EXPECT_TRUE(differs(Prover::kAgent, "token", other));
}

TEST(JoinProof, DoesNotMistakeOneListOfPartsForAnother) {
  ProofInput moved = kInput;
  moved.coordinator_nonce = "CA";
  moved.agent_nonce = "";
  EXPECT_FALSE(SameProof(JoinProof(Prover::kAgent, "token", kInput),
                         JoinProof(Prover::kAgent, "token", moved)));
}

TEST(JoinProof, OfAnotherSizeIsAnother) {
  EXPECT_FALSE(SameProof("abc", "abcd"));
  EXPECT_FALSE(SameProof("abc", ""));
}

}  // namespace
}  // namespace lockstep
