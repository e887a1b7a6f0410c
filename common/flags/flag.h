// A flag of a command line, as a program takes it.
#pragma once

#include <string>
#include <vector>

#include "common/options/tiers.h"

namespace lockstep {

struct Flag {
  std::string name = {};                  // "log-format", without dashes
  std::string letter = {};                // "v"; "": none
  std::vector<std::string> aliases = {};  // other long names
  FlagSpec::Kind kind = FlagSpec::Kind::kValue;
  std::string value = {};    // what its value is, in a word
  std::string initial = {};  // what holds without it
  std::string bare = {};     // what a switch says without a value, where it can say more
  std::string help = {};
};

Flag FlagOf(const FlagSpec& spec);

}  // namespace lockstep
