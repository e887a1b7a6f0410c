// A test as one file, in k6's layout: a tar with metadata.json, data (the main script) and the tree
// of the files that the script needs. See archive_names.h for their names.
//
// Pure: from bytes and to bytes. Nothing of an archive is ever unpacked to a disk.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

struct Archive {
  std::string main_url = {};           // "file:///home/nobody/script.js"
  std::string working_directory = {};  // "file:///home/nobody/"
  std::string main_script = {};
  bool base_mode = false;  // k6's compatibility mode "base"
  std::string options_json = "{}";
  std::map<std::string, std::string> env = {};
  std::map<std::string, std::string> files = {};  // by EntryNameOf their URLs

  // The file at `url`; null if there is none.
  const std::string* Find(absl::string_view url) const;
  // Files whose URL no archive can hold are left out.
  void Add(absl::string_view url, std::string content);
};

inline constexpr size_t kMostArchiveBytes = size_t{1} << 30;
inline constexpr size_t kMostArchiveEntries = 20'000;

// Whether `bytes` begin as a tar does.
bool IsTar(absl::string_view bytes);

// InvalidArgument says what is wrong and with which entry: damaged, cut short, without
// metadata.json or data, of another type than "js", a name that climbs, is absolute or comes twice,
// a link or a device, or more than kMostArchiveEntries or kMostArchiveBytes.
absl::StatusOr<Archive> ReadArchive(absl::string_view tar);

// The same test gives the same bytes, whenever and by whomever it is written. ResourceExhausted if
// it is larger than what ReadArchive takes.
absl::StatusOr<std::string> WriteArchive(const Archive& archive);

}  // namespace lockstep::coordinator
