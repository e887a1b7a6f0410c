// What the files of an archive are called inside of it, as in k6: "file/dir/script.js" for
// file:///dir/script.js, "https/host/lib.js" for https://host/lib.js. Pure.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

// A path or file URL with the user's name replaced: "/home/ann/t.js" is "/home/nobody/t.js", and
// the same under /Users and "C:/Users". Backslashes become slashes, "C:" becomes "C".
std::string AnonymousPath(absl::string_view path);

// The name of the file at `url` in an archive; "" if archives hold no such URL.
std::string EntryNameOf(absl::string_view url);

// The name of an entry as EntryNameOf writes it. InvalidArgument: one that is absolute, climbs out
// of the archive or begins with no known scheme.
absl::StatusOr<std::string> CheckedEntryName(absl::string_view name);

}  // namespace lockstep::coordinator
