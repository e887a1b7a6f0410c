// What a test reads beyond its main script and the command line, so that a process that is started
// again can tell whether it would read the same: files, variables and secrets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"

#include "coordinator/app/test_loader.h"
#include "coordinator/core/bundle.h"

namespace lockstep::coordinator {

struct RunInputs {
  std::vector<std::string> files;  // their URLs, those that were missing among them
  std::string hash;                // of what all of it was
  friend bool operator==(const RunInputs&, const RunInputs&) = default;
};

// Of a test whose files are known.
RunInputs InputsOf(const TestFiles& files, const Bundle& bundle);

// What a module from a server is now; nothing: only the server knows.
using ModuleNow = std::optional<std::string>(const std::string& url);
// What InputsOf would say now of a test that had read `then`; nothing where it cannot be known.
std::optional<RunInputs> InputsAgain(const TestFiles& files, const RunInputs& then,
                                     absl::FunctionRef<ModuleNow> module_now);

}  // namespace lockstep::coordinator
