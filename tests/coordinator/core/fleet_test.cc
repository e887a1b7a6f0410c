#include "coordinator/core/fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/trust/join_proof.h"
#include "tests/support/collecting_logger.h"
#include "tests/support/sim_loop.h"

namespace lockstep::coordinator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

const char kToken[] = "a token of this fleet";
const std::string kAgentNonce(kNonceBytes, 'a');

class RecordingConnections final : public Connections {
 public:
  void Send(ConnectionId to, const v1::CoordinatorMessage& message) override {
    sent[to].push_back(message);
  }
  void Acknowledge(ConnectionId, const v1::BatchAck&) override {}
  void Close(ConnectionId connection, absl::Status reason) override { closed[connection] = reason; }

  std::map<ConnectionId, std::vector<v1::CoordinatorMessage>> sent;
  std::map<ConnectionId, absl::Status> closed;
};

// A fleet with a join token, and strangers who speak to it by hand.
class FleetTest : public ::testing::Test {
 protected:
  FleetTest() {
    fleet.SetEvents({
        .may_join = [](const v1::Join&) { return absl::OkStatus(); },
        .on_joined = [this](AgentId id) { joined.push_back(fleet.Find(id)->name); },
        .on_message =
            [this](AgentId, const v1::AgentMessage& message) {
              setups.push_back(message.setup_done().value().json());
              return absl::OkStatus();
            },
        .on_batch =
            [this](AgentId, const v1::BatchMessage& message) {
              batch_texts.push_back(message.batch());
              return absl::OkStatus();
            },
        .on_lost = [this](const AgentRecord& record,
                          const absl::Status&) { lost.push_back(record.name); },
    });
  }

  static Peer PeerWith(const std::string& certificate) {
    return {.address = "10.0.0.9:4711",
            .identity = {.name = certificate, .fingerprint = certificate + "'s fingerprint"}};
  }
  // The connection of a stranger with this certificate who has said Join; its Challenge is in sent.
  ConnectionId Join(const std::string& certificate, const std::string& name,
                    const std::string& session_id = "", const std::string& nonce = kAgentNonce,
                    int64_t process_id = 0) {
    const ConnectionId id{++last_connection};
    fleet.OnOpened(id, PeerWith(certificate));
    v1::AgentMessage message;
    message.mutable_join()->set_protocol(1);
    message.mutable_join()->set_version("1.2.3");
    message.mutable_join()->set_name(name);
    message.mutable_join()->set_session_id(session_id);
    message.mutable_join()->set_nonce(nonce);
    message.mutable_join()->set_process_id(process_id);
    fleet.OnMessage(id, message);
    return id;
  }
  std::string ProofOf(ConnectionId id, const std::string& certificate, const std::string& name,
                      const std::string& token = kToken) {
    return JoinProof(Prover::kAgent, token,
                     {.coordinator_nonce = connections.sent[id].at(0).challenge().nonce(),
                      .agent_nonce = kAgentNonce,
                      .agent_fingerprint = certificate + "'s fingerprint",
                      .agent_name = name});
  }
  void Prove(ConnectionId id, const std::string& proof) {
    v1::AgentMessage message;
    message.mutable_proof()->set_proof(proof);
    fleet.OnMessage(id, message);
  }
  ConnectionId Admit(const std::string& name) {
    const ConnectionId id = Join(name + "'s", name);
    Prove(id, ProofOf(id, name + "'s", name));
    return id;
  }
  std::string RefusalOf(ConnectionId id) { return connections.sent[id].back().refused().reason(); }

  lockstep::testing::SimLoop loop;
  lockstep::testing::CollectingLogger log{LogLevel::kWarn};
  RecordingConnections connections;
  int ids = 0;
  int nonces = 0;
  uint64_t last_connection = 0;
  Fleet fleet{loop,
              connections,
              log,
              {.version = "1.2.3", .token = kToken},
              [this] { return "session" + std::to_string(++ids); },
              [this] { return std::string(kNonceBytes, static_cast<char>('0' + ++nonces)); }};
  std::vector<std::string> joined, lost;
  std::vector<std::string> setups;       // the values of SetupDone
  std::vector<std::string> batch_texts;  // their contents

  // The next bytes of a message's encoding.
  void SendPiece(ConnectionId id, const std::string& data, bool last) {
    v1::AgentMessage message;
    message.mutable_piece()->set_data(data);
    message.mutable_piece()->set_last(last);
    fleet.OnMessage(id, message);
  }
  static v1::AgentMessage SetupDone(const std::string& json) {
    v1::AgentMessage message;
    message.set_number(1);
    message.mutable_setup_done()->mutable_value()->set_json(json);
    return message;
  }
};

TEST_F(FleetTest, AMembersMessageMayComeInPieces) {
  const ConnectionId id = Admit("ada");
  const std::string whole = SetupDone("a large value").SerializeAsString();
  SendPiece(id, whole.substr(0, 5), false);
  v1::AgentMessage heartbeat;  // what means something at once may come in between
  heartbeat.mutable_heartbeat();
  fleet.OnMessage(id, heartbeat);
  EXPECT_TRUE(setups.empty());
  SendPiece(id, whole.substr(5), true);
  EXPECT_THAT(setups, ElementsAre("a large value"));
}

