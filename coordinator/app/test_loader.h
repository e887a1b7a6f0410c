// The test: its files and options as they are read before anything starts, and what is planned of
// them once an agent has told what the script says.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

#include "common/base/environment.h"
#include "common/base/log.h"
#include "common/base/secrets.h"
#include "common/options/options.h"
#include "coordinator/app/commands.h"
#include "coordinator/app/planned_test.h"
#include "coordinator/app/resolve.h"
#include "coordinator/core/run_parts.h"
#include "coordinator/results/results.h"
#include "coordinator/secrets/secret_store.h"
#include "coordinator/sources/archive.h"
#include "coordinator/sources/remote_modules.h"

namespace lockstep::coordinator {

// What is read of a test before an agent is there.
struct TestFiles {
  OptionTiers tiers;
  ScriptSource script;
  std::optional<Archive> archive;  // that the script is from
  std::optional<LockFile> lock;    // of the modules from servers
  std::vector<SecretSource> secrets;
  HttpTrust trust;                                // of the servers of both
  std::map<std::string, std::string> script_env;  // __ENV
  std::vector<std::string> warnings;  // of what is wrong only if the script means nothing by it
};

// What the coordinator shows of the options, and samples are tagged with, has no secrets: as agents
// hide them in tags, a threshold by such a tag finds its samples.
void HideSecretsIn(const Redactor& redactor, RunOptions* options);

// How results are kept of a test with these options, in which `http_errors` were asked for or not.
Results::Setup ResultsSetupOf(const RunOptions& options, bool http_errors,
                              const v1::Inspected& inspected, const RunSettingsFlags& flags,
                              bool no_color);

// What else is wrong with the command line, beside the options in `tiers`; `unreadable`: the test
// cannot be read anyway.
using MoreMistakes = std::vector<std::string>(const OptionTiers& tiers, bool unreadable);

// NotFound, naming it, for a script that cannot be read, along with all else that is wrong with the
// command line. Likewise InvalidArgument for the lock file and the sources of secrets; of several,
// the first decides; FailedPrecondition where the command line itself is wrong. Wrong options alone
// are not an error yet: what the script says is looked at, too, before all is told.
absl::StatusOr<TestFiles> ReadTest(const TestSettings& settings, const Environment& environment,
                                   absl::FunctionRef<MoreMistakes> more);

class TestLoader final : public TestSource {
 public:
  // Gets the test once it is planned, before any agent hears of the plan, which it may complete.
  // An error ends the run.
  using OnTest = absl::AnyInvocable<absl::Status(PlannedTest&)>;

  // What a loader works with; all of it is borrowed and outlives the loader.
  struct Parts {
    const TestFiles& files;
    RemoteModules& modules;
    SecretStore& secrets;
    Results& results;  // is configured for the test
    Logger& logger;
  };
  // `flags`, borrowed, say among how many agents the work is divided.
  TestLoader(Parts parts, const RunSettingsFlags& flags, bool no_color, OnTest on_test);

  const ScriptSource& script() const override { return files_.script; }
  void Fetch(const std::string& url,
             absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) override;
  absl::StatusOr<TestPlan> MakePlan(const v1::Inspected& inspected) override;

  // The text of one of the script's files, by its URL; nothing for any other.
  std::optional<std::string> SourceOf(const std::string& url) const;
  // Once it is planned.
  const PlannedTest& test() const { return *test_; }
  // Whether MakePlan was asked. What is wrong with the options has been told then.
  bool asked() const { return asked_; }

 private:
  void TellOf(const std::vector<std::string>& warnings);
  // Judges thresholds and metrics; a line of the message for each error.
  absl::Status ConfigureResults(const ResolvedOptions& resolved, const v1::Inspected& inspected);

  const TestFiles& files_;
  RemoteModules& modules_;
  SecretStore& secrets_;
  const RunSettingsFlags& flags_;
  const bool no_color_;
  Results& results_;
  Logger& logger_;
  OnTest on_test_;
  std::optional<PlannedTest> test_;
  bool asked_ = false;
  std::set<std::string> fetched_;  // URLs of the script's files
};

}  // namespace lockstep::coordinator
