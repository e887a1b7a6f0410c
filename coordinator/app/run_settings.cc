#include "coordinator/app/run_settings.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/clock.h"
#include "coordinator/app/dashboard_settings.h"
#include "coordinator/app/named_files.h"
#include "coordinator/app/usage_report.h"
#include "coordinator/output/report_file.h"
#include "coordinator/output/run_outputs.h"

namespace lockstep::coordinator {
namespace {

using Use = NamedFile::Use;

void Append(std::vector<NamedFile> more, std::vector<NamedFile>* files) {
  files->insert(files->end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
}

// The files of `specs`, of which the last ones are those of --result-file and --report.
std::vector<NamedFile> FilesOfOutputs(const RunSettingsFlags& flags,
                                      const std::vector<std::string>& specs,
                                      const OutputContext& context) {
  std::vector<NamedFile> files;
  for (const auto& [spec, file] : FilesOf(specs, context)) {
    files.push_back({absl::StrCat("-o ", spec.substr(0, spec.find('='))), file.path,
                     file.append ? Use::kAppend : Use::kReplace});
  }
  const auto rename = [&files](absl::string_view name, const std::string& path, const char* flag) {
    const auto last = std::find_if(files.rbegin(), files.rend(), [&](const NamedFile& file) {
      return file.flag == absl::StrCat("-o ", name) && file.path == path;
    });
    if (!path.empty() && last != files.rend()) {
      last->flag = flag;
    }
  };
  rename("result", flags.result_file, "--result-file");
  rename("report", flags.report, "--report");
  return files;
}

}  // namespace

std::vector<std::string> OutputsOf(const RunSettingsFlags& flags, const ConfigFile& config) {
  std::vector<std::string> specs = flags.outputs.empty() ? config.outputs : flags.outputs;
  if (!flags.result_file.empty()) {
    specs.push_back(absl::StrCat("result=", flags.result_file));
  }
  if (!flags.report.empty()) {
    specs.push_back(absl::StrCat("report=", flags.report));
  }
  return specs;
}

std::vector<std::string> MistakesInSettings(const RunRequest& request, const ConfigFile& config,
                                            const Environment& environment) {
  const RunSettingsFlags& flags = request.run;
  const SystemClock clock;
  OutputContext context;
  context.environment = environment;
  context.clock = &clock;
  std::vector<std::string> specs = OutputsOf(flags, config);
  const auto dashboard = TakeDashboard(environment, &specs);
  std::vector<std::string> mistakes = MistakesIn(specs, context);
  std::vector<NamedFile> files = ReadFilesOf(request.test);
  Append(FilesOf(request.log), &files);
  Append(FilesOfOutputs(flags, specs, context), &files);
  files.push_back({"--summary-export", flags.summary_export});
  files.push_back({"--journal", flags.journal});
  if (!flags.summary_export.empty()) {
    if (const absl::Status checked = ReportFile(flags.summary_export).Check(); !checked.ok()) {
      mistakes.push_back(absl::StrCat("--summary-export: ", checked.message()));
    }
  }
  if (!dashboard.ok()) {
    mistakes.emplace_back(dashboard.status().message());
  } else if (dashboard->has_value()) {
    files.push_back({"-o web-dashboard: export", (*dashboard)->export_file});
    files.push_back({"-o web-dashboard: record", (*dashboard)->record_file});
  }
  for (std::string& clash : ClashesOf(files)) {
    mistakes.push_back(std::move(clash));
  }
  if (const std::string url = UsageReportUrl(flags, config); !url.empty()) {
    if (const absl::Status checked = UsageReport(url).Check(); !checked.ok()) {
      mistakes.push_back(absl::StrCat(UsageReportSource(flags), ": ", checked.message()));
    }
  }
  return mistakes;
}

}  // namespace lockstep::coordinator
