// Which names somebody may have meant who wrote one that does not exist.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep {

// The up to three of `names` that differ least from `wrong`, the nearest first; none that differs
// in more than half of the characters after its last slash, or in two more than the nearest does.
// Letters' cases do not count as differences, two neighbours that have changed places count as one.
std::vector<std::string> NearestNames(absl::string_view wrong,
                                      const std::vector<std::string>& names);

// Those of `names`, likewise, of which `wrong` is hardly anything but a slip: one difference, or
// two in eight characters or more; in fewer than six, neighbours that are exchanged, as other short
// words ("host") differ as little from a name ("hosts").
std::vector<std::string> SlipsOf(absl::string_view wrong, const std::vector<std::string>& names);

// `; did you mean "a" or "b"?` of the nearest; "" if there is none. `prefix` stands before each
// name shown, and is no part of the likeness: `--` of flags.
std::string DidYouMean(absl::string_view wrong, const std::vector<std::string>& names,
                       absl::string_view prefix = "");

// As DidYouMean; without a near one, unless there are more than a dozen, `; there are a, b`;
// otherwise "".
std::string Suggestion(absl::string_view wrong, const std::vector<std::string>& names);

// `; did you mean "a"? Allowed: a, b`, or `; allowed: a, b`.
std::string MeantOrAllowed(absl::string_view wrong, const std::vector<std::string>& allowed);

}  // namespace lockstep
