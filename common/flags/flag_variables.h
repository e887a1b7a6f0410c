// Variables that begin with LOCKSTEP_ or K6_ and that nobody reads: hardly anybody means to set
// one.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "common/base/environment.h"

namespace lockstep {

struct UnknownVariable {
  std::string name;
  std::string meant;  // "; did you mean ...?"; empty: nothing is like it
};

struct KnownVariables {
  // Who may read the others that begin so.
  enum class Others {
    kNobody,    // each of them is wrong
    kSome,      // another program: those that are much like a name are wrong
    kOfItsOwn,  // a product that has more of them than we know: only a slip of the fingers is wrong
  };
  std::vector<std::string> names;                     // behind the prefix
  absl::Span<const absl::string_view> families = {};  // what others may begin with
  Others others = Others::kNobody;
  absl::string_view prefix = "LOCKSTEP_";
  // Of kOfItsOwn: names that are read only behind this other prefix.
  std::vector<std::string> elsewhere = {};
  absl::string_view elsewhere_prefix = {};
};
// Each that is not known, with what may have been meant. What Kubernetes tells of services is none
// of them.
std::vector<UnknownVariable> UnknownVariables(const Environment& environment,
                                              const KnownVariables& known);
// "LOCKSTEP_X has no effect: there is no such variable; did you mean ...?"
std::string WarningOf(const UnknownVariable& unknown);

}  // namespace lockstep
