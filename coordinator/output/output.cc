#include "coordinator/output/output.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "coordinator/output/csv_output.h"
#include "coordinator/output/json_output.h"

namespace lockstep::coordinator {

absl::StatusOr<std::unique_ptr<Output>> MakeOutput(absl::string_view spec,
                                                   const OutputContext& context) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(spec, absl::MaxSplits('=', 1));
  if (parts.first == "json") {
    return std::make_unique<JsonOutput>(parts.second, context);
  }
  if (parts.first == "csv") {
    return CsvOutput::Make(parts.second, context);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("invalid output type '", parts.first, "', available types are: csv, json"));
}

}  // namespace lockstep::coordinator
