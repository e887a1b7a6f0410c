#include "agent/js/k6/api_vu.h"

#include "absl/strings/str_cat.h"

#include "agent/js/bind/call_site.h"
#include "common/base/nearest.h"

namespace lockstep::agent {

void WarnOfCall(ApiVu& vu, absl::string_view message) {
  const std::string place = CallSiteOf(v8::Isolate::GetCurrent()).place;
  const bool in_file = !place.empty() && place[0] != ':';
  vu.WarnOnce(in_file ? absl::StrCat(place, ": ", message) : std::string(message));
}

void WarnOfUnknown(ApiVu& vu, absl::string_view where, absl::string_view what,
                   absl::string_view name, const std::vector<std::string>& known) {
  WarnOfCall(vu, absl::StrCat(where, ": unknown ", what, " \"", name, "\" has no effect",
                              MeantOrAllowed(name, known)));
}

}  // namespace lockstep::agent
