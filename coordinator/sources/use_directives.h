// "use k6 ..." at the top of a script, by which it says what it needs: `"use k6 >= 1.2"`, `"use k6
// with k6/x/faker > 0.4"`. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

struct UseDirectives {
  std::vector<std::string> errors;    // a version of k6 whose scripts are not run here
  std::vector<std::string> warnings;  // extensions, and what cannot be read
};

// Of the directives that `script` begins with, behind comments. Constraints are those of
// Masterminds' semver, which k6 reads them with: comparisons, `~1.2`, `^1`, `1.x`, with commas or
// spaces for "and" and `||` for "or".
UseDirectives ReadUseDirectives(absl::string_view script);

}  // namespace lockstep::coordinator
