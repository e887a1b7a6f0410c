#include <string>

#include "common/base/check.h"
#include "coordinator/sources/archive.h"
#include "coordinator/sources/archive_names.h"
#include "coordinator/sources/lock_file.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/targets.h"

namespace lockstep::fuzz {
namespace {

using coordinator::Archive;

constexpr absl::string_view kTarHead = "ustar";
constexpr size_t kTarHeadAt = 257;

// What was read can be written, and is the same when it is read again.
void CheckRoundTrip(const Archive& archive) {
  const absl::StatusOr<std::string> tar = coordinator::WriteArchive(archive);
  LOCKSTEP_CHECK(tar.ok());
  const absl::StatusOr<Archive> again = coordinator::ReadArchive(*tar);
  LOCKSTEP_CHECK(again.ok());
  LOCKSTEP_CHECK(again->files == archive.files);
  LOCKSTEP_CHECK(again->main_script == archive.main_script);
  LOCKSTEP_CHECK(again->env == archive.env);
}

void FuzzBytes(std::string tar) {
  if (tar.size() > kTarHeadAt + kTarHead.size()) {
    tar.replace(kTarHeadAt, kTarHead.size(), std::string(kTarHead));
  }
  if (const absl::StatusOr<Archive> archive = coordinator::ReadArchive(tar); archive.ok()) {
    CheckRoundTrip(*archive);
  }
}

// A good archive, in which some bytes are others.
void FuzzGood(ByteSource& bytes) {
  Archive archive{.main_url = "file:///t/script.js",
                  .working_directory = "file:///t/",
                  .main_script = bytes.Text(40),
                  .env = {{"A", "b"}}};
  for (size_t i = bytes.Below(4); i > 0; --i) {
    archive.Add("file:///t/" + bytes.Text(20), bytes.Text(100));
    archive.Add("https://h/" + bytes.Text(20), bytes.Text(100));
  }
  absl::StatusOr<std::string> tar = coordinator::WriteArchive(archive);
  LOCKSTEP_CHECK(tar.ok());
  while (!bytes.empty()) {
    const size_t at = bytes.Below(tar->size());
    (*tar)[at] = static_cast<char>(bytes.Below(256));
  }
  coordinator::ReadArchive(*tar).status().IgnoreError();
}

}  // namespace

void FuzzArchive(absl::string_view input) {
  ByteSource bytes(input);
  switch (bytes.Below(4)) {
    case 0:
      FuzzGood(bytes);
      return;
    case 1: {
      const std::string text(bytes.Rest());
      const absl::StatusOr<coordinator::LockFile> lock = coordinator::LockFile::Parse(text);
      if (lock.ok()) {
        LOCKSTEP_CHECK(coordinator::LockFile::Parse(lock->ToText()).ok());
      }
      return;
    }
    case 2: {
      const std::string name = coordinator::EntryNameOf(bytes.Rest());
      LOCKSTEP_CHECK(name.empty() || coordinator::CheckedEntryName(name).ok());
      return;
    }
    default:
      FuzzBytes(std::string(bytes.Rest()));
  }
}

}  // namespace lockstep::fuzz
