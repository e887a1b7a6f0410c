// Whole files, written at once: whoever reads one sees the former content or the new one, never
// half of it.
//
// The content goes into a file beside the target, which then takes its place. Where that cannot be,
// the target itself is written: a device or a pipe must stay what it is, a file that a container
// mounts cannot be replaced, and one may be allowed to write a file but not its folder. A symbolic
// link stays one, and what it points to is written.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lockstep {

// Whether WriteWholeFile could do it now; changes nothing that is there. The system's reason with
// its code: NotFound if there is no such folder. Of a pipe, whether one may write to it: its reader
// would take the end of a look for the end of the content. Messages do not name the path.
absl::Status CheckWholeFile(const std::string& path);

// Whether the file itself can be written to, where it is to be added to; leaves none behind that
// was not there. Errors likewise.
absl::Status CheckInPlace(const std::string& path);

// A pipe gets a second to find a reader, and its reader five seconds to take more. What was there
// stays if the new content does not fit beside it. Errors as those of CheckWholeFile.
absl::Status WriteWholeFile(const std::string& path, absl::string_view content);

}  // namespace lockstep
