#include "agent/run/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/core/fleet.h"
#include "tests/sim/sim_network.h"
#include "tests/support/collecting_logger.h"
#include "tests/support/sim_loop.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One agent and a fleet, with a network between them.
class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    network.Attach(&fleet);
    fleet.SetEvents({
        .may_join = [this](const v1::Join&) { return may_join; },
        .on_joined = [this](coordinator::AgentId id) { joined.push_back(id); },
        .on_message =
            [this](coordinator::AgentId, const v1::AgentMessage& message) {
              received.push_back(message.agent_failed().message());
              return absl::OkStatus();
            },
        .on_batch = [](coordinator::AgentId, const v1::BatchMessage&) { return absl::OkStatus(); },
        .on_lost =
            [this](const coordinator::AgentRecord& record, const absl::Status& reason) {
              lost.push_back(record.name + ": " + std::string(reason.message()));
            },
    });
  }

  void Open(SessionSettings settings) {
    settings.coordinator = "sim";
    settings.version = settings.version.empty() ? "1.2.3" : settings.version;
    settings.name = settings.name.empty() ? "ada" : settings.name;
    session = std::make_unique<Session>(agent_loop, *transport, log, settings);
    session->Open({
        .on_opened = [this] { ++opened; },
        .on_message =
            [this](const v1::CoordinatorMessage& m) { heard.push_back(m.file_reply().error()); },
        .on_batch_ack = [](const v1::BatchAck&) {},
        .on_resumed = [this] { ++resumed; },
        .on_lost =
            [this](const absl::Status& status) {
              session_lost.push_back(std::string(status.message()));
            },
        .on_finished = [this](const absl::Status& status) { finished.push_back(status); },
    });
  }

  void SendFromAgent(const std::string& text) {
    v1::AgentMessage message;
    message.mutable_agent_failed()->set_message(text);
    session->Send(7, message);
  }
  void SendFromCoordinator(const std::string& text) {
    v1::CoordinatorMessage message;
    message.mutable_file_reply()->set_error(text);
    fleet.Send(joined.back(), 7, message);
  }

  lockstep::testing::SimLoop loop;
  lockstep::testing::SkewedLoop agent_loop{loop, absl::Seconds(1234)};
  lockstep::testing::CollectingLogger log;
  lockstep::testing::SimNetwork network{loop, 1, {}};
  int ids = 0;
  coordinator::Fleet fleet{loop, network, log, {.version = "1.2.3"}, [this] {
                             return "session" + std::to_string(++ids);
                           }};
  std::unique_ptr<Transport> transport = network.MakeTransport();
  std::unique_ptr<Session> session;

  absl::Status may_join;
  std::vector<coordinator::AgentId> joined;
  std::vector<std::string> received, heard, lost, session_lost;
  std::vector<absl::Status> finished;
  int opened = 0;
  int resumed = 0;
};

TEST_F(SessionTest, JoinsAndMeasuresTheClockOffset) {
  Open({});
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(opened, 1);
  ASSERT_TRUE(session->clock().best().has_value());
  // The agent's clock is 1234 s ahead; delays are at most 5 ms each way.
  absl::Duration error = session->clock().best()->offset + absl::Seconds(1234);
  EXPECT_LE(absl::AbsDuration(error), session->clock().best()->round_trip / 2);
  EXPECT_LE(session->clock().best()->round_trip, absl::Milliseconds(10));
}

TEST_F(SessionTest, AMessageThatNobodyWouldTakeBecomesAFailureThatSaysSo) {
  Open({});
  loop.RunFor(absl::Seconds(1));
  v1::AgentMessage message;
  message.mutable_setup_done()->mutable_value()->mutable_json()->assign(70'000'000, 'x');
  session->Send(7, message);
  loop.RunFor(absl::Seconds(1));
  ASSERT_EQ(received.size(), 1u);
  EXPECT_THAT(received[0],
              ::testing::MatchesRegex("a message of 700000.. bytes is too large for the "
                                      "coordinator: the most is 67108864"));
}

