// A fleet with a join token, and strangers who speak to it by hand.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/trust/join_proof.h"
#include "coordinator/core/fleet.h"
#include "tests/support/collecting_logger.h"
#include "tests/support/sim_loop.h"

namespace lockstep::coordinator {

inline constexpr char kToken[] = "a token of this fleet";
inline const std::string kAgentNonce(kNonceBytes, 'a');

class RecordingConnections final : public Connections {
 public:
  void Send(ConnectionId to, const v1::CoordinatorMessage& message) override {
    sent[to].push_back(message);
  }
  void Acknowledge(ConnectionId, const v1::BatchAck&) override {}
  void Trust(ConnectionId connection) override { trusted.insert(connection); }
  void Close(ConnectionId connection, absl::Status reason) override { closed[connection] = reason; }

  std::map<ConnectionId, std::vector<v1::CoordinatorMessage>> sent;
  std::map<ConnectionId, absl::Status> closed;
  std::set<ConnectionId> trusted;
};

class FleetTest : public ::testing::Test {
 protected:
  FleetTest() {
    fleet.SetEvents({
        .may_join = [](const v1::Join&) { return absl::OkStatus(); },
        .on_joined = [this](AgentId id) { joined.push_back(fleet.Find(id)->name); },
        .on_message =
            [this](AgentId, const v1::AgentMessage& message) {
              if (message.has_log_lines()) {
                lines.push_back(message.log_lines().lines(0).message());
              } else {
                setups.push_back(message.setup_done().value().json());
              }
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
  // Of what is to be on disk, as things stand.
  std::vector<SessionMark> Marks() const {
    std::vector<SessionMark> marks;
    for (const SessionCheckpoint& session : fleet.Checkpoint().sessions) {
      marks.push_back({session.agent, session.sent, session.received});
    }
    return marks;
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
  std::vector<std::string> lines;        // of scripts
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

}  // namespace lockstep::coordinator
