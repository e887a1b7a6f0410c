#include "common/base/check.h"
#include "tests/coordinator/core/run_fixture.h"
#include "tests/fuzz/random_message.h"
#include "tests/fuzz/targets.h"

namespace lockstep::fuzz {
namespace {

using coordinator::ConnectionId;

// A peer that joins as agents do, and then sends what the bytes say; and a stranger on a connection
// of its own, who does not even join.
class HostilePeer {
 public:
  HostilePeer(testing::SimLoop& loop, testing::SimNetwork& network, Logger& log,
              coordinator::Fleet& fleet)
      : loop_(loop), fleet_(fleet), transport_(network.MakeTransport()) {
    agent::SessionSettings settings;
    settings.version = "1";
    settings.name = "hostile";
    session_ = std::make_unique<agent::Session>(loop, *transport_, log, settings);
    session_->Open({.on_opened = [] {},
                    .on_message =
                        [this](const v1::CoordinatorMessage& message) {
                          run_id_ = message.run_id();
                          Answer(message);
                        },
                    .on_batch_ack = [](const v1::BatchAck&) {},
                    .on_resumed = [] {},
                    .on_lost = [](const absl::Status&) {},
                    .on_finished = [](const absl::Status&) {}});
  }

  void Act(ByteSource& bytes) {
    switch (bytes.Below(8)) {
      case 0:
      case 1: {  // in order, with any content
        v1::AgentMessage message;
        FillMessage(bytes, message);
        session_->Send(bytes.OneIn(8) ? bytes.Integer() : run_id_, message);
        return;
      }
      case 2: {  // with any number and acknowledgement
        v1::AgentMessage message;
        FillMessage(bytes, message);
        transport_->Send(message);
        return;
      }
      case 3: {
        v1::BatchMessage batch;
        FillMessage(bytes, batch);
        batch.set_run_id(run_id_);
        session_->SendBatch(batch);
        return;
      }
      case 4: {
        v1::AgentMessage message;
        if (!message.ParseFromString(bytes.Text(200))) {
          message.Clear();
        }
        stranger_ = bytes.OneIn(4) ? ConnectionId{++last_stranger_} : stranger_;
        fleet_.OnOpened(stranger_);
        fleet_.OnMessage(stranger_, message);
        return;
      }
      case 5: {
        v1::AgentMessage message;
        FillMessage(bytes, *message.mutable_join());
        message.mutable_join()->set_protocol(1);
        message.mutable_join()->set_version("1");
        fleet_.OnOpened(ConnectionId{++last_stranger_});
        fleet_.OnMessage(ConnectionId{last_stranger_}, message);
        return;
      }
      case 6:
        honest_ = bytes.OneIn(2);
        return;
      default:
        loop_.RunFor(absl::Milliseconds(static_cast<int64_t>(bytes.Below(500))));
        return;
    }
  }
  void GoAway() { session_->Leave("done"); }

 private:
  // As a well-behaved agent would, so that the run comes to its later states.
  void Answer(const v1::CoordinatorMessage& asked) {
    v1::AgentMessage answer;
    switch (honest_ ? asked.body_case() : v1::CoordinatorMessage::BODY_NOT_SET) {
      case v1::CoordinatorMessage::kInspect:
        answer.mutable_inspected();
        break;
      case v1::CoordinatorMessage::kAssign:
        answer.mutable_assigned();
        break;
      case v1::CoordinatorMessage::kPrepare:
        answer.mutable_prepared();
        break;
      case v1::CoordinatorMessage::kRunSetup:
        answer.mutable_setup_done();
        break;
      case v1::CoordinatorMessage::kSetupData:
        answer.mutable_ready();
        break;
      default:
        return;
    }
    session_->Send(run_id_, answer);
  }

  testing::SimLoop& loop_;
  coordinator::Fleet& fleet_;
  std::unique_ptr<agent::Transport> transport_;
  std::unique_ptr<agent::Session> session_;
  uint64_t run_id_ = 0;
  uint64_t last_stranger_ = 1ull << 40;  // apart from the network's own
  ConnectionId stranger_{1ull << 40};
  bool honest_ = true;
};

class Stage : public coordinator::RunTest {
 public:
  void TestBody() override {}
  using RunTest::agent;
  using RunTest::agents_;
  using RunTest::Begin;
  using RunTest::code;
  using RunTest::fleet;
  using RunTest::Join;
  using RunTest::log;
  using RunTest::loop;
  using RunTest::network;
  using RunTest::run;

  // Reports and snapshots must work whatever has been said.
  void Play(ByteSource& bytes, HostilePeer& peer, bool operated = false) {
    for (int step = 0; step < kMostSteps && !bytes.empty(); ++step) {
      peer.Act(bytes);
      if (operated && bytes.OneIn(16)) {
        Operate(bytes);
      }
      run->Snapshot();
      run->judgement();
    }
    peer.GoAway();
    run->Resume().IgnoreError();
    const MonoTime limit = loop.clock().Mono() + absl::Minutes(30);
    while (run->state() != v1::RunStatus::DONE && loop.clock().Mono() < limit) {
      loop.RunOne();
    }
    LOCKSTEP_CHECK(run->state() == v1::RunStatus::DONE);
  }

 private:
  void Operate(ByteSource& bytes) {
    switch (bytes.Below(3)) {
      case 0:
        run->Pause().IgnoreError();
        return;
      case 1:
        run->Resume().IgnoreError();
        return;
      default: {
        const auto vus = static_cast<int64_t>(bytes.Integer());
        run->Scale(vus, static_cast<int64_t>(bytes.Integer())).IgnoreError();
        return;
      }
    }
  }
};

}  // namespace

void FuzzCoordinatorBesideRun(absl::string_view input) {
  ByteSource bytes(input);
  Stage stage;
  stage.Begin(2);
  stage.loop.RunFor(absl::Microseconds(200));
  HostilePeer peer(stage.loop, stage.network, stage.log, stage.fleet);
  stage.Play(bytes, peer);
  LOCKSTEP_CHECK(stage.code() == 0);
}

void FuzzCoordinatorWithinRun(absl::string_view input) {
  ByteSource bytes(input);
  Stage stage;
  const bool first = bytes.OneIn(2);  // then it is the one that inspects and runs setup()
  std::unique_ptr<HostilePeer> peer;
  const auto join = [&] {
    peer = std::make_unique<HostilePeer>(stage.loop, stage.network, stage.log, stage.fleet);
    stage.loop.RunFor(absl::Microseconds(200));
  };
  stage.Begin(2, /*tolerated=*/50, /*joining=*/0);
  if (first) {
    join();
  }
  stage.Join();
  if (!first) {
    join();
  }
  stage.Play(bytes, *peer, /*operated=*/true);
}

}  // namespace lockstep::fuzz
