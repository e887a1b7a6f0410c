// The flags that are no options of a test: how each is spelt, and what --help says of it. What they
// mean is in read_commands.cc; the options' own are in common/options/options.inc.
#pragma once

#include "common/options/tiers.h"

namespace lockstep::coordinator {

using Kind = FlagSpec::Kind;

inline constexpr FlagSpec kTestFlags[] = {
    {"-e,--env", Kind::kList, "variable of the script: NAME=value"},
    {"--include-system-env-vars", Kind::kSwitch, "pass the system's variables on"},
    {"-t,--type", Kind::kValue, "js; archives are not supported"},
    {"--compatibility-mode", Kind::kValue, "extended or base"},
    {"-c,--config", Kind::kValue,
     "configuration file (./lockstep.yaml, else ~/.config/k6/config.json)"},
};

inline constexpr FlagSpec kRunFlags[] = {
    {"-o,--out", Kind::kList, "output: json=FILE, csv=FILE, ..."},
    {"-l,--linger", Kind::kSwitch, "stay after the test's end"},
    {"--no-usage-report", Kind::kSwitch, "send no usage report"},
    {"--usage-report-url", Kind::kValue, "where to send the usage report; default: nowhere"},
    {"--result-file", Kind::kValue,
     "file for the result, as `lockstep compare` reads it; same as -o result=FILE"},
    {"--features", Kind::kList, "feature flags of k6; none exist here"},
    {"--agents", Kind::kValue, "number of agents (1)"},
    {"--on-agent-loss", Kind::kValue, "fail, tolerate=N% or redistribute (to the agents left)"},
    {"--late-agents", Kind::kValue, "agents that come while the load runs: wait or join"},
    {"--max-vu-block", Kind::kValue,
     "interrupt an iteration that keeps its thread busy for so long without waiting (5s); 0s: never"},
    {"--partition", Kind::kValue,
     "how work is dealt out: striped (as k6) or fair (nearest rounding)"},
    {"--fail-on-suspect", Kind::kSwitch,
     "exit with 112 if the generator was not a steady ruler: SUSPECT or INVALID"},
};

// What becomes of the results in the end; of `inspect`, too, as in k6.
inline constexpr FlagSpec kSummaryFlags[] = {
    {"--no-thresholds", Kind::kSwitch, "do not judge thresholds"},
    {"--no-summary", Kind::kSwitch, "same as --summary-mode=disabled"},
    {"--summary-mode", Kind::kValue, "compact, full or disabled"},
    {"--summary-export", Kind::kValue, "file for the summary as JSON"},
    {"--new-machine-readable-summary", Kind::kSwitch, "newer JSON of the summary"},
    {"--traces-output", Kind::kValue, "none"},
};

inline constexpr FlagSpec kGlobalFlags[] = {
    {"--log-output", Kind::kValue, "stderr, stdout, none, loki=URL or file=PATH[,level=LEVEL]"},
    {"--log-format,--logformat", Kind::kValue, "text, raw or json"},
    {"--no-color", Kind::kSwitch, "no colours"},
    {"-v,--verbose", Kind::kSwitch, "debug messages too"},
    {"-q,--quiet", Kind::kSwitch, "no progress"},
    {"-a,--address", Kind::kValue, "HOST:PORT for the REST API and /metrics; default: none"},
    {"--profiling-enabled", Kind::kSwitch, "has no effect here"},
    {"--secret-source", Kind::kList, "has no effect here"},
};

inline constexpr FlagSpec kTransportFlags[] = {
    {"--credentials", Kind::kValue,
     "folder with this side's certificates and token, as `lockstep certs` makes it"},
    {"--insecure", Kind::kSwitch, "plain text, no authentication"},
};

inline constexpr FlagSpec kCoordinatorFlags[] = {
    {"--listen", Kind::kValue, "HOST[:PORT] for agents and status (127.0.0.1:7411)"},
    {"--wait-for-agents", Kind::kValue, "give up after this time; default: never"},
};
inline constexpr FlagSpec kInspectFlags[] = {
    {"--execution-requirements", Kind::kSwitch, "also total duration and VUs"},
};
inline constexpr FlagSpec kPlanFlags[] = {
    {"--weights", Kind::kValue, "of the agents: 2,1,1; default: all alike"},
    {"--json", Kind::kSwitch, "as JSON"},
    {"--agents", Kind::kValue, "number of agents (1)"},
    {"--partition", Kind::kValue,
     "how work is dealt out: striped (as k6) or fair (nearest rounding)"},
};
inline constexpr FlagSpec kStatusFlags[] = {
    {"--json", Kind::kSwitch, "as JSON"},
    {"--watch", Kind::kSwitch, "each second, until the run ends"},
};
inline constexpr FlagSpec kStopFlags[] = {
    {"--now", Kind::kSwitch, "do not wait for running iterations"},
};
inline constexpr FlagSpec kScaleFlags[] = {
    {"-u,--vus", Kind::kValue, "VUs to run"},
    {"-m,--max", Kind::kValue, "VUs to have ready"},
    {"--agents", Kind::kValue, "agents to share the work, of a run that redistributes"},
};
inline constexpr FlagSpec kCompareFlags[] = {
    {"--json", Kind::kSwitch, "as JSON"},
    {"--fail-on-regression", Kind::kSwitch, "exit with 99 if the new run is worse"},
    {"--alpha", Kind::kValue, "level of significance of all tests together (0.01)"},
    {"--min-change", Kind::kValue,
     "smaller changes of times and of rates per second do not count, in percent (5)"},
    {"--min-millis", Kind::kValue, "smaller changes of times do not count, in milliseconds (0.1)"},
    {"--min-points", Kind::kValue,
     "smaller changes of rates and checks do not count, in percentage points (0.5)"},
};
inline constexpr FlagSpec kVersionFlags[] = {
    {"--json", Kind::kSwitch, "as JSON"},
};

}  // namespace lockstep::coordinator
