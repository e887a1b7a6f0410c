#include "agent/http/socketio/engine_packet.h"
#include "agent/http/socketio/socket_packet.h"
#include "common/base/check.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/targets.h"

namespace lockstep::fuzz {
namespace {

constexpr agent::EngineProtocol kProtocols[] = {agent::EngineProtocol::kThree,
                                                agent::EngineProtocol::kFour};

// What has been read can be written, and is read again as the same.
void ReadPayload(agent::EngineProtocol protocol, absl::string_view payload) {
  const auto packets = agent::DecodeEnginePayload(protocol, payload);
  if (!packets.ok() || packets->empty()) {
    return;
  }
  const auto again =
      agent::DecodeEnginePayload(protocol, agent::EncodeEnginePayload(protocol, *packets));
  LOCKSTEP_CHECK(again.ok() && again->size() == packets->size());
  for (size_t i = 0; i < packets->size(); ++i) {
    LOCKSTEP_CHECK((*again)[i].type == (*packets)[i].type &&
                   (*again)[i].data == (*packets)[i].data &&
                   (*again)[i].binary == (*packets)[i].binary);
  }
}

void ReadPackets(ByteSource& bytes) {
  agent::SocketPacketReader reader;
  while (!bytes.empty()) {
    const auto packet =
        bytes.OneIn(3) ? reader.Bytes(bytes.Text(40)) : reader.Text(bytes.Text(100));
    if (!packet.ok()) {
      return;
    }
    if (packet->has_value()) {
      agent::EventNameOf((*packet)->json);
      LOCKSTEP_CHECK((*packet)->attachments.size() <= agent::kMostAttachments);
      LOCKSTEP_CHECK(!agent::EncodeSocketPacket(**packet).empty());
    }
  }
}

}  // namespace

void FuzzSocketIo(absl::string_view input) {
  ByteSource bytes(input);
  const agent::EngineProtocol protocol = kProtocols[bytes.Below(2)];
  switch (bytes.Below(4)) {
    case 0:
      ReadPayload(protocol, bytes.Rest());
      return;
    case 1:
      agent::DecodeEngineText(bytes.Text(100)).status().IgnoreError();
      agent::DecodeEngineBytes(protocol, bytes.Text(100)).status().IgnoreError();
      return;
    case 2:
      agent::ReadEngineHandshake(bytes.Rest()).status().IgnoreError();
      return;
    default:
      ReadPackets(bytes);
  }
}

}  // namespace lockstep::fuzz
