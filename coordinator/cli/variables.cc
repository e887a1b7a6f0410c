#include "coordinator/cli/variables.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/flags/flag.h"
#include "common/options/tiers.h"
#include "coordinator/app/known_variables.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::string_view kPrefix = "LOCKSTEP_";

// Of both programs, beside those of flags and options.
constexpr absl::string_view kOthers[] = {"TLS_CA", "TLS_CERT", "TLS_KEY", "TLS_REVOKED", "TOKEN"};
// The same behind K6_, too.
constexpr absl::string_view kK6sOthers[] = {
    "FEATURES",  // which says itself that it has no effect
    "OUT",       // a list, which the flag is not
    "WEB_DASHBOARD",
    "WEB_DASHBOARD_EXPORT",
    "WEB_DASHBOARD_HOST",
    "WEB_DASHBOARD_OPEN",
    "WEB_DASHBOARD_PERIOD",
    "WEB_DASHBOARD_PORT",
    "WEB_DASHBOARD_RECORD",
    "WEB_DASHBOARD_TAGS",
    "WEB_DASHBOARD_TOKEN",
};
// Headers of outputs and sources of secrets, what deploy/ uses, and what Lockstep's own tests and
// scripts are told.
constexpr absl::string_view kFamilies[] = {
    "PROMETHEUS_RW_HEADERS_",
    "SECRET_SOURCE_URL_HEADER_",
    "HEALTH_PORT",
    "IMAGE",
    "BIN",
    "LAB",
    "SIM_",
    "TEST_",
    "UPDATE_GOLDEN",
};

// Those of k6's that are read, without the prefix.
std::set<std::string> K6sNames(const std::set<std::string>& of_flags) {
  std::set<std::string> known = of_flags;
  for (const std::vector<std::string>& names :
       {K6OptionVariables(), VariablesOfOutputsAndSecrets()}) {
    known.insert(names.begin(), names.end());
  }
  known.insert(std::begin(kK6sOthers), std::end(kK6sOthers));
  return known;
}

// Of all that are read, likewise.
std::set<std::string> KnownNames(const std::vector<CommandSpec>& commands) {
  std::set<std::string> known = K6sNames({});
  const std::vector<std::string> options = OptionVariables();
  known.insert(options.begin(), options.end());
  known.insert(std::begin(kOthers), std::end(kOthers));
  for (const CommandSpec& command : commands) {
    // What the other commands about tests have a variable of k6's for, they read, too.
    if (HasVariables(command.name) || command.name == "archive") {
      for (const Flag& flag : command.flags) {
        if (const std::string variable = VariableOf(flag); !variable.empty()) {
          known.insert(variable.substr(kPrefix.size()));
        }
      }
    }
  }
  return known;
}

}  // namespace

bool HasVariables(absl::string_view command) {
  return command == "run" || command == "coordinator";
}

std::string VariableOf(const Flag& flag) {
  if (flag.name == "env" || flag.name == "features") {
    return "";  // a variable of the script, from a variable: that is --include-system-env-vars; no features exist
  }
  for (const OptionFlag& option : OptionFlags()) {
    if (FlagOf(option.spec).name == flag.name) {
      return absl::StrCat(kPrefix, option.variable);
    }
  }
  return OwnVariable(flag.name);
}

std::vector<UnknownVariable> UnknownVariables(const Environment& environment,
                                              const std::vector<CommandSpec>& commands,
                                              const std::set<std::string>& k6_variables) {
  const std::set<std::string> ours = KnownNames(commands);
  const std::set<std::string> k6s = k6_variables.empty() ? ours : K6sNames(k6_variables);
  std::vector<UnknownVariable> unknown = lockstep::UnknownVariables(
      environment, {.names = {ours.begin(), ours.end()}, .families = kFamilies});
  KnownVariables known{.names = {k6s.begin(), k6s.end()},
                       .families = kFamilies,
                       .others = KnownVariables::Others::kOfItsOwn,
                       .prefix = "K6_",
                       .elsewhere_prefix = kPrefix};
  std::set_difference(ours.begin(), ours.end(), k6s.begin(), k6s.end(),
                      std::back_inserter(known.elsewhere));
  for (UnknownVariable& each : lockstep::UnknownVariables(environment, known)) {
    unknown.push_back(std::move(each));
  }
  return unknown;
}

}  // namespace lockstep::coordinator
