#include "agent/redis/options.h"
#include "agent/redis/resp.h"
#include "agent/redis/slots.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/targets.h"

namespace lockstep::fuzz {

void FuzzRedis(absl::string_view input) {
  ByteSource bytes(input);
  if (bytes.OneIn(4)) {
    const std::string text(bytes.Rest());
    agent::ParseRedisUrl(text).status().IgnoreError();
    agent::ParseRedisOptions(text).status().IgnoreError();
    return;
  }
  agent::RespReader reader;
  while (!bytes.empty()) {
    reader.Feed(bytes.Text(60));
    for (;;) {
      const absl::StatusOr<std::optional<agent::RespValue>> reply = reader.Next();
      if (!reply.ok()) {
        return;
      }
      if (!reply->has_value()) {
        break;
      }
      agent::SlotMap::Parse(**reply, "h").status().IgnoreError();
      agent::ParseNode((*reply)->text, "h");
    }
  }
}

}  // namespace lockstep::fuzz
