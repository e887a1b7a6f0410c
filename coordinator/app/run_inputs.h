// What a test reads beyond its main script and the command line, so that a process that is started
// again can tell whether it would read the same: the files of its bundle, and the variables of
// __ENV that these name.
#pragma once

#include <string>
#include <vector>

#include "coordinator/app/test_loader.h"
#include "coordinator/core/bundle.h"

namespace lockstep::coordinator {

struct RunInputs {
  std::vector<std::string> files;  // their URLs
  std::vector<std::string>
      variables;     // their names: each that stands somewhere in a script as a word
  std::string hash;  // of what all of them were, but for files from servers
  friend bool operator==(const RunInputs&, const RunInputs&) = default;
};

// Of a test whose files are known.
RunInputs InputsOf(const TestFiles& files, const Bundle& bundle);
// What InputsOf would say now of a test that had read `then`.
RunInputs InputsAgain(const TestFiles& files, const RunInputs& then);

}  // namespace lockstep::coordinator