TEST_F(SessionTest, TextsOfBothSidesAreMadeValidSoThatTheOtherCanReadThem) {
  Open({.name = "ad\xFF"});
  loop.RunFor(absl::Seconds(1));
  SendFromAgent("lookup m\xFCnchen");
  SendFromCoordinator("no file m\xFCnchen");
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(received, ElementsAre("lookup m\uFFFDnchen"));
  EXPECT_THAT(heard, ElementsAre("no file m\uFFFDnchen"));
  EXPECT_EQ(fleet.Find(joined[0])->name, "ad\uFFFD");
}

TEST_F(SessionTest, MessagesSurviveABrokenConnection) {
  Open({});
  loop.RunFor(absl::Seconds(1));
  SendFromAgent("one");
  SendFromCoordinator("un");
  network.Break(*transport);  // both are lost on the way
  SendFromAgent("two");
  SendFromCoordinator("deux");
  loop.RunFor(absl::Seconds(2));
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(opened, 1);
  EXPECT_THAT(received, ElementsAre("one", "two"));
  EXPECT_THAT(heard, ElementsAre("un", "deux"));
  EXPECT_TRUE(lost.empty());
}

// Breaks the connection at each message that says "poison".
class PoisonedTransport final : public Transport {
 public:
  PoisonedTransport(std::unique_ptr<Transport> good, lockstep::testing::SimNetwork& network)
      : good_(std::move(good)), network_(network) {}
  void Connect(Events events) override { good_->Connect(std::move(events)); }
  void Send(const v1::AgentMessage& message) override {
    if (message.agent_failed().message() == "poison") {
      ++broken;
      network_.Break(*good_);
    } else {
      good_->Send(message);
    }
  }
  void SendBatch(const v1::BatchMessage& message) override { good_->SendBatch(message); }
  void Close() override { good_->Close(); }

  int broken = 0;

 private:
  std::unique_ptr<Transport> good_;
  lockstep::testing::SimNetwork& network_;
};

TEST_F(SessionTest, AMessageThatBreaksEachConnectionEndsTheSession) {
  auto poisoned = std::make_unique<PoisonedTransport>(std::move(transport), network);
  const int& broken = poisoned->broken;
  transport = std::move(poisoned);
  Open({});
  loop.RunFor(absl::Seconds(1));
  SendFromAgent("poison");
  loop.RunFor(absl::Seconds(15));
  EXPECT_THAT(session_lost, ElementsAre("each connection breaks with message 1 (agent_failed)"));
  EXPECT_THAT(lost, ElementsAre(HasSubstr("ada")));
  EXPECT_EQ(broken, 21);  // when it was sent, and each time that the session was resumed
  EXPECT_EQ(opened, 2);
  SendFromAgent("fine");
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(received, ElementsAre("fine"));
}

TEST_F(SessionTest, SilenceBeyondTheLeaseEndsTheSessionOnBothSides) {
  Open({});
  loop.RunFor(absl::Seconds(1));
  network.CutOff(*transport);
  loop.RunFor(absl::Seconds(9));
  EXPECT_TRUE(lost.empty());
  EXPECT_TRUE(session_lost.empty());
  loop.RunFor(absl::Seconds(3));
  EXPECT_THAT(lost, ElementsAre("ada: nothing was heard from it for 10s"));
  EXPECT_THAT(session_lost, ElementsAre(HasSubstr("nothing heard for")));
  network.Reconnect(*transport);
  loop.RunFor(absl::Seconds(10));
  EXPECT_EQ(opened, 2);  // back, as a new member
}

// Until the very end of the lease: whoever is started again has no more time than that.
TEST_F(SessionTest, ACoordinatorThatComesBackJustBeforeTheLeaseIsOverFindsTheSession) {
  for (const absl::Duration away : {absl::Milliseconds(8500), absl::Milliseconds(9330)}) {
    Open({});
    loop.RunFor(absl::Milliseconds(1500));  // heard last half a second ago
    const int sessions = opened;
    const int back = resumed;
    network.Attach(nullptr);
    network.BreakAll();
    loop.RunFor(away);
    network.Attach(&fleet);
    loop.RunFor(absl::Milliseconds(400));
    EXPECT_EQ(opened, sessions) << away;
    EXPECT_EQ(resumed, back + 1) << away;
    EXPECT_THAT(session_lost, ElementsAre()) << away;
    session->Leave("next");
    loop.RunFor(absl::Seconds(1));
  }
}

