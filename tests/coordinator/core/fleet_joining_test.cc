// Who comes into a fleet, who is turned away, and who comes back.
#include <gmock/gmock.h>

#include "tests/coordinator/core/fleet_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

TEST_F(FleetTest, LetsInWhoKnowsTheTokenAndProvesToKnowItToo) {
  const ConnectionId id = Join("cert", "ada");
  EXPECT_TRUE(joined.empty());  // not before the proof
  Prove(id, ProofOf(id, "cert", "ada"));
  EXPECT_THAT(joined, ElementsAre("ada"));
  const v1::Welcome& welcome = connections.sent[id].at(1).welcome();
  EXPECT_EQ(welcome.proof(), JoinProof(Prover::kCoordinator, kToken,
                                       {.coordinator_nonce = std::string(kNonceBytes, '1'),
                                        .agent_nonce = kAgentNonce,
                                        .agent_fingerprint = "cert's fingerprint",
                                        .agent_name = "ada"}));
  EXPECT_TRUE(log.messages.empty());
}

TEST_F(FleetTest, RefusesAWrongTokenOnBothSides) {
  const ConnectionId id = Join("cert", "ada");
  Prove(id, ProofOf(id, "cert", "ada", "another token"));
  EXPECT_TRUE(joined.empty());
  EXPECT_EQ(RefusalOf(id), "agent ada does not know the fleet's join token");
  EXPECT_FALSE(connections.sent[id].back().refused().retry());
  EXPECT_TRUE(connections.closed.contains(id));
  EXPECT_THAT(log.messages,
              ElementsAre("refused cert at 10.0.0.9:4711: agent ada does not know the "
                          "fleet's join token"));
  EXPECT_THAT(fleet.refusals().counts(), ElementsAre(Pair("token", 1)));
}

TEST_F(FleetTest, RefusesAReplayedProof) {
  const ConnectionId first = Join("cert", "ada");
  const std::string proof = ProofOf(first, "cert", "ada");
  Prove(first, proof);
  fleet.OnClosed(first, absl::OkStatus());
  const ConnectionId second = Join("cert", "bob");
  Prove(second, proof);
  EXPECT_EQ(RefusalOf(second), "agent bob does not know the fleet's join token");
  const ConnectionId third = Join("cert", "ada");
  Prove(third, proof);
  EXPECT_EQ(RefusalOf(third), "agent ada does not know the fleet's join token");
  EXPECT_THAT(joined, ElementsAre("ada"));
}

TEST_F(FleetTest, RefusesTheProofOfAnotherCertificate) {
  const ConnectionId id = Join("relay", "ada");
  Prove(id, ProofOf(id, "cert", "ada"));  // what an agent proved to somebody in between
  EXPECT_EQ(RefusalOf(id), "agent ada does not know the fleet's join token");
}

TEST_F(FleetTest, RefusesWhoHasNoTokenOrSkipsTheProof) {
  EXPECT_EQ(RefusalOf(Join("cert", "ada", "", "")),
            "the agent has no join token, and this fleet asks for one");
  const ConnectionId id = Join("cert", "ada");
  v1::AgentMessage heartbeat;
  heartbeat.mutable_heartbeat();
  fleet.OnMessage(id, heartbeat);
  EXPECT_EQ(RefusalOf(id), "the answer to Challenge must be Proof");
  EXPECT_THAT(fleet.refusals().counts(),
              UnorderedElementsAre(Pair("token", 1), Pair("message", 1)));
}

TEST_F(FleetTest, ASecondProofEndsTheSessionAndTouchesNoOther) {
  const ConnectionId ada = Join("cert", "ada"), bob = Join("cert2", "bob");
  Prove(ada, ProofOf(ada, "cert", "ada"));
  Prove(bob, ProofOf(bob, "cert2", "bob"));
  Prove(ada, ProofOf(ada, "cert", "ada"));
  EXPECT_THAT(lost, ElementsAre("ada"));
  EXPECT_NE(fleet.FindByName("bob"), nullptr);
  EXPECT_THAT(fleet.refusals().counts(), ElementsAre(Pair("message", 1)));
}