TEST_F(FleetTest, PiecesThatMakeNoMessageOrTooLargeAOneEndTheSession) {
  const ConnectionId ada = Admit("ada");
  SendPiece(ada, "\xff\xff", true);
  EXPECT_THAT(lost, ElementsAre("ada"));
  const ConnectionId bob = Admit("bob");
  const std::string megabyte(1 << 20, 'x');
  for (int i = 0; i < 64; ++i) {
    SendPiece(bob, megabyte, false);
  }
  EXPECT_THAT(lost, ElementsAre("ada"));
  SendPiece(bob, "x", false);
  EXPECT_THAT(lost, ElementsAre("ada", "bob"));
}

// ---- a fleet that is held ----

v1::CoordinatorMessage Divided(uint32_t number) {
  v1::CoordinatorMessage message;
  message.mutable_divided()->set_number(number);
  return message;
}

std::vector<uint32_t> DivisionsIn(const std::vector<v1::CoordinatorMessage>& messages) {
  std::vector<uint32_t> numbers;
  for (const v1::CoordinatorMessage& message : messages) {
    if (message.has_divided()) {
      numbers.push_back(message.divided().number());
    }
  }
  return numbers;
}

TEST_F(FleetTest, WhileHeldNothingLeavesAndNothingIsAcknowledgedBeforeTheCommit) {
  const ConnectionId id = Admit("ada");
  const AgentId ada = fleet.FindByName("ada")->id;
  int held = 0;
  fleet.Hold([&held] { ++held; });
  fleet.Send(ada, 1, Divided(1));
  fleet.Send(ada, 1, Divided(2));
  EXPECT_EQ(held, 1);  // once until the commit
  fleet.OnMessage(id, SetupDone("value"));
  EXPECT_THAT(setups, ElementsAre("value"));  // handled, and not acknowledged
  v1::AgentMessage probe;
  probe.mutable_clock_probe()->set_id(3);
  fleet.OnMessage(id, probe);
  EXPECT_THAT(DivisionsIn(connections.sent[id]), ElementsAre());
  EXPECT_EQ(connections.sent[id].back().clock_answer().id(), 3u);  // what is unnumbered goes on
  EXPECT_EQ(connections.sent[id].back().acknowledged(), 0u);
  fleet.Committed();
  EXPECT_THAT(DivisionsIn(connections.sent[id]), ElementsAre(1, 2));
  EXPECT_EQ(connections.sent[id].back().acknowledged(), 1u);
  fleet.Send(ada, 1, Divided(3));
  EXPECT_EQ(held, 2);
  fleet.ReleaseHold();
  EXPECT_THAT(DivisionsIn(connections.sent[id]), ElementsAre(1, 2, 3));
}

TEST_F(FleetTest, AnAgentThatComesBackWhileHeldGetsOnlyWhatIsCommitted) {
  const ConnectionId first = Admit("ada");
  const std::string session = connections.sent[first].at(1).welcome().session_id();
  const AgentId ada = fleet.FindByName("ada")->id;
  fleet.Hold([] {});
  fleet.Send(ada, 1, Divided(1));
  fleet.Committed();
  fleet.Send(ada, 1, Divided(2));
  const ConnectionId second = Join("ada's", "ada", session);
  Prove(second, ProofOf(second, "ada's", "ada"));
  EXPECT_THAT(DivisionsIn(connections.sent[second]), ElementsAre(1));
  fleet.Committed();
  EXPECT_THAT(DivisionsIn(connections.sent[second]), ElementsAre(1, 2));
}

TEST_F(FleetTest, AnotherProcessGoesOnWithTheSessions) {
  const ConnectionId id = Admit("ada");
  const std::string session = connections.sent[id].at(1).welcome().session_id();
  fleet.Hold([] {});
  fleet.Send(fleet.FindByName("ada")->id, 1, Divided(1));
  fleet.OnMessage(id, SetupDone("value"));
  FleetCheckpoint saved = fleet.Checkpoint();
  Fleet other(loop, connections, log, {.version = "1.2.3"}, [] { return std::string("new"); });
  std::vector<std::string> seen;
  std::vector<std::string> gone;
  other.SetEvents({.may_join = [](const v1::Join&) { return absl::OkStatus(); },
                   .on_joined = [](AgentId) { ADD_FAILURE() << "it is no new one"; },
                   .on_message =
                       [&seen](AgentId, const v1::AgentMessage& message) {
                         seen.push_back(message.setup_done().value().json());
                         return absl::OkStatus();
                       },
                   .on_batch = [](AgentId, const v1::BatchMessage&) { return absl::OkStatus(); },
                   .on_lost = [&gone](const AgentRecord& record,
                                      const absl::Status&) { gone.push_back(record.name); }});
  other.Restore(std::move(saved));
  other.Hold([] {});
  const ConnectionId back{++last_connection};
  other.OnOpened(back, PeerWith("ada's"));
  v1::AgentMessage join;
  join.mutable_join()->set_protocol(1);
  join.mutable_join()->set_version("1.2.3");
  join.mutable_join()->set_name("ada");
  join.mutable_join()->set_session_id(session);
  other.OnMessage(back, join);
  ASSERT_THAT(connections.sent[back], ::testing::SizeIs(2));
  EXPECT_TRUE(connections.sent[back][0].welcome().resumed());
  EXPECT_EQ(connections.sent[back][0].acknowledged(), 1u);
  EXPECT_THAT(DivisionsIn(connections.sent[back]), ElementsAre(1));
  other.OnMessage(back, SetupDone("value"));  // which it had already
  EXPECT_THAT(seen, ElementsAre());
  loop.RunFor(absl::Seconds(11));
  EXPECT_THAT(gone, ElementsAre("ada"));
}

