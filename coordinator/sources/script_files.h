// The test's script and its files on this machine.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "coordinator/core/run_parts.h"
#include "coordinator/sources/archive.h"

namespace lockstep::coordinator {

// Files that a script opens are sent to every agent: more than this is a mistake.
inline constexpr size_t kMaxFileBytes = size_t{512} << 20;

// What the file of a test is: a script or an archive; kGuess: as its first bytes and its name say.
enum class ScriptType { kGuess, kScript, kArchive };

struct LoadedScript {
  ScriptSource source;
  std::optional<Archive>
      archive;  // that the script is from; its other files are there and nowhere else
};

// Reads the main script, or the archive with it: a path, a "file:" URL, or "-" for standard input
// (a script is then called "-" in the working directory). NotFound, or what else is wrong, naming
// the path; InvalidArgument for other URLs.
absl::StatusOr<LoadedScript> LoadScript(const std::string& given, ScriptType type);

// The content of a "file:" URL of a regular file. NotFound, ResourceExhausted (more than
// kMaxFileBytes), or the system's reason.
absl::StatusOr<std::string> ReadFileUrl(absl::string_view url);

// Whether `url` is of a file.
bool IsFileUrl(absl::string_view url);

}  // namespace lockstep::coordinator
