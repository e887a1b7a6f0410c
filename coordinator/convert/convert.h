// All that a script can be made of.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "coordinator/convert/recording.h"

namespace lockstep::coordinator {

enum class RecordingFormat { kHar, kOpenApi, kPostman, kCurl };
// InvalidArgument with the place, as the readers say.
absl::StatusOr<Recording> ReadRecording(RecordingFormat format, absl::string_view text);

// Scripts to begin with: "minimal" and "full".
std::vector<std::string> TemplateNames();
// "" if there is none of this name.
absl::string_view ScriptTemplate(absl::string_view name);

}  // namespace lockstep::coordinator
