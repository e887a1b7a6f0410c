// How modules read files: as open() does. Everything happens on the VU's worker, while its script
// runs.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"

namespace lockstep::agent {

struct ScriptFiles {
  // The URL of a path that a script says.
  std::function<absl::StatusOr<std::string>(const std::string& path)> url_of;
  // The content. NotFound: there is no such file. Cancelled: the VU was interrupted meanwhile.
  std::function<absl::StatusOr<std::string>(const std::string& url)> load;
};

}  // namespace lockstep::agent
