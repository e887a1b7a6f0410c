#include <memory>

#include "agent/run/conductor.h"
#include "agent/run/session.h"
#include "common/base/check.h"
#include "common/base/content_hash.h"
#include "common/options/options_json.h"
#include "common/trust/join_proof.h"
#include "tests/fuzz/random_message.h"
#include "tests/fuzz/targets.h"
#include "tests/support/idle_agent.h"
#include "tests/support/sim_loop.h"

namespace lockstep::fuzz {
namespace {

// What a coordinator's side of a run looks like, so that the agent comes to its later states.
class Script {
 public:
  v1::CoordinatorMessage Next(ByteSource& bytes) {
    constexpr const char* kOptions =
        R"({"scenarios":{"a":{"executor":"constant-vus","vus":2,"duration":1000000000,)"
        R"("startTime":0,"gracefulStop":1000000000,"exec":"default"}}})";
    v1::CoordinatorMessage message;
    switch (bytes.Below(12)) {
      case 0:
        message.mutable_inspect()->set_main_url("file:///s.js");
        message.mutable_inspect()->set_main_script("s");
        break;
      case 1: {
        v1::Assign& assign = *message.mutable_assign();
        assign.set_main_url("file:///s.js");
        assign.set_options_json(kOptions);
        assign.set_segment_sequence("0,1/2,1");
        assign.set_segment_index(static_cast<int32_t>(bytes.Below(3)));
        BundleHash hash;
        assign.set_bundle_sha256(hash.Digest());
        break;
      }
      case 2:
        message.mutable_prepare();
        break;
      case 3:
        message.mutable_run_setup();
        break;
      case 4:
        message.mutable_setup_data();
        break;
      case 5:
        message.mutable_start()->set_t0_coordinator_mono_ns(static_cast<int64_t>(bytes.Integer()));
        break;
      case 6:
        bytes.OneIn(2) ? static_cast<void>(message.mutable_graceful_stop())
                       : static_cast<void>(message.mutable_stop());
        break;
      case 7:
        message.mutable_run_teardown();
        break;
      default:
        FillMessage(bytes, message);
        break;
    }
    return message;
  }
};

}  // namespace

void FuzzAgent(absl::string_view input) {
  ByteSource bytes(input);
  testing::SimLoop loop;
  NullLogger log;
  testing::OpenTransport transport;
  testing::IdleHost host(loop);
  agent::ScriptLog script_log(loop);
  agent::SessionSettings settings;
  settings.version = "1";
  settings.name = "fuzzed";
  const bool asks_for_proof = bytes.OneIn(4);
  if (asks_for_proof) {
    settings.identity.token = "nobody knows this";
    settings.nonces = [] { return std::string(kNonceBytes, 'n'); };
  }
  agent::Session session(loop, transport, log, settings);
  agent::Conductor conductor({loop, session, host, script_log},
                             [](absl::string_view json) { return FromCanonicalJson(json); });
  conductor.Begin([](const absl::Status&) {});
  Script script;
  uint64_t number = 0;
  for (int step = 0; step < kMostSteps && !bytes.empty(); ++step) {
    if (bytes.OneIn(4) || transport.events == nullptr) {
      loop.RunFor(absl::Milliseconds(static_cast<int64_t>(bytes.Below(2000))));
      continue;
    }
    v1::CoordinatorMessage message;
    if (!session.open() && !bytes.OneIn(8)) {
      message.mutable_welcome()->set_session_id("s");
      message.mutable_welcome()->set_lease_ms(10'000);
      message.mutable_welcome()->set_heartbeat_ms(1000);
      number = 0;
    } else {
      message = script.Next(bytes);
      if (!bytes.OneIn(16)) {
        message.set_number(++number);
        message.set_acknowledged(0);
        message.set_run_id(1);
      }
    }
    const std::shared_ptr<agent::Transport::Events> events = transport.events;
    events->on_message(message);
    conductor.Progress();
    LOCKSTEP_CHECK(!asks_for_proof || !session.open());
  }
  loop.RunFor(absl::Seconds(30));  // past the lease: what is left of a run ends
  conductor.Leave("done");
  loop.RunFor(absl::Seconds(1));
}

}  // namespace lockstep::fuzz