TEST_F(FleetTest, KeepsNoPiecesOfAStranger) {
  const ConnectionId id = Join("eve's", "eve");
  SendPiece(id, "x", false);
  EXPECT_EQ(RefusalOf(id), "the answer to Challenge must be Proof");
}

TEST_F(FleetTest, ABatchMayComeInPieces) {
  Admit("ada");
  const ConnectionId stream{++last_connection};
  fleet.OnOpened(stream, PeerWith("ada's"));
  v1::BatchMessage message;
  message.set_session_id("session1");
  message.set_number(1);
  message.set_batch("one, ");
  message.set_more(true);
  fleet.OnBatch(stream, message);
  EXPECT_TRUE(batch_texts.empty());
  message.set_batch("two");
  message.set_more(false);
  fleet.OnBatch(stream, message);
  EXPECT_THAT(batch_texts, ElementsAre("one, two"));
}

// An agent keeps what is not acknowledged, and stops writing its log when that is much.
TEST_F(FleetTest, AcknowledgesMuchAtOnce) {
  const ConnectionId id = Admit("ada");
  const size_t before = connections.sent[id].size();
  fleet.OnMessage(id, SetupDone("little"));
  EXPECT_EQ(connections.sent[id].size(), before);
  v1::AgentMessage large = SetupDone(std::string(300'000, 'x'));
  large.set_number(2);
  fleet.OnMessage(id, large);
  ASSERT_EQ(connections.sent[id].size(), before + 1);
  EXPECT_EQ(connections.sent[id].back().acknowledged(), 2u);
}

TEST_F(FleetTest, AMessageTooLargeForAnyAgentEndsItsSessionRatherThanBeingSentForEver) {
  Admit("ada");
  v1::CoordinatorMessage message;
  message.mutable_run_handle_summary()->set_data_json(std::string((64 << 20) + 1, 'x'));
  fleet.Send(fleet.FindByName("ada")->id, 1, message);
  EXPECT_THAT(lost, ElementsAre("ada"));
}

TEST_F(FleetTest, TheBanishedAreGoneWithTheirSession) {
  const ConnectionId id = Admit("ada");
  fleet.Banish(id, kRefusedCertificate, absl::UnauthenticatedError("revoked"));
  EXPECT_THAT(lost, ElementsAre("ada"));
  EXPECT_THAT(log.messages, Contains(HasSubstr("revoked")));
}

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

// As after a restart of the coordinator that came too late for its session: to refuse the name would
// keep the agent out for a lease more.
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

TEST_F(FleetTest, TellsOnceThatAllHaveHeardTheGoodbyeOrAreGone) {
  const ConnectionId ada = Admit("ada");
  const ConnectionId bob = Admit("bob");
  int told = 0;
  fleet.WhenDismissed([&] { ++told; });
  v1::AgentMessage heard;  // everything so far
  heard.mutable_heartbeat();
  fleet.OnMessage(ada, heard);
  EXPECT_EQ(told, 0);  // nobody was dismissed
  fleet.Dismiss("over");
  fleet.OnClosed(ada, absl::UnavailableError("its process ended"));
  EXPECT_EQ(told, 0);
  heard.set_acknowledged(1);  // the Goodbye
  fleet.OnMessage(bob, heard);
  EXPECT_EQ(told, 1);
  fleet.OnClosed(bob, absl::OkStatus());
  EXPECT_EQ(told, 1);
}

TEST_F(FleetTest, TellsAtOnceThatAnEmptyFleetIsDismissed) {
  fleet.Dismiss("over");
  bool told = false;
  fleet.WhenDismissed([&] { told = true; });
  EXPECT_TRUE(told);
}

TEST_F(FleetTest, DismissesTheOthersBesideOneThatIsExpelledForItsSilence) {
  Admit("ada");
  const ConnectionId bob = Admit("bob");
  for (int i = 0; i < 100'000; ++i) {  // as many as are kept for an agent
    fleet.Send(fleet.FindByName("ada")->id, 1, v1::CoordinatorMessage());
  }
  fleet.Dismiss("over");
  EXPECT_THAT(lost, ElementsAre("ada"));
  EXPECT_EQ(connections.sent[bob].back().goodbye().reason(), "over");
}

}  // namespace
}  // namespace lockstep::coordinator
