// The flags of the commands about results: recover, runs, compare, report.
#include <string>

#include "absl/strings/strip.h"

#include "common/options/tiers.h"
#include "coordinator/cli/read_commands.h"

namespace lockstep::coordinator {
namespace {

CompareConfig ReadComparison(FlagReader& reader) {
  CompareConfig config;
  config.alpha = reader.Number("alpha", config.alpha, 0, 1);
  config.min_change = reader.Number("min-change", 100 * config.min_change, 0, 1e6) / 100;
  config.min_millis = reader.Number("min-millis", config.min_millis, 0, 1e9);
  config.min_points = reader.Number("min-points", 100 * config.min_points, 0, 100) / 100;
  return config;
}

}  // namespace

RecoverCommand ReadRecover(FlagReader& reader) {
  RecoverCommand command;
  command.journal = reader.Argument(0);
  if (const auto journal = FindSetting(reader.words().environment, "JOURNAL");
      command.journal.empty() && journal.has_value()) {
    command.journal = journal->value;
  }
  if (command.journal.empty()) {
    reader.Error("the journal is missing: a file, or the variable LOCKSTEP_JOURNAL");
  }
  command.run = reader.Int("run", 0, 1);
  command.outputs = reader.List("out");
  command.summary_export = reader.String("summary-export");
  if (reader.Text("summary-mode").has_value()) {
    command.summary_mode =
        reader.Choice<SummaryMode>("summary-mode", nullptr, kSummaryModes, SummaryMode::kCompact);
  }
  command.log = ReadLog(reader);
  return command;
}

RunsCommand ReadRuns(FlagReader& reader) {
  RunsCommand command;
  command.journal = reader.String("journal", "JOURNAL");
  if (command.journal.empty()) {
    reader.Error("--journal is missing: a file, or the variable LOCKSTEP_JOURNAL");
  }
  command.most = reader.Int("most", command.most, 1);
  command.json = reader.Is("json");
  command.log = ReadLog(reader);
  return command;
}

CompareCommand ReadCompare(FlagReader& reader) {
  CompareCommand command;
  command.base = reader.Argument(0);
  command.fresh = reader.Argument(1);
  if (command.fresh.empty() && command.base == "last") {
    command.journal = reader.String("journal", "JOURNAL");
    if (command.journal.empty()) {
      reader.Error("compare last: --journal is missing: a file, or the variable LOCKSTEP_JOURNAL");
    }
  } else if (command.fresh.empty() && !command.base.empty()) {
    reader.Error(
        "the result file to judge is missing (NEW); expected lockstep compare [FLAGS] BASE NEW");
  }
  command.log = ReadLog(reader);
  command.config = ReadComparison(reader);
  command.json = reader.Is("json");
  command.fail_on_regression = reader.Is("fail-on-regression");
  return command;
}

ReportCommand ReadReport(FlagReader& reader) {
  ReportCommand command;
  command.result = reader.Argument(0);
  command.base = reader.String("compare");
  command.log = ReadLog(reader);
  command.config = ReadComparison(reader);
  const std::string name(absl::StripSuffix(command.result, ".json"));
  command.out = name + ".html";
  command.out = reader.Text("out").value_or(command.out);
  return command;
}

}  // namespace lockstep::coordinator
