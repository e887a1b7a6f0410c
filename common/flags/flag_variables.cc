#include "common/flags/flag_variables.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/nearest.h"

namespace lockstep {
namespace {

using Others = KnownVariables::Others;

// Kubernetes tells each pod of each service in its namespace, and ours are called lockstep-...:
// LOCKSTEP_AGENT_SERVICE_HOST, LOCKSTEP_AGENT_PORT_7411_TCP_ADDR,
// LOCKSTEP_AGENT_PORT=tcp://10.0.0.1:7411.
bool TellsOfAService(absl::string_view name, absl::string_view value) {
  return absl::StrContains(name, "_SERVICE_HOST") || absl::StrContains(name, "_SERVICE_PORT") ||
         absl::StartsWith(value, "tcp://") || absl::StrContains(name, "_TCP_");
}

bool IsKnown(absl::string_view name, const KnownVariables& known) {
  return std::find(known.names.begin(), known.names.end(), name) != known.names.end() ||
         std::any_of(known.families.begin(), known.families.end(),
                     [&](absl::string_view family) { return absl::StartsWith(name, family); });
}

}  // namespace

std::vector<UnknownVariable> UnknownVariables(const Environment& environment,
                                              const KnownVariables& known) {
  std::vector<UnknownVariable> unknown;
  for (const auto& [name, value] : environment) {
    absl::string_view rest = name;
    if (!absl::ConsumePrefix(&rest, known.prefix) || value.empty() ||
        TellsOfAService(rest, value) || IsKnown(rest, known)) {
      continue;
    }
    std::string meant = known.others == Others::kOfItsOwn
                            ? DidYouMean(rest, SlipsOf(rest, known.names), known.prefix)
                            : DidYouMean(rest, known.names, known.prefix);
    if (meant.empty() && known.others == Others::kOfItsOwn) {
      meant = DidYouMean(rest, SlipsOf(rest, known.elsewhere), known.elsewhere_prefix);
    }
    if (known.others == Others::kNobody || !meant.empty()) {
      unknown.push_back({.name = name, .meant = std::move(meant)});
    }
  }
  return unknown;
}

std::string WarningOf(const UnknownVariable& unknown) {
  return absl::StrCat(unknown.name, " has no effect: there is no such variable", unknown.meant);
}

}  // namespace lockstep