TEST_F(SessionTest, ACoordinatorThatStandsStillOnPurposeLosesNobody) {
  Open({});
  loop.RunFor(absl::Seconds(1));
  v1::CoordinatorMessage suspend;
  suspend.mutable_suspend();
  fleet.Send(joined.back(), 7, suspend);
  loop.RunFor(absl::Seconds(1));
  network.Break(*transport);   // as its keepalive does
  network.CutOff(*transport);  // nobody answers
  // The coordinator stands still: its own timers do not run either.
  for (int i = 0; i < 60; ++i) {
    loop.RunFor(absl::Seconds(9));
    fleet.Forgive();
  }
  EXPECT_TRUE(session_lost.empty());
  network.Reconnect(*transport);
  for (int i = 0; i < 3; ++i) {  // an attempt that was lost on the way has to run out first
    loop.RunFor(absl::Seconds(9));
    fleet.Forgive();
  }
  suspend.mutable_suspend()->set_over(true);
  fleet.Send(joined.back(), 7, suspend);
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(opened, 1);
  EXPECT_TRUE(lost.empty());
  network.CutOff(*transport);  // from now on silence counts again
  loop.RunFor(absl::Seconds(12));
  EXPECT_EQ(session_lost.size(), 1u);
}

TEST_F(SessionTest, AnAgentThatLeavesIsGoneAtOnce) {
  Open({});
  loop.RunFor(absl::Seconds(1));
  session->Leave("SIGTERM");
  loop.RunFor(absl::Milliseconds(20));
  EXPECT_THAT(lost, ElementsAre("ada: it left: SIGTERM"));
}

TEST_F(SessionTest, GoodbyeEndsASessionThatIsForOnce) {
  Open({.once = true});
  loop.RunFor(absl::Seconds(1));
  fleet.Dismiss("over");
  loop.RunFor(absl::Milliseconds(50));
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_TRUE(finished[0].ok());
  EXPECT_TRUE(fleet.dismissed());
  EXPECT_TRUE(lost.empty());
}

// As after `lockstep scale --agents` with a smaller number and a larger one.
TEST_F(SessionTest, AnAgentForOnceThatIsWantedAgainServesItsRunToTheEnd) {
  Open({.once = true});
  loop.RunFor(absl::Seconds(1));
  fleet.Recall(joined.back(), absl::CancelledError("it is wanted again"));
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(opened, 2);
  EXPECT_THAT(finished, IsEmpty());
  fleet.Dismiss("over");
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(opened, 2);
  EXPECT_THAT(finished, ElementsAre(absl::OkStatus()));
}

// Where work moves, its run takes it in again.
TEST_F(SessionTest, AnAgentForOnceThatHasLostItsSessionLooksForANewOneBeforeItGivesUp) {
  Open({.once = true});
  loop.RunFor(absl::Seconds(1));
  network.CutOff(*transport);
  loop.RunFor(absl::Seconds(15));
  EXPECT_EQ(session_lost.size(), 1u);
  EXPECT_THAT(finished, IsEmpty());
  network.Reconnect(*transport);
  loop.RunFor(absl::Seconds(3));
  EXPECT_EQ(opened, 2);
  network.CutOff(*transport);
  loop.RunFor(absl::Seconds(30));
  EXPECT_EQ(finished.size(), 1u);
}

TEST_F(SessionTest, AnAgentForOnceThatIsWantedAgainAndComesTooLateHasNotFailed) {
  Open({.once = true});
  loop.RunFor(absl::Seconds(1));
  may_join = absl::UnavailableError("the run is over");
  fleet.Recall(joined.back(), absl::CancelledError("it is wanted again"));
  loop.RunFor(absl::Seconds(20));
  EXPECT_EQ(opened, 1);
  EXPECT_THAT(finished, ElementsAre(absl::OkStatus()));
}

