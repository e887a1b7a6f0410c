#include "coordinator/app/script_files.h"

#include <filesystem>
#include <iostream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/read_file.h"

namespace lockstep::coordinator {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::string> ReadTestFile(const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadFile(path, kMaxFileBytes);
  if (absl::IsNotFound(bytes.status())) {
    return absl::NotFoundError("no such file or directory");
  }
  return bytes;
}

}  // namespace

std::string FileUrl(absl::string_view absolute_path) {
  return absl::StrCat("file://", absolute_path);
}

absl::StatusOr<ScriptSource> LoadScript(const std::string& path) {
  std::error_code error;
  fs::path directory = fs::current_path(error);
  if (error) {
    return absl::FailedPreconditionError(absl::StrCat("the working directory: ", error.message()));
  }
  ScriptSource script;
  script.working_directory = FileUrl((directory / "").string());
  if (path == "-") {
    script.main_url = FileUrl((directory / "-").string());
    script.text.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
    return script;
  }
  fs::path absolute = (directory / path).lexically_normal();
  absl::StatusOr<std::string> text = ReadTestFile(absolute.string());
  if (!text.ok()) {
    return absl::NotFoundError(
        absl::StrCat("the script \"", path, "\" cannot be read: ", text.status().message()));
  }
  script.main_url = FileUrl(absolute.string());
  script.text = *std::move(text);
  return script;
}

absl::StatusOr<std::string> ReadFileUrl(absl::string_view url) {
  absl::string_view path = url;
  if (!absl::ConsumePrefix(&path, "file://")) {
    if (absl::StartsWith(url, "https://")) {
      return absl::UnimplementedError(
          "modules over https are not supported yet; download the module and import it from a "
          "file");
    }
    return absl::InvalidArgumentError("only supported schemes for imports are file and https");
  }
  return ReadTestFile(std::string(path));
}

}  // namespace lockstep::coordinator
