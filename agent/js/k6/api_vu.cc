#include "agent/js/k6/api_vu.h"

#include "absl/strings/str_cat.h"

#include "common/base/nearest.h"

namespace lockstep::agent {

void WarnOfUnknown(ApiVu& vu, absl::string_view where, absl::string_view what,
                   absl::string_view name, const std::vector<std::string>& known) {
  vu.WarnOnce(absl::StrCat(where, ": unknown ", what, " \"", name, "\" has no effect",
                           MeantOrAllowed(name, known)));
}

}  // namespace lockstep::agent