TEST_F(FleetTest, AStolenSessionIsOfNoUseWithAnotherCertificate) {
  const ConnectionId ada = Join("cert", "ada");
  Prove(ada, ProofOf(ada, "cert", "ada"));
  const std::string session = connections.sent[ada].at(1).welcome().session_id();
  const ConnectionId thief = Join("other", "ada", session);
  Prove(thief, ProofOf(thief, "other", "ada"));
  EXPECT_EQ(RefusalOf(thief), "the session was opened with another certificate");
  const ConnectionId batches{++last_connection};
  fleet.OnOpened(batches, PeerWith("other"));
  v1::BatchMessage batch;
  batch.set_session_id(session);
  fleet.OnBatch(batches, batch);
  EXPECT_EQ(connections.closed.at(batches).message(), "session_id: no such session of this peer");
  EXPECT_NE(fleet.FindByName("ada"), nullptr);
  EXPECT_FALSE(connections.closed.contains(ada));
}

// Proxies may send each stream of an agent over a connection of its own.
TEST_F(FleetTest, TheConnectionOfItsBatchesIsAnAgentsAsWellAsThatOfItsSession) {
  const ConnectionId ada = Join("cert", "ada");
  EXPECT_THAT(connections.trusted, IsEmpty());
  Prove(ada, ProofOf(ada, "cert", "ada"));
  EXPECT_THAT(connections.trusted, ElementsAre(ada));
  v1::BatchMessage batch;
  batch.set_session_id("none");
  const ConnectionId stranger{++last_connection}, batches{++last_connection};
  fleet.OnOpened(stranger, PeerWith("cert"));
  fleet.OnBatch(stranger, batch);
  batch.set_session_id(connections.sent[ada].at(1).welcome().session_id());
  fleet.OnOpened(batches, PeerWith("cert"));
  fleet.OnBatch(batches, batch);
  EXPECT_THAT(connections.trusted, ElementsAre(ada, batches));
}

TEST_F(FleetTest, AnAgentWhoseNameWouldBeginALineOfTheLogIsRefused) {
  EXPECT_EQ(RefusalOf(Join("cert", "a\nb")),
            "name: must be 1 to 128 bytes of UTF-8 without control characters, got \"a\\nb\"");
  EXPECT_EQ(RefusalOf(Join("cert", "")),
            "name: must be 1 to 128 bytes of UTF-8 without control characters, got \"\"");
}

TEST_F(FleetTest, AnAgentThatJoinsTwiceWithItsSessionGoesOnOnTheLaterConnection) {
  const ConnectionId first = Join("cert", "ada");
  Prove(first, ProofOf(first, "cert", "ada"));
  const std::string session = connections.sent[first].at(1).welcome().session_id();
  const ConnectionId second = Join("cert", "ada", session);
  EXPECT_FALSE(connections.closed.contains(first));  // not before the proof
  Prove(second, ProofOf(second, "cert", "ada"));
  EXPECT_EQ(connections.closed.at(first).message(), "the agent has come back on another stream");
  EXPECT_TRUE(connections.sent[second].at(1).welcome().resumed());
  EXPECT_THAT(joined, ElementsAre("ada"));
  EXPECT_EQ(fleet.size(), 1u);
  EXPECT_TRUE(lost.empty());
}

TEST_F(FleetTest, AnAgentThatJoinsTwiceAsNewIsRefusedAndMayTryAgain) {
  const ConnectionId first = Join("cert", "ada");
  Prove(first, ProofOf(first, "cert", "ada"));
  const ConnectionId second = Join("cert", "ada");
  Prove(second, ProofOf(second, "cert", "ada"));
  EXPECT_EQ(RefusalOf(second), "an agent named ada is already in the fleet; names must differ");
  EXPECT_TRUE(connections.sent[second].back().refused().retry());
  EXPECT_EQ(fleet.size(), 1u);
  EXPECT_FALSE(connections.closed.contains(first));
}