TEST_F(SessionTest, AnotherVersionIsRefusedWithBothNamed) {
  Open({.version = "9.9.9"});
  loop.RunFor(absl::Seconds(1));
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_THAT(std::string(finished[0].message()),
              HasSubstr("the agent has version 9.9.9 (protocol 1), the coordinator "
                        "1.2.3 (protocol 1): both must be the same"));
}

// The same, in a fleet with a join token.
class TokenSessionTest : public SessionTest {
 public:
  ~TokenSessionTest() override { session.reset(); }

 protected:
  TokenSessionTest() {
    network.Attach(&guarded);
    guarded.SetEvents({
        .may_join = [](const v1::Join&) { return absl::OkStatus(); },
        .on_joined = [this](coordinator::AgentId id) { joined.push_back(id); },
        .on_message = [](coordinator::AgentId,
                         const v1::AgentMessage&) { return absl::OkStatus(); },
        .on_batch = [](coordinator::AgentId, const v1::BatchMessage&) { return absl::OkStatus(); },
        .on_lost = [](const coordinator::AgentRecord&, const absl::Status&) {},
    });
  }

  std::string Nonce() { return std::string(32, static_cast<char>('0' + ++nonces % 64)); }

  int nonces = 0;
  coordinator::Fleet guarded{loop,
                             network,
                             log,
                             {.version = "1.2.3", .token = "the fleet's own token"},
                             [this] { return "session" + std::to_string(++ids); },
                             [this] { return Nonce(); }};
};

TEST_F(TokenSessionTest, JoinsWithTheTokenAndComesBackWithIt) {
  Open({.identity = {.token = "the fleet's own token"}, .nonces = [this] { return Nonce(); }});
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(opened, 1);
  network.Break(*transport);
  loop.RunFor(absl::Seconds(2));
  EXPECT_EQ(resumed, 1);
}

// Credentials that are renewed hold from the next session on; one that is open goes on with its
// own.
TEST_F(TokenSessionTest, ASessionKeepsWhatItWasOpenedWith) {
  std::string token = "the fleet's own token";
  int renewals = 0;
  Open({.renew =
            [&] {
              ++renewals;
              return SessionSettings::Identity{.token = token, .fingerprint = ""};
            },
        .nonces = [this] { return Nonce(); }});
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(opened, 1);
  EXPECT_EQ(renewals, 1);
  token = "another fleet's token";
  network.Break(*transport);
  loop.RunFor(absl::Seconds(2));
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(renewals, 1);
  guarded.Dismiss("the run is over");
  loop.RunFor(absl::Seconds(5));
  EXPECT_GE(renewals, 2);
  EXPECT_EQ(opened, 1) << "the other token opens nothing";
}

TEST_F(TokenSessionTest, IsRefusedWithAnotherTokenAndDoesNotTryAgain) {
  Open({.identity = {.token = "another fleet's token"}, .nonces = [this] { return Nonce(); }});
  loop.RunFor(absl::Seconds(1));
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].message(),
            "the coordinator refused: agent ada does not know the fleet's join token");
}

TEST_F(TokenSessionTest, IsRefusedWithoutAToken) {
  Open({});
  loop.RunFor(absl::Seconds(1));
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_THAT(std::string(finished[0].message()), HasSubstr("the agent has no join token"));
}

TEST_F(SessionTest, DoesNotBelieveACoordinatorThatDoesNotProveTheToken) {
  Open({.identity = {.token = "the fleet's own token"},
        .nonces = [] { return std::string(32, 'n'); },
        .once = true});
  loop.RunFor(absl::Seconds(20));
  EXPECT_EQ(opened, 0);
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_THAT(std::string(finished[0].message()),
              HasSubstr("the coordinator does not know the fleet's join token"));
}

TEST_F(SessionTest, TriesAgainWhenTheFleetIsBusy) {
  may_join = absl::UnavailableError("a run is in progress");
  Open({});
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(opened, 0);
  EXPECT_THAT(log.messages,
              ::testing::Contains("cannot join the coordinator at sim: the coordinator "
                                  "refused: a run is in progress; trying again"));
  // That need not be said again before something else is the matter.
  log.messages.clear();
  loop.RunFor(absl::Minutes(50));
  EXPECT_THAT(log.messages, ::testing::Each(::testing::Not(::testing::StartsWith("cannot join"))));
  may_join = absl::UnavailableError("its name is taken");
  loop.RunFor(absl::Seconds(10));
  EXPECT_THAT(log.messages, ::testing::Contains(::testing::HasSubstr("its name is taken; trying")));
  may_join = absl::OkStatus();
  loop.RunFor(absl::Seconds(3));
  EXPECT_EQ(opened, 1);
}

