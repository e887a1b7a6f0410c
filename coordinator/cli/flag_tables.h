// The flags that are no options of a test: how each is spelt, and what the help says of it. What
// they mean is in read_commands.cc; the options' own are in common/options/options.inc.
#pragma once

#include "common/options/tiers.h"
#include "coordinator/app/commands.h"

namespace lockstep::coordinator {

using Kind = FlagSpec::Kind;

inline constexpr FlagSpec kTestFlags[] = {
    {"-e,--env", Kind::kList, "variable of the script, in __ENV", "NAME=VALUE"},
    {"--include-system-env-vars", Kind::kSwitch,
     "put the system's variables into __ENV, too; run and coordinator do, unless it is =false"},
    {"-t,--type", Kind::kValue, "what SCRIPT is; without it, as the file begins", "js|archive"},
    {"--module-cache", Kind::kValue, "where modules from servers are kept, or none", "FOLDER",
     "~/.cache/lockstep/modules"},
    {"--locked", Kind::kSwitch, "refuse modules that differ from lockstep.lock"},
    {"--update-lock", Kind::kSwitch, "write the modules' hashes into lockstep.lock"},
    {"--compatibility-mode", Kind::kValue, "base has no `global`", "extended|base", "extended"},
    {"-c,--config", Kind::kValue,
     "file with options: ./lockstep.yaml, else ~/.config/k6/config.json", "FILE"},
    {"--strict", Kind::kSwitch, "unknown options and variables are errors"},
};

inline constexpr FlagSpec kRunFlags[] = {
    {"-o,--out", Kind::kList, "output of samples and results, such as json=FILE", "NAME=WHERE"},
    {"-l,--linger", Kind::kSwitch, "stay after the test's end, until Ctrl+C"},
    {"--no-usage-report", Kind::kSwitch, "send no usage report, wherever an address is set"},
    {"--usage-report-url", Kind::kValue, "where to send a usage report; without it, nowhere",
     "URL"},
    {"--result-file", Kind::kValue, "file for the result, as `lockstep compare` reads it", "FILE"},
    {"--report", Kind::kValue, "file for the report, a page with tables and charts", "FILE"},
    {"--journal", Kind::kValue,
     "file that keeps results and history, whatever happens to this process", "FILE"},
    {"--features", Kind::kList, "feature flags of k6; none exist here"},
    {"--agents", Kind::kValue, "agents that share the test", "N", "1"},
    {"--on-agent-loss", Kind::kValue, "what a lost agent does to the test",
     "fail|tolerate=N%|redistribute", "fail"},
    {"--late-agents", Kind::kValue, "what agents that join during the run do", "wait|join", "wait"},
    {"--max-vu-block", Kind::kValue,
     "interrupt an iteration that computes for so long without waiting; 0s: never", "TIME", "5s"},
    {"--partition", Kind::kValue, "how work is dealt out: as k6 does, or to the nearest number",
     "striped|fair", "striped"},
    {"--fail-on-suspect", Kind::kSwitch,
     "exit with 112 if the generator was not a steady ruler: SUSPECT or INVALID"},
};

// What becomes of the results in the end; of `inspect`, too, as in k6.
inline constexpr FlagSpec kSummaryFlags[] = {
    {"--no-thresholds", Kind::kSwitch, "do not judge thresholds"},
    {"--no-summary", Kind::kSwitch, "same as --summary-mode=disabled"},
    {"--summary-mode", Kind::kValue, "how much the summary tells", "compact|full|disabled",
     "compact"},
    {"--summary-export", Kind::kValue, "file for the summary as JSON", "FILE"},
    {"--new-machine-readable-summary", Kind::kSwitch,
     "k6's newer JSON for handleSummary() and --summary-export"},
    {"--traces-output", Kind::kValue, "none", "none"},
};

inline constexpr FlagSpec kGlobalFlags[] = {
    {"--log-output", Kind::kValue,
     "where messages go: stderr, stdout, none, loki=URL or file=PATH[,level=LEVEL]", "WHERE",
     "stderr"},
    {"--log-format,--logformat", Kind::kValue, "how messages look", "text|raw|json", "text"},
    {"--no-color", Kind::kSwitch, "no colours"},
    {"-v,--verbose", Kind::kSwitch, "debug messages too"},
    {"-q,--quiet", Kind::kSwitch, "no progress"},
    {"--show-agents", Kind::kSwitch, "a line for each agent in the progress"},
    {"--show-thresholds", Kind::kSwitch, "thresholds so far in the progress"},
    {"-a,--address", Kind::kValue, "serve k6's REST API and /metrics there; without it, nowhere",
     "HOST:PORT"},
    {"--profiling-enabled", Kind::kSwitch, "has no effect here"},
    {"--secret-source", Kind::kList,
     "where k6/secrets finds its secrets: file=PATH, mock=KEY=VALUE or url=urlTemplate=URL",
     "KIND=WHERE"},
};

inline constexpr FlagSpec kTransportFlags[] = {
    {"--credentials", Kind::kValue,
     "folder with this side's certificates and token, as `lockstep certs` makes it", "FOLDER"},
    {"--insecure", Kind::kSwitch, "plain text, no authentication"},
};

inline constexpr FlagSpec kCoordinatorFlags[] = {
    {"--listen", Kind::kValue, "address for agents and status", "HOST[:PORT]", kDefaultAddress},
    {"--wait-for-agents", Kind::kValue, "give up after this time; without it, never", "TIME"},
};
inline constexpr FlagSpec kInspectFlags[] = {
    {"--execution-requirements", Kind::kSwitch, "also the total duration and the most VUs"},
};
inline constexpr FlagSpec kArchiveFlags[] = {
    {"-O,--archive-out", Kind::kValue, "file to write, or - for standard output", "FILE",
     "archive.tar"},
    {"--exclude-env-vars", Kind::kSwitch, "leave the script's variables out of it"},
};
inline constexpr FlagSpec kPlanFlags[] = {
    {"--weights", Kind::kValue, "of the agents: 2,1,1; without it, all alike", "LIST"},
    {"--json", Kind::kSwitch, "as JSON"},
    {"--agents", Kind::kValue, "number of agents", "N", "1"},
    {"--partition", Kind::kValue, "how work is dealt out: as k6 does, or to the nearest number",
     "striped|fair", "striped"},
};
inline constexpr FlagSpec kManifestFlags[] = {
    {"--agents", Kind::kValue, "agent pods that share the test", "N", "1"},
    {"--image", Kind::kValue, "image with both programs", "IMAGE", "lockstep:latest"},
    {"--namespace", Kind::kValue, "of all objects; without it, that of whoever creates them",
     "NAME"},
    {"--flags", Kind::kList, "further flags of the coordinator; may be repeated", "'FLAGS'"},
    {"--set", Kind::kList, "a field of a Job: agents:spec.template.spec.priority=5",
     "JOB:PATH=VALUE"},
    {"--label", Kind::kList, "of all objects and pods; may be repeated", "KEY=VALUE"},
    {"--ttl", Kind::kValue, "how long Jobs are kept after their end", "TIME", "24h"},
    {"--results-claim", Kind::kValue, "volume claim for results that is there already", "NAME"},
    {"--results-size", Kind::kValue, "make a volume claim for results, of this size", "SIZE"},
    {"--variables-secret", Kind::kValue, "Secret with variables of the script", "NAME"},
    {"--credentials-secret", Kind::kValue, "Secret with the coordinator's credentials", "NAME",
     "lockstep-coordinator-credentials"},
    {"--agent-credentials-secret", Kind::kValue, "Secret with the agents' credentials", "NAME",
     "lockstep-agent-credentials"},
    {"--coordinator-name", Kind::kValue, "host name in the coordinator's certificate", "NAME",
     "lockstep-coordinator"},
    {"--insecure", Kind::kSwitch, "plain text, no credentials"},
    {"--queue", Kind::kValue, "suspend the Jobs for this LocalQueue of Kueue", "NAME"},
    {"--suspended", Kind::kSwitch, "suspend the Jobs; somebody else lets them begin"},
    {"--id", Kind::kValue, "of the run, in all names; without it, a new one", "ID"},
    {"--only-coordinator", Kind::kSwitch, "the coordinator's Job alone, to own the rest"},
    {"--owner-uid", Kind::kValue, "uid of that Job: all but it, owned by it", "UID"},
};
inline constexpr FlagSpec kStatusFlags[] = {
    {"--json", Kind::kSwitch, "as JSON"},
    {"--watch", Kind::kSwitch, "each second, until the run ends"},
};
inline constexpr FlagSpec kStopFlags[] = {
    {"--now", Kind::kSwitch, "do not wait for running iterations"},
};
inline constexpr FlagSpec kScaleFlags[] = {
    {"-u,--vus", Kind::kValue, "VUs to run", "N"},
    {"-m,--max", Kind::kValue, "VUs to have ready", "N"},
    {"--agents", Kind::kValue, "agents that share the work of a run that redistributes", "N"},
};
inline constexpr FlagSpec kRecoverFlags[] = {
    {"--run", Kind::kValue, "number of the run; without it, the last one that did not end", "N"},
    {"-o,--out", Kind::kList, "outputs in place of the run's own, such as result=FILE",
     "NAME=WHERE"},
    {"--summary-mode", Kind::kValue, "how much the summary tells; without it, as the run said",
     "compact|full|disabled"},
    {"--summary-export", Kind::kValue, "file for the summary as JSON, in place of the run's own",
     "FILE"},
};
inline constexpr FlagSpec kRunsFlags[] = {
    {"--journal", Kind::kValue, "the journal", "FILE"},
    {"--most", Kind::kValue, "how many, the latest first", "N", "20"},
    {"--json", Kind::kSwitch, "as JSON"},
};
inline constexpr FlagSpec kCompareFlags[] = {
    {"--json", Kind::kSwitch, "as JSON"},
    {"--journal", Kind::kValue, "of `compare last`: where the runs are", "FILE"},
    {"--fail-on-regression", Kind::kSwitch, "exit with 99 if the new run is worse"},
};
// Of all that compares.
inline constexpr FlagSpec kComparisonFlags[] = {
    {"--alpha", Kind::kValue, "level of significance of all tests together", "N", "0.01"},
    {"--min-change", Kind::kValue, "percent; smaller changes of times and speeds do not count", "N",
     "5"},
    {"--min-millis", Kind::kValue, "milliseconds; smaller changes of times do not count", "N",
     "0.1"},
    {"--min-points", Kind::kValue,
     "percentage points; smaller changes of rates and checks do not count", "N", "0.5"},
};
inline constexpr FlagSpec kNewFlags[] = {
    {"--template", Kind::kValue, "what to begin with", "minimal|full", "minimal"},
    {"--from-har", Kind::kValue, "convert a browser's recording", "FILE"},
    {"--from-openapi", Kind::kValue, "convert an API description (OpenAPI 3, Swagger 2)", "FILE"},
    {"--from-postman", Kind::kValue, "convert a Postman collection", "FILE"},
    {"--from-curl", Kind::kValue, "convert a curl command line", "'curl ...'"},
    {"-f,--force", Kind::kSwitch, "replace a file that is there"},
};
inline constexpr FlagSpec kReportFlags[] = {
    {"--compare", Kind::kValue, "result file of a baseline", "FILE"},
    {"-o,--out", Kind::kValue, "file for the report; - for standard output", "FILE"},
};
inline constexpr FlagSpec kVersionFlags[] = {
    {"--json", Kind::kSwitch, "as JSON"},
};

// Of `lockstep certs`; each verb takes some of them.
inline constexpr FlagSpec kAuthorityFlag = {"--folder", Kind::kValue, "folder of the authority",
                                            "FOLDER", "lockstep-ca"};
inline constexpr FlagSpec kCredentialsFolderFlag = {
    "--out", Kind::kValue, "folder of credentials; without it, one with the owner's name",
    "FOLDER"};
inline constexpr FlagSpec kDaysFlag = {"--days", Kind::kValue, "days of validity", "N", "365"};
inline constexpr FlagSpec kAuthorityDaysFlag = {"--days", Kind::kValue, "days of validity", "N",
                                                "3650"};
inline constexpr FlagSpec kRenewedDaysFlag = {
    "--days", Kind::kValue, "days of validity; without it, as many as before", "N"};
inline constexpr FlagSpec kHostFlag = {
    "--host", Kind::kList, "name or address that agents connect to; may be repeated", "HOST"};

}  // namespace lockstep::coordinator
