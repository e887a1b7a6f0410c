// The script and the files that it needs, as the coordinator finds them: on the local file system.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "coordinator/core/run_parts.h"

namespace lockstep::coordinator {

// Files that a script opens are sent to every agent: more than this is a mistake.
inline constexpr size_t kMaxFileBytes = size_t{512} << 20;

// Reads the main script: a path, or "-" for standard input (it is then called "-" in the working
// directory). NotFound, or what else is wrong, naming the path.
absl::StatusOr<ScriptSource> LoadScript(const std::string& path);

// The content of a "file:" URL of a regular file. NotFound, ResourceExhausted (more than
// kMaxFileBytes), or the system's reason; InvalidArgument for URLs of other kinds.
absl::StatusOr<std::string> ReadFileUrl(absl::string_view url);

// "file:///dir/name" for an absolute path.
std::string FileUrl(absl::string_view absolute_path);

}  // namespace lockstep::coordinator
