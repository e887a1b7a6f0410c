#include "coordinator/app/private_folder.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {

absl::StatusOr<std::unique_ptr<PrivateFolder>> PrivateFolder::Make() {
  std::error_code error;
  std::string path = (std::filesystem::temp_directory_path(error) / "lockstep-XXXXXX").string();
  if (error || mkdtemp(path.data()) == nullptr) {
    return absl::InternalError(absl::StrCat("cannot make a folder like ", path));
  }
  return std::unique_ptr<PrivateFolder>(new PrivateFolder(std::move(path)));
}

PrivateFolder::PrivateFolder(std::string path) : path_(std::move(path)) {}

void PrivateFolder::Remove() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace lockstep::coordinator
