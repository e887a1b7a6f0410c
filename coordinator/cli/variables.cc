#include "coordinator/cli/variables.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/flags/flag.h"
#include "common/flags/flag_variables.h"
#include "common/options/tiers.h"
#include "coordinator/app/known_variables.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::string_view kPrefix = "LOCKSTEP_";

// Of both programs, beside those of flags and options.
constexpr absl::string_view kOthers[] = {
    "FEATURES",  // which says itself that it has no effect
    "TLS_CA",
    "TLS_CERT",
    "TLS_KEY",
    "TLS_REVOKED",
    "TOKEN",
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
// Headers of outputs and sources of secrets, what deploy/ uses, and what Lockstep's own tests and scripts are told.
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

// Without the prefix.
std::vector<std::string> KnownNames(const std::vector<CommandSpec>& commands) {
  const std::vector<std::string> options = OptionVariables();
  std::set<std::string> known(options.begin(), options.end());
  known.insert(std::begin(kOthers), std::end(kOthers));
  const std::vector<std::string> others = VariablesOfOutputsAndSecrets();
  known.insert(others.begin(), others.end());
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
  return std::vector<std::string>(known.begin(), known.end());
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

std::vector<std::string> UnknownVariables(const Environment& environment,
                                          const std::vector<CommandSpec>& commands) {
  KnownVariables known{.names = KnownNames(commands), .families = kFamilies};
  std::vector<std::string> warnings = lockstep::UnknownVariables(environment, known);
  known.others = KnownVariables::Others::kOfItsOwn;
  known.prefix = "K6_";
  for (std::string& warning : lockstep::UnknownVariables(environment, known)) {
    warnings.push_back(std::move(warning));
  }
  return warnings;
}

}  // namespace lockstep::coordinator
