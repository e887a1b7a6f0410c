// Packets of Engine.IO, the transport below Socket.IO, in its protocols 4 and 3. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace lockstep::agent {

// The values are those of the wire.
enum class EngineType { kOpen, kClose, kPing, kPong, kMessage, kUpgrade, kNoop };

enum class EngineProtocol { kThree = 3, kFour = 4 };

struct EnginePacket {
  EngineType type = EngineType::kMessage;
  std::string data = {};
  bool binary = false;  // only messages are
};

// A packet as a message of a WebSocket, text or, if it is binary, bytes.
std::string EncodeEngineFrame(EngineProtocol protocol, const EnginePacket& packet);
// InvalidArgument: `invalid Engine.IO packet "x..."`.
absl::StatusOr<EnginePacket> DecodeEngineText(absl::string_view text);
absl::StatusOr<EnginePacket> DecodeEngineBytes(EngineProtocol protocol, std::string bytes);

// Packets as a body of HTTP, which is text: what is binary is base64 in it.
std::string EncodeEnginePayload(EngineProtocol protocol, const std::vector<EnginePacket>& packets);
// InvalidArgument: as above, or, naming the other protocol, if the payload is of that.
absl::StatusOr<std::vector<EnginePacket>> DecodeEnginePayload(EngineProtocol protocol,
                                                              absl::string_view payload);

// What a server says first.
struct EngineHandshake {
  std::string session;
  bool can_upgrade = false;  // to a WebSocket
  absl::Duration ping_interval, ping_timeout;
  int64_t max_payload = 0;  // of one body that it takes; 0: it does not say
};
// InvalidArgument: `invalid Engine.IO handshake: ...`.
absl::StatusOr<EngineHandshake> ReadEngineHandshake(absl::string_view json);

}  // namespace lockstep::agent
