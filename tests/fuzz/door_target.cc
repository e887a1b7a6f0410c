
#include "common/base/check.h"
#include "coordinator/core/fleet.h"
#include "tests/fuzz/random_message.h"
#include "tests/fuzz/targets.h"
#include "tests/support/sim_loop.h"

namespace lockstep::fuzz {
namespace {

using coordinator::ConnectionId;

// Strangers see only what is sent to them, and so can answer with a nonce that was given before.
class Strangers final : public coordinator::Connections {
 public:
  void Send(ConnectionId, const v1::CoordinatorMessage& message) override {
    if (message.has_challenge()) {
      heard_ = message.challenge().nonce();
    }
  }
  void Acknowledge(ConnectionId, const v1::BatchAck&) override {}
  void Trust(ConnectionId) override {}
  void Close(ConnectionId, absl::Status) override {}

  const std::string& heard() const { return heard_; }

 private:
  std::string heard_;
};

}  // namespace

void FuzzDoor(absl::string_view input) {
  ByteSource bytes(input);
  testing::SimLoop loop;
  NullLogger log;
  Strangers strangers;
  uint8_t nonces = 0;
  coordinator::Fleet fleet(
      loop, strangers, log, {.version = "1", .token = "nobody knows this"},
      [] { return std::string("session"); },
      [&nonces] { return std::string(kNonceBytes, static_cast<char>(++nonces)); });
  fleet.SetEvents({
      .may_join = [](const v1::Join&) { return absl::OkStatus(); },
      .on_joined = [](coordinator::AgentId) { LOCKSTEP_CHECK(false && "a stranger has joined"); },
      .on_message = [](auto, const auto&) { return absl::InternalError("from a stranger"); },
      .on_batch = [](auto, const auto&) { return absl::InternalError("from a stranger"); },
      .on_lost = [](const auto&, const absl::Status&) {},
  });
  for (int step = 0; step < kMostSteps && !bytes.empty(); ++step) {
    const ConnectionId connection{bytes.Below(4)};
    v1::AgentMessage message;
    switch (bytes.Below(8)) {
      case 0:
        fleet.OnOpened(connection,
                       {.address = "a", .identity = {.name = bytes.Text(8), .fingerprint = "f"}});
        continue;
      case 1:
        fleet.OnClosed(connection, absl::UnavailableError("gone"));
        continue;
      case 2:
        loop.RunFor(absl::Milliseconds(static_cast<int64_t>(bytes.Below(3000))));
        continue;
      case 3: {
        v1::BatchMessage batch;
        FillMessage(bytes, batch);
        fleet.OnBatch(connection, batch);
        continue;
      }
      case 4:
        message.mutable_proof()->set_proof(bytes.OneIn(2) ? strangers.heard() : bytes.Text(40));
        break;
      case 5:
        FillMessage(bytes, message);
        break;
      default:
        FillMessage(bytes, *message.mutable_join());
        message.mutable_join()->set_protocol(1);
        message.mutable_join()->set_version("1");
        message.mutable_join()->set_nonce(std::string(kNonceBytes, 'n'));
        break;
    }
    fleet.OnMessage(connection, message);
  }
  loop.RunFor(absl::Minutes(1));
}

}  // namespace lockstep::fuzz
