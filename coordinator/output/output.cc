#include "coordinator/output/output.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "common/base/nearest.h"
#include "coordinator/output/csv_output.h"
#include "coordinator/output/influxdb_output.h"
#include "coordinator/output/json_output.h"
#include "coordinator/output/opentelemetry_output.h"
#include "coordinator/output/prometheus_output.h"
#include "coordinator/output/report_outputs.h"
#include "coordinator/output/statsd_output.h"

namespace lockstep::coordinator {
namespace {

using Maker = MadeOutput (*)(absl::string_view argument, const OutputContext& context);

// It belongs to the run and not to its samples: coordinator/app takes it out of the list before.
MadeOutput MakeNoDashboard(absl::string_view /*argument*/, const OutputContext& /*context*/) {
  return absl::FailedPreconditionError("web-dashboard: there is no run to look at");
}

// In the order of the alphabet, as the error lists them.
constexpr std::pair<absl::string_view, Maker> kOutputs[] = {
    {"csv", MakeCsvOutput},
    {"experimental-prometheus-rw", MakePrometheusOutput},
    {"github", MakeGithubOutput},
    {"influxdb", MakeInfluxdbOutput},
    {"json", MakeJsonOutput},
    {"junit", MakeJunitOutput},
    {"opentelemetry", MakeOpenTelemetryOutput},
    {"report", MakePageOutput},
    {"result", MakeResultOutput},
    {"statsd", MakeStatsdOutput},
    {"web-dashboard", MakeNoDashboard},
};

// What k6 called them before.
constexpr std::pair<absl::string_view, absl::string_view> kOldNames[] = {
    {"experimental-opentelemetry", "opentelemetry"},
};

// The name before the "=", and the argument behind it.
std::pair<absl::string_view, absl::string_view> PartsOf(absl::string_view spec) {
  return absl::StrSplit(spec, absl::MaxSplits('=', 1));
}

absl::string_view PresentName(absl::string_view name) {
  for (const auto& [old, present] : kOldNames) {
    if (name == old) {
      return present;
    }
  }
  return name;
}

}  // namespace

std::string LostBeforeText(int64_t samples) {
  return absl::StrCat(samples, " samples were lost with the former coordinator");
}

std::optional<std::string> OldNameWarning(absl::string_view spec, absl::string_view source) {
  const absl::string_view name = PartsOf(spec).first;
  const absl::string_view present = PresentName(name);
  return present == name
             ? std::nullopt
             : std::optional(absl::StrCat(source, ": this is an old name; use ", present));
}

MadeOutput MakeOutput(absl::string_view spec, const OutputContext& context) {
  const std::pair<absl::string_view, absl::string_view> parts = PartsOf(spec);
  for (const auto& [name, make] : kOutputs) {
    if (PresentName(parts.first) == name) {
      return make(parts.second, context);
    }
  }
  std::vector<std::string> names;
  for (const auto& [name, make] : kOutputs) {
    names.emplace_back(name);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "invalid output type '", parts.first, "', available types are: ", absl::StrJoin(names, ", "),
      DidYouMean(parts.first, names)));
}

}  // namespace lockstep::coordinator
