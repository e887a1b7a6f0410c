#include "agent/net/websocket_frames.h"
#include "agent/net/websocket_handshake.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/targets.h"

namespace lockstep::fuzz {

void FuzzWebSocket(absl::string_view input) {
  constexpr int64_t kMostBytes = 100'000;
  ByteSource bytes(input);
  if (bytes.OneIn(4)) {
    const std::string list = bytes.Text(80);
    agent::ReadDeflateTerms(list).status().IgnoreError();
    agent::ReadAgreement({{bytes.Text(24), list}, {"Upgrade", list}}, {.deflate = true}, "key")
        .status()
        .IgnoreError();
    return;
  }
  agent::WebSocketReader reader(kMostBytes);
  if (bytes.OneIn(2)) {
    reader.Inflate({.agreed = true, .server_keeps_context = bytes.OneIn(2)});
  }
  std::vector<agent::WebSocketMessage> messages;
  while (!bytes.empty() && reader.Feed(bytes.Text(200), messages) == 0) {
  }
}

}  // namespace lockstep::fuzz
