// Variables that begin with LOCKSTEP_ and that nobody reads: hardly anybody means to set one.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "common/base/environment.h"

namespace lockstep {

struct KnownVariables {
  std::vector<std::string> names;                     // behind LOCKSTEP_
  absl::Span<const absl::string_view> families = {};  // what others may begin with
  bool complete =
      true;  // otherwise only what is much like a name is wrong: another program may read the rest
};
// A warning for each that is not known, with what may have been meant. What Kubernetes tells of services is none of them.
std::vector<std::string> UnknownVariables(const Environment& environment,
                                          const KnownVariables& known);

}  // namespace lockstep
