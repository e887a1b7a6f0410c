// What the user typed, as plain values: one struct for each subcommand. main.cc acts on them;
// nothing here does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"

#include "common/base/exit_code.h"
#include "common/flags/flag_variables.h"
#include "common/options/options.h"
#include "common/options/tiers.h"
#include "common/result/compare.h"
#include "common/segment/execution_segment.h"
#include "common/summary/summary.h"
#include "coordinator/console/log_sink.h"
#include "coordinator/convert/convert.h"
#include "coordinator/manifest/manifest.h"
#include "coordinator/sources/remote_modules.h"
#include "coordinator/sources/script_files.h"

namespace lockstep::coordinator {

// Where a coordinator listens and is looked for, unless another address is given; with the port
// kCoordinatorPort.
inline constexpr char kDefaultAddress[] = "127.0.0.1:7411";

// What `run`, `coordinator`, `inspect`, `archive`, `plan` and `manifest` have in common: a script
// and its options.
struct TestSettings {
  std::string script;  // a path, or "-" for standard input
  ScriptType type = ScriptType::kGuess;
  ModuleSettings modules;
  std::vector<Setting> secret_sources;  // --secret-source, or the variable in its stead
  std::string
      config_file;  // --config; empty: lockstep.yaml beside the working directory, if there is one
  std::string config_label = "--config";   // the flag, or the variable in its stead
  Options flags;                           // the flags' tier
  OptionSources flag_sources;              // of the same
  std::map<std::string, std::string> env;  // -e, over the system's variables
  bool include_system_env_vars = true;     // in __ENV
  std::optional<bool> base_mode;  // --compatibility-mode; nothing: the archive's, if it is one
  bool strict = false;            // options that nothing is known of are errors, not warnings
  // That begin with K6_, and that the script may have for itself.
  std::vector<UnknownVariable> unknown_variables;
  // What is wrong with flags and with the variables in their stead. The test does not run; all else
  // that is wrong with it is told along with them.
  std::vector<std::string> errors;
};

struct RunSettingsFlags {
  std::vector<Setting>
      outputs;  // "json=results.json"; empty: none asked for by flag or environment
  bool no_thresholds = false;
  SummaryMode summary_mode = SummaryMode::kCompact;
  // Files; empty: none. Each with its source, the flag or the variable in its stead.
  std::string summary_export;
  std::string summary_export_source = "--summary-export";
  std::string result_file;
  std::string result_file_source = "--result-file";
  std::string report;
  std::string report_source = "--report";
  std::string journal;
  std::string journal_source = "--journal";
  bool new_machine_readable_summary = false;
  std::optional<bool> linger;           // unset: the configuration file decides, else no
  std::optional<bool> no_usage_report;  // likewise
  std::string usage_report_url;         // empty: no report is sent
  std::string usage_report_source = "--usage-report-url";  // the flag, or the variable in its stead
  bool quiet = false;                                      // no progress
  bool show_agents = false;                                // in the progress
  bool show_thresholds = false;                            // likewise
  std::string rest_address;                                // of the REST server; empty: none
  std::string rest_address_source = "--address";           // likewise
  int64_t agents = 1;
  double tolerated_loss_percent = 0;  // of --on-agent-loss tolerate=N%; 0: fail
  bool redistribute = false;          // --on-agent-loss redistribute
  bool late_agents_join = false;      // --late-agents join
  Partition partition = Partition::kStriped;
  absl::Duration max_vu_block = absl::Seconds(5);  // 0: no limit
  bool fail_on_suspect = false;
};

// `lockstep run`: with agents that it starts itself.
struct RunCommand {
  TestSettings test;
  RunSettingsFlags run;
  LogSettings log;
};

// How to reach a coordinator or to be reached.
struct TransportSettings {
  bool insecure = false;    // plain text
  std::string credentials;  // folder; empty: not given
};

// `lockstep coordinator`: with agents that join from elsewhere.
struct CoordinatorCommand {
  TestSettings test;
  RunSettingsFlags run;
  LogSettings log;
  std::string listen = kDefaultAddress;
  std::string listen_source = "--listen";  // the flag, or the variable in its stead
  TransportSettings transport;
  absl::Duration wait_for_agents = absl::InfiniteDuration();
};

// `lockstep inspect`: prints the options as JSON.
struct InspectCommand {
  TestSettings test;
  LogSettings log;
  bool execution_requirements = false;
};

// `lockstep archive`: writes the test with all of its files into one.
struct ArchiveCommand {
  TestSettings test;
  LogSettings log;
  std::string out = "archive.tar";           // "-": standard output
  std::string out_source = "--archive-out";  // or the variable in its stead
  bool exclude_env = false;                  // --exclude-env-vars
};

// `lockstep plan`: prints what each of N agents would do.
struct PlanCommand {
  TestSettings test;
  LogSettings log;
  std::vector<int64_t> weights = {1};  // one for each agent, > 0
  Partition partition = Partition::kStriped;
  bool json = false;
};

// `lockstep status|pause|resume|scale|stop [ADDR]`: clients of a running coordinator.
struct ControlCommand {
  enum class Verb { kStatus, kPause, kResume, kScale, kStop };
  Verb verb = Verb::kStatus;
  std::string address = kDefaultAddress;
  TransportSettings transport;
  LogSettings log;
  bool json = false;     // status
  bool watch = false;    // status
  bool now = false;      // stop: without waiting for running iterations
  int64_t vus = -1;      // scale; -1: unchanged
  int64_t max_vus = -1;  // scale
  int64_t agents = 0;    // scale; 0: unchanged
};

// `lockstep recover [FILE]`: what a journal holds of a run whose coordinator is gone.
struct RecoverCommand {
  std::string journal;
  int64_t run = 0;                          // 0: the last one that did not end
  std::vector<Setting> outputs;             // in place of those that the run had; empty: those
  std::string summary_export;               // likewise
  std::optional<SummaryMode> summary_mode;  // unset: the run's
  LogSettings log;
};

// `lockstep runs`: the history that a journal keeps.
struct RunsCommand {
  std::string journal;
  int64_t most = 20;
  bool json = false;
  LogSettings log;
};

// `lockstep compare BASE NEW`: two result files. Without NEW, the last run in the journal with the
// one before it of the same script.
struct CompareCommand {
  std::string base, fresh;
  std::string journal;
  CompareConfig config;
  bool json = false;
  bool fail_on_regression = false;
  LogSettings log;
};

// `lockstep report RESULT`: the report of a run that is over.
struct ReportCommand {
  std::string result;
  std::string base;  // --compare; empty: none
  std::string out;   // file; "-": standard output
  CompareConfig config;
  LogSettings log;
};

// `lockstep certs init|coordinator|agent|operator|renew|revoke`: a fleet's own certificates.
struct CertsCommand {
  enum class Verb { kInit, kCoordinator, kAgent, kOperator, kRenew, kRevoke };
  Verb verb = Verb::kInit;
  std::string folder = "lockstep-ca";  // of the authority
  std::string name;                    // of the authority or the certificate's owner
  std::vector<std::string> hosts;      // of a coordinator
  std::string out;                     // folder to make; empty: one with the owner's name
  std::optional<int64_t> days;         // unset: the verb's default
  LogSettings log;
};

// `lockstep new [FILE]`: a script to begin with.
struct NewCommand {
  std::string file = "script.js";         // "-": standard output
  bool force = false;                     // replace a file that is there
  std::string template_name = "minimal";  // unless `format` says what it is made of
  std::optional<RecordingFormat> format;
  std::string source;       // a file; of kCurl, the command line
  std::string source_flag;  // what it was given with: "from-har"
  LogSettings log;
};

// `lockstep manifest SCRIPT`: what runs a test on Kubernetes, as YAML.
struct ManifestCommand {
  TestSettings test;
  LogSettings log;
  ManifestSettings settings;  // without `name`, which is the script's
};

struct VersionCommand {
  bool json = false;
};

using Command =
    std::variant<RunCommand, CoordinatorCommand, InspectCommand, ArchiveCommand, PlanCommand,
                 ControlCommand, RecoverCommand, RunsCommand, CompareCommand, ReportCommand,
                 ManifestCommand, CertsCommand, NewCommand, VersionCommand>;

struct CommandLine {
  Command command;
  std::vector<std::string> warnings;  // flags that are accepted and have no effect here, by name
};

// The program has nothing (more) to do: help was asked for, or the command line is wrong.
struct CommandLineExit {
  ExitCode code = ExitCode::kSuccess;
  std::string output = {};  // for stdout: help
  std::string error = {};   // for the log: names the flag, the value and what is allowed
};

// Reads the command line (without the program's name) and, where a flag is not given, its variable
// (LOCKSTEP_*, K6_*, NO_COLOR).
std::variant<CommandLine, CommandLineExit> ParseCommandLine(const std::vector<std::string>& args,
                                                            const Environment& environment);

}  // namespace lockstep::coordinator
