// A recording as a script that people can read and go on with.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

#include "coordinator/convert/recording.h"

namespace lockstep::coordinator {

// `command` is the line that made it, for the comment at its top. The script runs as it is: once,
// with a check of each answer's status.
std::string WriteScript(const Recording& recording, absl::string_view command);

// `text` as a JavaScript string in single quotes. Bytes that are not UTF-8 become U+FFFD.
std::string JsString(absl::string_view text);
// `text` on one line, cut to a readable length, as a comment can have it.
std::string JsComment(absl::string_view text);

}  // namespace lockstep::coordinator
