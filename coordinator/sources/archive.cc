#include "coordinator/sources/archive.h"

#include <memory>
#include <utility>

#include <archive.h>
#include <archive_entry.h>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

#include "common/base/json_text.h"
#include "common/base/status_macros.h"
#include "common/base/version.h"
#include "coordinator/sources/archive_names.h"
#include "coordinator/sources/tar_writer.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::string_view kMetadata = "metadata.json";
constexpr absl::string_view kMainScript = "data";
constexpr size_t kMostNameBytes = 4096;
constexpr size_t kTarMagicAt = 257;
constexpr absl::string_view kTarMagic = "ustar";
constexpr size_t kBytesAnEntry = 3072;  // headers, and the rest of a block

struct EndReading {
  void operator()(struct archive* tar) const { archive_read_free(tar); }
};
absl::Status DamagedArchive(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the archive is damaged: ", what));
}

std::string ReasonOfTar(struct archive* tar) {
  const char* const reason = archive_error_string(tar);
  return reason == nullptr ? "unknown reason" : reason;
}

// Gathers the entries of a tar.
class TarReader {
 public:
  explicit TarReader(absl::string_view bytes) : bytes_(bytes), tar_(archive_read_new()) {}

  absl::StatusOr<std::map<std::string, std::string>> Read() {
    if (bytes_.size() > kMostArchiveBytes) {
      return TooLarge();
    }
    archive_read_support_format_tar(tar_.get());
    if (archive_read_open_memory(tar_.get(), bytes_.data(), bytes_.size()) != ARCHIVE_OK) {
      return DamagedArchive(ReasonOfTar(tar_.get()));
    }
    for (size_t count = 0;; ++count) {
      struct archive_entry* entry = nullptr;
      const int got = archive_read_next_header(tar_.get(), &entry);
      if (got == ARCHIVE_EOF) {
        return std::move(entries_);
      }
      // It warns of names beyond ASCII, which this process' locale does not know.
      if (got != ARCHIVE_OK && got != ARCHIVE_WARN) {
        return DamagedArchive(ReasonOfTar(tar_.get()));
      }
      if (count >= kMostArchiveEntries) {
        return absl::InvalidArgumentError(
            absl::StrCat("the archive has more than ", kMostArchiveEntries, " entries"));
      }
      LOCKSTEP_RETURN_IF_ERROR(Take(entry));
    }
  }

 private:
  static absl::Status TooLarge() {
    return absl::InvalidArgumentError(
        absl::StrCat("the archive holds more than ", kMostArchiveBytes, " bytes"));
  }

  absl::Status Take(struct archive_entry* entry) {
    const char* const utf8 = archive_entry_pathname_utf8(entry);
    const char* const raw = utf8 != nullptr ? utf8 : archive_entry_pathname(entry);
    if (raw == nullptr || *raw == '\0') {
      return DamagedArchive("an entry has no name that can be read");
    }
    const std::string name(raw);
    if (name.size() > kMostNameBytes) {
      return DamagedArchive(
          absl::StrCat("an entry's name has more than ", kMostNameBytes, " bytes"));
    }
    const std::string shown = absl::CHexEscape(name);
    const auto type = archive_entry_filetype(entry);
    if (archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr ||
        (type != AE_IFREG && type != AE_IFDIR)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the entry \"", shown, "\" is neither a file nor a folder"));
    }
    std::string key = name;
    if (name != kMetadata && name != kMainScript) {
      const absl::string_view as_file = absl::StripSuffix(name, "/");
      if (type == AE_IFDIR && !absl::StrContains(as_file, '/')) {
        return absl::OkStatus();  // "file/" and the like
      }
      LOCKSTEP_ASSIGN_OR_RETURN(key, CheckedEntryName(name));
    }
    if (type == AE_IFDIR) {
      return absl::OkStatus();
    }
    if (entries_.contains(key)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the entry \"", shown, "\" is in the archive twice"));
    }
    return TakeContent(shown, &entries_[key]);
  }

  // What the header says of the size is not relied on: a sparse file may be of any.
  absl::Status TakeContent(const std::string& shown, std::string* content) {
    const void* piece = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    for (;;) {
      const int got = archive_read_data_block(tar_.get(), &piece, &size, &offset);
      if (got == ARCHIVE_EOF) {
        return absl::OkStatus();
      }
      if (got != ARCHIVE_OK) {
        return DamagedArchive(absl::StrCat("the entry \"", shown, "\": ", ReasonOfTar(tar_.get())));
      }
      if (offset != static_cast<la_int64_t>(content->size())) {
        return absl::InvalidArgumentError(
            absl::StrCat("the entry \"", shown, "\" is a file with holes"));
      }
      if (size > kMostArchiveBytes - total_) {
        return TooLarge();
      }
      total_ += size;
      content->append(static_cast<const char*>(piece), size);
    }
  }

  const absl::string_view bytes_;
  const std::unique_ptr<struct archive, EndReading> tar_;
  std::map<std::string, std::string> entries_;
  size_t total_ = 0;
};

// A member of metadata.json that has to be a text.
absl::StatusOr<std::string> TextMemberOf(const nlohmann::json& metadata, const char* key) {
  const auto found = metadata.find(key);
  if (found == metadata.end() || !found->is_string()) {
    return DamagedArchive(absl::StrCat("metadata.json: \"", key, "\" must be a text"));
  }
  return found->get<std::string>();
}