// As after a restart of the coordinator that came too late for its session: to refuse the name
// would keep the agent out for a lease more.
TEST_F(FleetTest, AnAgentThatHasLostItsSessionReplacesTheOneThatIsWaitedFor) {
  const ConnectionId first = Join("cert", "ada", "", kAgentNonce, /*process_id=*/7);
  Prove(first, ProofOf(first, "cert", "ada"));
  fleet.OnMessage(first, SetupDone("value"));
  const ConnectionId again = Join("cert", "ada", "", kAgentNonce, 7);
  Prove(again, ProofOf(again, "cert", "ada"));
  EXPECT_EQ(RefusalOf(again), "an agent named ada is already in the fleet; names must differ")
      << "its connection stands";
  fleet.OnClosed(first, absl::UnavailableError("reset"));
  const ConnectionId other = Join("cert", "ada", "", kAgentNonce, 8);
  Prove(other, ProofOf(other, "cert", "ada"));
  EXPECT_EQ(RefusalOf(other), "an agent named ada is already in the fleet; names must differ")
      << "another process may not take the place of one that may come back";
  EXPECT_THAT(lost, ElementsAre());
  const ConnectionId anew = Join("cert", "ada", "", kAgentNonce, 7);
  Prove(anew, ProofOf(anew, "cert", "ada"));
  EXPECT_THAT(lost, ElementsAre("ada"));
  EXPECT_THAT(joined, ElementsAre("ada", "ada"));
  EXPECT_TRUE(connections.sent[anew].back().has_welcome());
}

TEST_F(FleetTest, WhoNeverJoinsIsDroppedAndSaid) {
  const ConnectionId silent{++last_connection};
  fleet.OnOpened(silent, {.address = "10.0.0.8:1", .identity = {}});
  const ConnectionId proofless = Join("cert", "ada");
  loop.RunFor(absl::Seconds(11));
  EXPECT_TRUE(connections.closed.contains(silent));
  EXPECT_TRUE(connections.closed.contains(proofless));
  EXPECT_THAT(log.messages, UnorderedElementsAre("refused 10.0.0.8:1: it did not join",
                                                 "refused cert at 10.0.0.9:4711: it did not join"));
  EXPECT_THAT(fleet.refusals().counts(), ElementsAre(Pair("silence", 2)));
}

TEST_F(FleetTest, AThousandRefusalsAreCountedAndTenAreTold) {
  for (int i = 0; i < 1000; ++i) {
    fleet.refusals().Add(kRefusedProtocol, "10.0.0." + std::to_string(i) + ":4711", "no TLS");
  }
  EXPECT_EQ(log.messages.size(), 10u);
  EXPECT_EQ(fleet.refusals().counts().at("protocol"), 1000);
  loop.RunFor(absl::Seconds(2));
  fleet.refusals().Add(kRefusedProtocol, "10.0.9.9:1", "no TLS");
  EXPECT_EQ(log.messages.back(), "refused 10.0.9.9:1: no TLS (990 more since the last)");
}

TEST_F(FleetTest, TheSameRefusalIsToldOnceInThirtySeconds) {
  for (int second = 0; second < 31; ++second) {
    fleet.refusals().Add(kRefusedJoin, "10.0.0.9:" + std::to_string(4711 + second), "no");
    loop.RunFor(absl::Seconds(1));
  }
  EXPECT_THAT(log.messages, ElementsAre("refused 10.0.0.9:4711: no",
                                        "refused 10.0.0.9:4741: no (29 more since the last)"));
}

// An agent that waits for the end of a long run need not be told of each half minute.
TEST_F(FleetTest, TheSameRefusalIsToldLessAndLessOften) {
  for (int i = 0; i < 4 * 60 * 12; ++i) {
    fleet.refusals().Add(kRefusedJoin, "10.0.0.9:4711", "a run is in progress");
    loop.RunFor(absl::Seconds(5));
  }
  EXPECT_EQ(fleet.refusals().counts().at(kRefusedJoin), 4 * 60 * 12);
  // At 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 63.5, 123.5 and 183.5 minutes of four hours.
  EXPECT_THAT(log.messages, SizeIs(10));
}

// It stays up for the next run, as it is to: nobody has to read of it.
TEST_F(FleetTest, WhoeverComesAsTheRunEndsIsTurnedAwayWithoutAWord) {
  fleet.Dismiss("the run is over");
  const ConnectionId id = Admit("ada");
  EXPECT_EQ(RefusalOf(id), "the coordinator is about to end");
  EXPECT_TRUE(connections.sent[id].back().refused().retry());
  EXPECT_TRUE(log.messages.empty());
}

}  // namespace
}  // namespace lockstep::coordinator