TEST_F(SessionTest, ForOnceGivesUpOnACoordinatorThatCannotBeReached) {
  network.CutOff(*transport);
  Open({.once = true});
  loop.RunFor(absl::Seconds(20));
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].message(), "cannot reach the coordinator at sim: it does not answer");
}

TEST_F(SessionTest, KeepsTryingAndSaysSo) {
  network.CutOff(*transport);
  Open({});
  loop.RunFor(absl::Seconds(8));
  EXPECT_THAT(log.messages,
              ElementsAre("cannot reach the coordinator at sim: it does not answer; trying again"));
  EXPECT_TRUE(finished.empty());
}

TEST_F(SessionTest, TellsOfARunsEndAndDoesNotWarnThatNoneFollows) {
  Open({});
  loop.RunFor(absl::Seconds(1));
  fleet.Dismiss("the run is over, exit code 0");
  loop.RunFor(absl::Milliseconds(15));
  network.CutOff(*transport);
  log.messages.clear();
  loop.RunFor(absl::Minutes(59));
  EXPECT_THAT(log.messages, IsEmpty());
  loop.RunFor(absl::Minutes(2));
  EXPECT_THAT(log.messages, ElementsAre("still waits for the next run at sim: it does not answer; "
                                        "trying again"));
}

// Local agents leave that to the coordinator, which has the same terminal.
TEST_F(SessionTest, TellsOfARunsEndOnlyWhereNobodyElseDoes) {
  lockstep::testing::CollectingLogger infos(LogLevel::kInfo);
  std::vector<std::unique_ptr<Transport>> lines;
  std::vector<std::unique_ptr<Session>> sessions;
  for (const bool told : {false, true}) {
    lines.push_back(network.MakeTransport());
    sessions.push_back(std::make_unique<Session>(loop, *lines.back(), infos,
                                                 SessionSettings{.coordinator = "sim",
                                                                 .version = "1.2.3",
                                                                 .name = told ? "a" : "b",
                                                                 .end_is_told = told}));
    sessions.back()->Open({.on_opened = [this] { ++opened; },
                           .on_message = [](const v1::CoordinatorMessage&) {},
                           .on_batch_ack = [](const v1::BatchAck&) {},
                           .on_resumed = [] {},
                           .on_lost = [](const absl::Status&) {},
                           .on_finished = [](const absl::Status&) {}});
  }
  loop.RunFor(absl::Seconds(1));
  ASSERT_EQ(opened, 2);
  fleet.Dismiss("the run is over, exit code 0");
  loop.RunFor(absl::Milliseconds(15));
  EXPECT_THAT(infos.messages,
              ElementsAre("the run is over, exit code 0; waits for the next run at sim"));
}

TEST_F(SessionTest, TwoAgentsOfOneNameAreNotBothLetIn) {
  Open({});
  loop.RunFor(absl::Seconds(1));
  std::unique_ptr<Transport> other_transport = network.MakeTransport();
  Session other(loop, *other_transport, log,
                {.coordinator = "sim", .version = "1.2.3", .name = "ada"});
  int other_opened = 0;
  other.Open({.on_opened = [&] { ++other_opened; },
              .on_message = [](const v1::CoordinatorMessage&) {},
              .on_batch_ack = [](const v1::BatchAck&) {},
              .on_resumed = [] {},
              .on_lost = [](const absl::Status&) {},
              .on_finished = [](const absl::Status&) {}});
  loop.RunFor(absl::Seconds(3));
  EXPECT_EQ(other_opened, 0);
  EXPECT_THAT(log.messages, ::testing::Contains(HasSubstr(
                                "an agent named ada is already in the fleet; names must differ")));
}

}  // namespace
}  // namespace lockstep::agent
