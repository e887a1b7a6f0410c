#include "coordinator/app/script_files.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace lockstep::coordinator {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::string> ReadFile(const fs::path& path) {
  std::error_code error;
  fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    return absl::NotFoundError("no such file or directory");
  }
  if (status.type() == fs::file_type::directory) {
    return absl::FailedPreconditionError("it is a directory");
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return absl::FailedPreconditionError(std::generic_category().message(errno));
  }
  uintmax_t size = fs::file_size(path, error);
  if (!error && size > static_cast<uintmax_t>(kMaxFileBytes)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("it has ", size, " bytes, at most ", kMaxFileBytes, " are taken"));
  }
  std::string content;
  if (!error) {
    content.reserve(size);
  }
  content.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  if (in.bad()) {
    return absl::DataLossError("it cannot be read");
  }
  return content;
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
  absl::StatusOr<std::string> text = ReadFile(absolute);
  if (!text.ok()) {
    return absl::Status(
        text.status().code(),
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
  return ReadFile(fs::path(std::string(path)));
}

}  // namespace lockstep::coordinator