absl::StatusOr<std::string> FileUrlMemberOf(const nlohmann::json& metadata, const char* key) {
  LOCKSTEP_ASSIGN_OR_RETURN(std::string url, TextMemberOf(metadata, key));
  if (absl::StartsWith(url, "/")) {
    url.insert(0, "file://");
  }
  if (EntryNameOf(url).empty() && url != "file:///") {
    return DamagedArchive(
        absl::StrCat("metadata.json: \"", key, "\": \"", url, "\" is not the URL of a file"));
  }
  return url;
}

absl::Status ReadMetadata(absl::string_view text, Archive* archive) {
  const nlohmann::json metadata =
      nlohmann::json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!metadata.is_object()) {
    return DamagedArchive("metadata.json is not a JSON object");
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string type, TextMemberOf(metadata, "type"));
  if (type != "js") {
    return absl::InvalidArgumentError(absl::StrCat("the archive has a test of the type \"",
                                                   absl::CHexEscape(type), "\": expected \"js\""));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(archive->main_url, FileUrlMemberOf(metadata, "filename"));
  LOCKSTEP_ASSIGN_OR_RETURN(archive->working_directory, FileUrlMemberOf(metadata, "pwd"));
  if (!absl::EndsWith(archive->working_directory, "/")) {
    archive->working_directory += '/';
  }
  if (const auto options = metadata.find("options"); options != metadata.end()) {
    if (!options->is_object()) {
      return DamagedArchive("metadata.json: \"options\" must be an object");
    }
    archive->options_json = JsonText(*options);
  }
  const auto mode = metadata.find("compatibilityMode");
  archive->base_mode = mode != metadata.end() && *mode == "base";
  const auto env = metadata.find("env");
  if (env == metadata.end() || env->is_null()) {
    return absl::OkStatus();
  }
  if (!env->is_object()) {
    return DamagedArchive("metadata.json: \"env\" must be an object");
  }
  for (const auto& [name, value] : env->items()) {
    if (!value.is_string()) {
      return DamagedArchive(absl::StrCat("metadata.json: \"env.", name, "\" must be a text"));
    }
    archive->env[name] = value.get<std::string>();
  }
  return absl::OkStatus();
}

std::string MetadataOf(const Archive& archive) {
  const std::string folder = AnonymousPath(archive.working_directory);
  nlohmann::ordered_json metadata;
  metadata["type"] = "js";
  metadata["options"] = nlohmann::ordered_json::parse(archive.options_json, nullptr, false);
  metadata["filename"] = AnonymousPath(archive.main_url);
  metadata["pwd"] = std::string(absl::StripSuffix(folder, "/"));
  metadata["env"] = archive.env;
  metadata["compatibilityMode"] = archive.base_mode ? "base" : "extended";
  metadata["lockstepVersion"] = std::string(kVersion);
  metadata["goos"] = "linux";
  return JsonText(metadata, 2) + "\n";
}

}  // namespace

const std::string* Archive::Find(absl::string_view url) const {
  const auto found = files.find(EntryNameOf(url));
  return found == files.end() ? nullptr : &found->second;
}

void Archive::Add(absl::string_view url, std::string content) {
  if (std::string name = EntryNameOf(url); !name.empty()) {
    files[std::move(name)] = std::move(content);
  }
}

bool IsTar(absl::string_view bytes) {
  return bytes.size() > kTarMagicAt && absl::StartsWith(bytes.substr(kTarMagicAt), kTarMagic);
}

absl::StatusOr<Archive> ReadArchive(absl::string_view tar) {
  if (!IsTar(tar)) {
    return absl::InvalidArgumentError("it is not an archive: a tar file is expected, uncompressed");
  }
  LOCKSTEP_ASSIGN_OR_RETURN(auto entries, TarReader(tar).Read());
  for (const absl::string_view needed : {kMetadata, kMainScript}) {
    if (!entries.contains(std::string(needed))) {
      return DamagedArchive(absl::StrCat("there is no ", needed, " in it"));
    }
  }
  Archive archive;
  LOCKSTEP_RETURN_IF_ERROR(ReadMetadata(entries.at(std::string(kMetadata)), &archive));
  archive.main_script = std::move(entries.at(std::string(kMainScript)));
  entries.erase(std::string(kMetadata));
  entries.erase(std::string(kMainScript));
  archive.files = std::move(entries);
  return archive;
}

absl::StatusOr<std::string> WriteArchive(const Archive& archive) {
  const std::string metadata = MetadataOf(archive);
  size_t most = metadata.size() + archive.main_script.size() + 3 * kBytesAnEntry;
  for (const auto& [name, content] : archive.files) {
    most += content.size() + name.size() + kBytesAnEntry;
  }
  if (most > kMostArchiveBytes || archive.files.size() + 2 > kMostArchiveEntries) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the test has ", archive.files.size(), " files and ", most, " bytes; an archive takes ",
        kMostArchiveEntries - 2, " and ", kMostArchiveBytes));
  }
  TarWriter tar;
  tar.Add(kMetadata, metadata);
  tar.Add(kMainScript, archive.main_script);
  for (const auto& [name, content] : archive.files) {
    tar.Add(name, content);
  }
  return tar.Finish();
}

}  // namespace lockstep::coordinator
