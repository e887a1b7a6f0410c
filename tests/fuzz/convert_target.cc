#include "common/base/check.h"
#include "coordinator/convert/convert.h"
#include "coordinator/convert/script_writer.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/targets.h"

namespace lockstep::fuzz {

void FuzzConverters(absl::string_view input) {
  using coordinator::RecordingFormat;
  constexpr RecordingFormat kFormats[] = {RecordingFormat::kHar, RecordingFormat::kOpenApi,
                                          RecordingFormat::kPostman, RecordingFormat::kCurl};
  ByteSource bytes(input);
  const RecordingFormat format = kFormats[bytes.Below(4)];
  const std::string text(bytes.Rest());
  const absl::StatusOr<coordinator::Recording> recording = coordinator::ReadRecording(format, text);
  if (!recording.ok()) {
    LOCKSTEP_CHECK(!recording.status().message().empty());
    return;
  }
  LOCKSTEP_CHECK(coordinator::CountRequests(*recording) > 0);
  const std::string script = coordinator::WriteScript(*recording, "fuzz");
  LOCKSTEP_CHECK(script.find('\0') == std::string::npos);
}

}  // namespace lockstep::fuzz
