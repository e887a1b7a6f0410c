#include "coordinator/app/inspect.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "common/base/whole_file.h"
#include "coordinator/app/ending.h"
#include "coordinator/app/named_files.h"
#include "coordinator/app/reports.h"
#include "coordinator/app/rig.h"
#include "coordinator/console/streams.h"
#include "coordinator/sources/archive.h"

namespace lockstep::coordinator {
namespace {

// What is known of a test when a report of it is made.
struct Inspected {
  const TestFiles& files;
  const PlannedTest& test;
  const Bundle& bundle;
};
using Report = std::function<absl::StatusOr<std::string>(const Inspected&)>;

ExitCode Print(const Report& report, RunRequest request, const Environment& environment,
               RunLogger& logger) {
  const absl::StatusOr<TestFiles> files =
      ReadTest(request.test, environment,
               [](const OptionTiers&, bool) { return std::vector<std::string>(); });
  if (!files.ok()) {
    return Refuse(files.status(), ExitCodeOf(files.status()), logger);
  }
  TellOf(*files, logger);
  request.inspect_only = true;
  std::string text;
  std::optional<Rig> made;
  made.emplace(request, *files, environment, logger, [&](const PlannedTest& test) -> absl::Status {
    LOCKSTEP_ASSIGN_OR_RETURN(text, report({*files, test, made->run().bundle()}));
    return absl::OkStatus();
  });
  Rig& rig = *made;
  ExitCode code = ExitCode::kSuccess;
  Run::Events events;
  events.on_done = [&](const RunOutcome& outcome) {
    code = outcome.exit_code;
    WriteStdout(text);
    rig.TellOfOptions();
    LogOutcome(rig.WithCode(outcome), rig.loop().clock(), logger);
    rig.End(/*linger=*/false);
  };
  rig.run().Begin(std::move(events));
  const absl::Status played = rig.Play();
  return played.ok() ? code : Refuse(played, ExitCode::kOther, logger);
}

absl::StatusOr<std::string> ArchiveOf(const Inspected& known, bool exclude_env) {
  Archive archive{.main_url = known.files.script.main_url,
                  .working_directory = known.files.script.working_directory,
                  .main_script = known.files.script.text,
                  .base_mode = known.files.script.base_mode,
                  .options_json = InspectionText(known.test, /*execution_requirements=*/false)};
  if (!exclude_env) {
    archive.env = known.files.script_env;
  }
  known.bundle.ForEach([&archive](const std::string& url, const std::string& content) {
    archive.Add(url, content);
  });
  return WriteArchive(archive);
}

}  // namespace

ExitCode ExecuteArchive(const ArchiveCommand& command, const Environment& environment,
                        RunLogger& logger) {
  std::vector<NamedFile> files = ReadFilesOf(command.test);
  files.push_back({command.out_source, command.out});
  TestSettings test = command.test;
  for (std::string& clash : ClashesOf(files)) {
    test.errors.push_back(std::move(clash));
  }
  if (const absl::Status checked =
          command.out == "-" ? absl::OkStatus() : CheckWholeFile(command.out);
      !checked.ok()) {
    test.errors.push_back(absl::StrCat(command.out_source, ": cannot write '", command.out,
                                       "': ", checked.message()));
  }
  return Print(
      [&](const Inspected& known) -> absl::StatusOr<std::string> {
        LOCKSTEP_ASSIGN_OR_RETURN(std::string tar, ArchiveOf(known, command.exclude_env));
        if (command.out == "-") {
          return tar;
        }
        if (const absl::Status written = WriteWholeFile(command.out, tar); !written.ok()) {
          return absl::UnavailableError(absl::StrCat("the archive \"", command.out,
                                                     "\" cannot be written: ", written.message()));
        }
        return std::string();
      },
      {.test = std::move(test)}, environment, logger);
}

ExitCode ExecuteManifest(const ManifestCommand& command, const Environment& environment,
                         RunLogger& logger) {
  ManifestSettings settings = command.settings;
  const size_t slash = command.test.script.rfind('/');
  settings.name = command.test.script.substr(slash == std::string::npos ? 0 : slash + 1);
  settings.name = settings.name.substr(0, settings.name.rfind('.'));
  return Print(
      [&](const Inspected& known) -> absl::StatusOr<std::string> {
        LOCKSTEP_ASSIGN_OR_RETURN(const std::string tar, ArchiveOf(known, /*exclude_env=*/false));
        LOCKSTEP_ASSIGN_OR_RETURN(const Manifest manifest, MakeManifest(settings, tar));
        for (const std::string& hint : manifest.hints) {
          logger.Warn(hint);
        }
        return ManifestText(settings, manifest);
      },
      {.test = command.test}, environment, logger);
}

ExitCode ExecuteInspect(const InspectCommand& command, const Environment& environment,
                        RunLogger& logger) {
  return Print(
      [&](const Inspected& known) {
        return InspectionText(known.test, command.execution_requirements);
      },
      {.test = command.test}, environment, logger);
}

ExitCode ExecutePlan(const PlanCommand& command, const Environment& environment,
                     RunLogger& logger) {
  RunRequest request{.test = command.test};
  request.run.agents = static_cast<int64_t>(command.weights.size());
  request.run.partition = command.partition;
  return Print(
      [&](const Inspected& known) { return PlanText(known.test, command.weights, command.json); },
      std::move(request), environment, logger);
}

}  // namespace lockstep::coordinator
