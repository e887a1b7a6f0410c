#include "coordinator/core/fleet.h"

#include <gmock/gmock.h>

#include "tests/coordinator/core/fleet_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// However many there are, each has two connections; and whoever is nobody's finds a limit.
TEST_F(FleetTest, HasRoomForAllOfItsAgentsAndForSomeStrangers) {
  const size_t most = FleetSettings{}.max_connections;
  for (size_t i = 0; i < most; ++i) {
    Admit("agent-" + std::to_string(i));
    fleet.OnOpened(ConnectionId{++last_connection}, PeerWith("batches"));
  }
  EXPECT_TRUE(connections.closed.empty());
  for (size_t i = 0; i < most; ++i) {
    fleet.OnOpened(ConnectionId{++last_connection}, PeerWith("stranger"));
  }
  EXPECT_TRUE(connections.closed.empty());
  fleet.OnOpened(ConnectionId{++last_connection}, PeerWith("stranger"));
  EXPECT_EQ(connections.closed.count(ConnectionId{last_connection}), 1u);
}

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
  EXPECT_EQ(held, 2);
  fleet.OnMessage(id, SetupDone("value"));
  EXPECT_THAT(setups, ElementsAre("value"));  // handled, and not acknowledged
  v1::AgentMessage probe;
  probe.mutable_clock_probe()->set_id(3);
  fleet.OnMessage(id, probe);
  EXPECT_THAT(DivisionsIn(connections.sent[id]), ElementsAre());
  EXPECT_EQ(connections.sent[id].back().clock_answer().id(), 3u);  // what is unnumbered goes on
  EXPECT_EQ(connections.sent[id].back().acknowledged(), 0u);
  fleet.Committed(Marks());
  EXPECT_THAT(DivisionsIn(connections.sent[id]), ElementsAre(1, 2));
  EXPECT_EQ(connections.sent[id].back().acknowledged(), 1u);
  fleet.Send(ada, 1, Divided(3));
  EXPECT_EQ(held, 3);
  fleet.ReleaseHold();
  EXPECT_THAT(DivisionsIn(connections.sent[id]), ElementsAre(1, 2, 3));
}

// A disk takes its time: what comes meanwhile is not on it.
TEST_F(FleetTest, WhatComesAfterACheckpointWaitsForTheNextOne) {
  const ConnectionId id = Admit("ada");
  const AgentId ada = fleet.FindByName("ada")->id;
  fleet.Hold([] {});
  fleet.Send(ada, 1, Divided(1));
  const std::vector<SessionMark> marks = Marks();
  fleet.Send(ada, 1, Divided(2));
  fleet.OnMessage(id, SetupDone("value"));
  fleet.Committed(marks);
  EXPECT_THAT(DivisionsIn(connections.sent[id]), ElementsAre(1));
  EXPECT_EQ(connections.sent[id].back().acknowledged(), 0u);
  fleet.Committed(Marks());
  EXPECT_THAT(DivisionsIn(connections.sent[id]), ElementsAre(1, 2));
  EXPECT_EQ(connections.sent[id].back().acknowledged(), 1u);
}

v1::AgentMessage LineOf(uint64_t number, const std::string& text) {
  v1::AgentMessage message;
  message.set_number(number);
  v1::LogLine& line = *message.mutable_log_lines()->add_lines();
  line.set_level(v1::LogLine::INFO);
  line.set_message(text);
  return message;
}

// Another process would get lines again whose coming is not on disk, and would tell them again.
TEST_F(FleetTest, WhileHeldLogLinesAreToldOnceTheirComingIsOnDisk) {
  const ConnectionId id = Admit("ada");
  int held = 0;
  fleet.Hold([&held] { ++held; });
  fleet.OnMessage(id, LineOf(1, "one"));
  fleet.OnMessage(id, LineOf(2, "two"));
  EXPECT_EQ(held, 0);
  loop.RunFor(absl::Milliseconds(100));
  EXPECT_EQ(held, 1);  // for both, and they do not wait for the next second
  const std::vector<SessionMark> marks = Marks();
  fleet.OnMessage(id, LineOf(3, "three"));
  EXPECT_THAT(lines, ElementsAre());
  fleet.Committed(marks);
  EXPECT_THAT(lines, ElementsAre("one", "two"));
  fleet.Committed(Marks());
  EXPECT_THAT(lines, ElementsAre("one", "two", "three"));
  fleet.OnMessage(id, LineOf(4, "four"));
  fleet.TellAllLines();
  fleet.Committed(Marks());
  EXPECT_THAT(lines, ElementsAre("one", "two", "three", "four"));
  fleet.OnMessage(id, LineOf(5, "five"));
  fleet.ReleaseHold();  // nothing is kept any more
  fleet.OnMessage(id, LineOf(6, "six"));
  EXPECT_THAT(lines, ElementsAre("one", "two", "three", "four", "five", "six"));
}

TEST_F(FleetTest, TheLastLinesOfAnAgentThatIsLostAreToldBeforeItsLoss) {
  const ConnectionId id = Admit("ada");
  fleet.Hold([] {});
  fleet.OnMessage(id, LineOf(1, "my last"));
  fleet.Expel(fleet.FindByName("ada")->id, absl::AbortedError("it was killed"));
  EXPECT_THAT(lines, ElementsAre("my last"));
  EXPECT_THAT(lost, ElementsAre("ada"));
}

TEST_F(FleetTest, AnAgentThatComesBackWhileHeldGetsOnlyWhatIsCommitted) {
  const ConnectionId first = Admit("ada");
  const std::string session = connections.sent[first].at(1).welcome().session_id();
  const AgentId ada = fleet.FindByName("ada")->id;
  fleet.Hold([] {});
  fleet.Send(ada, 1, Divided(1));
  fleet.Committed(Marks());
  fleet.Send(ada, 1, Divided(2));
  const ConnectionId second = Join("ada's", "ada", session);
  Prove(second, ProofOf(second, "ada's", "ada"));
  EXPECT_THAT(DivisionsIn(connections.sent[second]), ElementsAre(1));
  fleet.Committed(Marks());
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
                   .on_joined = [](AgentId) { ADD_FAILURE() << "it is not a new one"; },
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
