#include "coordinator/sources/script_files.h"

#include <filesystem>
#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/read_file.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"

namespace lockstep::coordinator {
namespace {

namespace fs = std::filesystem;

constexpr char kStandardInput[] = "-";
constexpr absl::string_view kFileScheme = "file://";

absl::StatusOr<std::string> ReadTestFile(const std::string& path, size_t most) {
  absl::StatusOr<std::string> bytes = ReadFile(path, most);
  if (absl::IsNotFound(bytes.status())) {
    return absl::NotFoundError("no such file or directory");
  }
  return bytes;
}

absl::StatusOr<std::string> ReadStandardInput() {
  std::string text;
  char piece[65536];
  while (std::cin.read(piece, sizeof piece) || std::cin.gcount() > 0) {
    text.append(piece, static_cast<size_t>(std::cin.gcount()));
    if (text.size() > kMostArchiveBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("it has more than ", kMostArchiveBytes, " bytes"));
    }
  }
  return text;
}

bool IsArchive(const std::string& path, const std::string& bytes, ScriptType type) {
  return type == ScriptType::kArchive ||
         (type == ScriptType::kGuess && (IsTar(bytes) || absl::EndsWithIgnoreCase(path, ".tar")));
}

// "file:///dir/name" for an absolute path. Agents are told it as text, and ask for files by it.
absl::StatusOr<std::string> FileUrl(absl::string_view absolute_path) {
  if (!IsUtf8(absolute_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the path \"", absl::CHexEscape(absolute_path),
                     "\" is not UTF-8, as scripts and their folders must be"));
  }
  return absl::StrCat(kFileScheme, absolute_path);
}

}  // namespace

bool IsFileUrl(absl::string_view url) {
  return absl::StartsWith(url, kFileScheme);
}

absl::StatusOr<LoadedScript> LoadScript(const std::string& given, ScriptType type) {
  const std::string path(absl::StripPrefix(given, kFileScheme));
  if (absl::StrContains(path, "://")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the script \"", path, "\" is a URL; a script is a file. One that holds `export * from '",
        path, "'; export { default } from '", path, "'` runs what is there"));
  }
  std::error_code error;
  const fs::path directory = fs::current_path(error);
  if (error) {
    return absl::FailedPreconditionError(absl::StrCat("the working directory: ", error.message()));
  }
  const bool from_input = path == kStandardInput;
  const fs::path absolute = (directory / path).lexically_normal();
  absl::StatusOr<std::string> bytes =
      from_input ? ReadStandardInput() : ReadTestFile(absolute.string(), kMostArchiveBytes);
  if (!bytes.ok()) {
    return absl::NotFoundError(
        absl::StrCat("the script \"", path, "\" cannot be read: ", bytes.status().message()));
  }
  LoadedScript loaded;
  if (!IsArchive(path, *bytes, type)) {
    LOCKSTEP_ASSIGN_OR_RETURN(loaded.source.main_url, FileUrl(absolute.string()));
    LOCKSTEP_ASSIGN_OR_RETURN(loaded.source.working_directory, FileUrl((directory / "").string()));
    loaded.source.text = *std::move(bytes);
    return loaded;
  }
  absl::StatusOr<Archive> archive = ReadArchive(*bytes);
  if (!archive.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the archive \"", path, "\" cannot be read: ", archive.status().message()));
  }
  loaded.source = {.main_url = archive->main_url,
                   .working_directory = archive->working_directory,
                   .text = archive->main_script,
                   .base_mode = archive->base_mode};
  loaded.archive = *std::move(archive);
  return loaded;
}

absl::StatusOr<std::string> ReadFileUrl(absl::string_view url) {
  absl::ConsumePrefix(&url, kFileScheme);
  return ReadTestFile(std::string(url), kMaxFileBytes);
}

}  // namespace lockstep::coordinator
