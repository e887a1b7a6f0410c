// How a value of each type that options have is read from JSON. Internal to common/options.
#pragma once

#include <optional>
#include <type_traits>
#include <vector>

#include "common/options/options.h"
#include "common/options/parse_scenario.h"
#include "common/options/value_reader.h"

namespace lockstep {

// Each returns nothing after noting an error.
struct OptionValue {
  const ValueReader& reader;
  const std::vector<absl::string_view>& choices;  // what a text may be; none: anything
  absl::string_view otherwise = {};               // what any other is taken for; "": it is an error
  // Null: the text of a flag or a variable, and no value of JSON.
  lockstep::StringList* warnings = nullptr;

  template <class T>
  using As = std::type_identity<T>;

  std::optional<bool> Read(As<bool>) const { return reader.Bool(); }
  std::optional<int64_t> Read(As<int64_t>) const;
  std::optional<absl::Duration> Read(As<absl::Duration>) const { return reader.Duration(); }
  std::optional<std::string> Read(As<std::string>) const;
  std::optional<StringList> Read(As<StringList>) const { return reader.StringList(); }
  std::optional<StringMap> Read(As<StringMap>) const { return reader.StringMap(); }
  std::optional<nlohmann::json> Read(As<nlohmann::json>) const { return reader.value(); }
  std::optional<std::vector<Stage>> Read(As<std::vector<Stage>>) const {
    return ReadStages(reader);
  }
  std::optional<std::vector<ScenarioConfig>> Read(As<std::vector<ScenarioConfig>>) const {
    return ReadScenarios(reader);
  }
  std::optional<HttpErrorsRule> Read(As<HttpErrorsRule>) const;
  std::optional<Thresholds> Read(As<Thresholds>) const;
  std::optional<DnsOptions> Read(As<DnsOptions>) const;
  std::optional<TlsVersions> Read(As<TlsVersions>) const;
  std::optional<std::vector<TlsAuth>> Read(As<std::vector<TlsAuth>>) const;
};

}  // namespace lockstep
