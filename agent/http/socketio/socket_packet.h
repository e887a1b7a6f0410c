// Packets of Socket.IO, which are the messages of Engine.IO. The same in its protocols 5 (Socket.IO
// 3 and 4) and 4 (Socket.IO 2), but for what is in `json`. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

// The values are those of the wire.
enum class SocketType {
  kConnect,
  kDisconnect,
  kEvent,
  kAck,
  kConnectError,
  kBinaryEvent,
  kBinaryAck
};

struct SocketPacket {
  SocketType type = SocketType::kEvent;
  std::string name_space = "/";
  std::optional<uint64_t> id = {};  // of an event that wants an acknowledgement, and of that
  std::string json = {};            // "" for none; checked by whoever reads it
  // What stands for {"_placeholder":true,"num":N} in `json`; only of binary packets.
  std::vector<std::string> attachments = {};

  bool binary() const { return type == SocketType::kBinaryEvent || type == SocketType::kBinaryAck; }
};

// The text; the attachments follow it as messages of their own.
std::string EncodeSocketPacket(const SocketPacket& packet);

// The name of an event, the first element of its JSON; "" if that is not text.
std::string EventNameOf(absl::string_view json);

inline constexpr size_t kMostAttachments = 1000;

// Puts the packets of one connection together.
class SocketPacketReader {
 public:
  // Each takes a message. The packet that it completes, or nothing. InvalidArgument: what is wrong
  // with it; the connection cannot go on.
  absl::StatusOr<std::optional<SocketPacket>> Text(absl::string_view text);
  absl::StatusOr<std::optional<SocketPacket>> Bytes(std::string bytes);

 private:
  std::optional<SocketPacket> waiting_;  // for attachments
  size_t missing_ = 0;
};

}  // namespace lockstep::agent
