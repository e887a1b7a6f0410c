#include "agent/http/event_stream.h"
#include "agent/http/stream_decoder.h"
#include "common/base/check.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/targets.h"

namespace lockstep::fuzz {

void FuzzEventStream(absl::string_view input) {
  constexpr int64_t kMostBytes = 1000;
  ByteSource bytes(input);
  if (bytes.OneIn(4)) {
    constexpr const char* kCodings[] = {"gzip", "deflate", "br", "zstd", "br, gzip"};
    agent::StreamDecoder decoder(kCodings[bytes.Below(5)]);
    while (!bytes.empty() && decoder.Feed(bytes.Text(100)).ok()) {
    }
    decoder.Finish().IgnoreError();
    return;
  }
  agent::EventStreamParser parser(kMostBytes);
  std::vector<agent::StreamEvent> events;
  while (!bytes.empty()) {
    if (!parser.Feed(bytes.Text(100), events)) {
      parser.Restart();
    }
  }
  for (const agent::StreamEvent& event : events) {
    LOCKSTEP_CHECK(!event.type.empty());
    LOCKSTEP_CHECK(event.data.size() <= kMostBytes);
    LOCKSTEP_CHECK(event.last_event_id.find('\0') == std::string::npos);
  }
}

}  // namespace lockstep::fuzz
