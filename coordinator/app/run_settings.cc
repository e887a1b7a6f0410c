#include "coordinator/app/run_settings.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/clock.h"
#include "common/web/web_server.h"
#include "coordinator/app/dashboard_settings.h"
#include "coordinator/app/usage_report.h"
#include "coordinator/journal/journal.h"
#include "coordinator/output/report_file.h"

namespace lockstep::coordinator {
namespace {

using Use = NamedFile::Use;

void Append(std::vector<NamedFile> more, std::vector<NamedFile>* files) {
  files->insert(files->end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
}

std::vector<NamedFile> FilesOfOutputs(const std::vector<OutputSpec>& specs,
                                      const OutputContext& context) {
  std::vector<NamedFile> files;
  for (const auto& [source, file] : FilesOf(specs, context)) {
    files.push_back({source, file.path, file.append ? Use::kAppend : Use::kReplace});
  }
  return files;
}

}  // namespace

std::vector<OutputSpec> OutputsOf(const RunSettingsFlags& flags, const ConfigFile& config) {
  std::vector<OutputSpec> specs;
  for (const Setting& said : flags.outputs) {
    specs.push_back(OutputSpec::OneOf(said));
  }
  for (size_t i = 0; flags.outputs.empty() && i < config.outputs.size(); ++i) {
    specs.push_back(OutputSpec::OneOf({absl::StrCat(config.name, ": out"), config.outputs[i]}));
  }
  if (!flags.result_file.empty()) {
    specs.emplace_back(absl::StrCat("result=", flags.result_file), flags.result_file_source);
  }
  if (!flags.report.empty()) {
    specs.emplace_back(absl::StrCat("report=", flags.report), flags.report_source);
  }
  return specs;
}

std::vector<NamedFile> WrittenFilesOf(const RunRequest& request,
                                      const std::vector<OutputSpec>& specs,
                                      const OutputContext& context) {
  std::vector<NamedFile> files = FilesOf(request.log);
  Append(FilesOfOutputs(specs, context), &files);
  files.push_back({request.run.summary_export_source, request.run.summary_export});
  files.push_back({request.run.journal_source, request.run.journal});
  return files;
}

std::vector<std::string> MistakesInSettings(const RunRequest& request, const ConfigFile& config,
                                            const Environment& environment) {
  const RunSettingsFlags& flags = request.run;
  const SystemClock clock;
  OutputContext context;
  context.environment = environment;
  context.clock = &clock;
  std::vector<OutputSpec> specs = OutputsOf(flags, config);
  const auto dashboard = TakeDashboard(environment, &specs);
  std::vector<std::string> mistakes = MistakesIn(specs, context);
  std::vector<NamedFile> files = ReadFilesOf(request.test);
  Append(WrittenFilesOf(request, specs, context), &files);
  if (!flags.summary_export.empty()) {
    if (const absl::Status checked = ReportFile(flags.summary_export).Check(); !checked.ok()) {
      mistakes.push_back(absl::StrCat(flags.summary_export_source, ": ", checked.message()));
    }
  }
  if (!flags.rest_address.empty()) {
    if (const absl::Status good = WebServer::CheckAddress(flags.rest_address); !good.ok()) {
      mistakes.push_back(absl::StrCat(flags.rest_address_source, ": ", good.message()));
    }
  }
  if (!flags.journal.empty()) {
    if (const absl::Status checked = Journal::Check(flags.journal); !checked.ok()) {
      mistakes.push_back(absl::StrCat(flags.journal_source, ": ", checked.message()));
    }
  }
  if (!dashboard.ok()) {
    mistakes.emplace_back(dashboard.status().message());
  }
  for (std::string& clash : ClashesOf(files)) {
    mistakes.push_back(std::move(clash));
  }
  if (const std::string url = UsageReportUrl(flags, config); !url.empty()) {
    if (const absl::Status checked = UsageReport(url).Check(); !checked.ok()) {
      mistakes.push_back(absl::StrCat(UsageReportSource(flags, config), ": ", checked.message()));
    }
  }
  return mistakes;
}

}  // namespace lockstep::coordinator
