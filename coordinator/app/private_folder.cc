#include "coordinator/app/private_folder.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::string_view kNamePattern = "/lockstep-XXXXXX";
// As POSIX and the C++ library have them.
constexpr const char* kVariables[] = {"TMPDIR", "TMP", "TEMP", "TEMPDIR"};
constexpr const char* kShortFolders[] = {"/tmp", "/run"};

struct Place {
  std::string folder;
  std::string variable;  // that names it; "": none does
};

Place TemporaryFolder(const Environment& environment) {
  for (const char* const variable : kVariables) {
    if (const auto found = environment.find(variable);
        found != environment.end() && !found->second.empty()) {
      return {.folder = found->second, .variable = variable};
    }
  }
  return {.folder = "/tmp", .variable = ""};
}

}  // namespace

absl::StatusOr<std::unique_ptr<PrivateFolder>> PrivateFolder::Make(const Environment& environment,
                                                                   size_t most_bytes) {
  const Place place = TemporaryFolder(environment);
  std::vector<std::string> folders = {place.folder};
  const bool fits = place.folder.size() + kNamePattern.size() <= most_bytes;
  if (!fits) {
    folders.assign(std::begin(kShortFolders), std::end(kShortFolders));
  }
  int error = 0;
  for (const std::string& folder : folders) {
    std::string path = absl::StrCat(folder, kNamePattern);
    if (mkdtemp(path.data()) != nullptr) {
      return std::unique_ptr<PrivateFolder>(new PrivateFolder(std::move(path)));
    }
    error = error == 0 ? errno : error;
  }
  const std::string where =
      absl::StrCat(place.variable.empty() ? "" : absl::StrCat(place.variable, ": "),
                   "cannot make a folder in \"", folders[0],
                   "\", for the agents of this machine: ", std::generic_category().message(error));
  return absl::InternalError(
      fits ? where
           : absl::StrCat(where, "; \"", place.folder, "\" has more than the ",
                          most_bytes - kNamePattern.size(), " bytes that a socket's path leaves"));
}

PrivateFolder::PrivateFolder(std::string path) : path_(std::move(path)) {}

void PrivateFolder::Remove() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace lockstep::coordinator
