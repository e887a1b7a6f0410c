// The flags that there are: how each is spelt, which option of a test it sets, and what --help says
// of it. What they mean is in command_line.cc.
#pragma once

namespace lockstep::coordinator {

struct FlagSpec {
  const char* flag;    // CLI11's spelling: "-u,--vus"
  const char* name;    // "vus"
  const char* option;  // key of the test's option; "" if it is none
  enum class Kind { kValue, kBool, kList } kind;
  const char* help;
};
using Kind = FlagSpec::Kind;

inline constexpr FlagSpec kOptionFlags[] = {
    {"-u,--vus", "vus", "vus", Kind::kValue, "number of virtual users"},
    {"-d,--duration", "duration", "duration", Kind::kValue, "test duration, with a unit: 1m30s"},
    {"-i,--iterations", "iterations", "iterations", Kind::kValue, "iterations shared by all VUs"},
    {"-s,--stage", "stage", "", Kind::kList, "add a stage, as [duration]:[target]"},
    {"--execution-segment", "execution-segment", "executionSegment", Kind::kValue,
     "part of the test to run: 0:1/3"},
    {"--execution-segment-sequence", "execution-segment-sequence", "executionSegmentSequence",
     Kind::kValue, "how the test is cut: 0,1/3,2/3,1"},
    {"-p,--paused", "paused", "paused", Kind::kBool, "start paused"},
    {"--no-setup", "no-setup", "noSetup", Kind::kBool, "do not run setup()"},
    {"--no-teardown", "no-teardown", "noTeardown", Kind::kBool, "do not run teardown()"},
    {"--max-redirects", "max-redirects", "maxRedirects", Kind::kValue, "redirects to follow (10)"},
    {"--batch", "batch", "batch", Kind::kValue, "parallel requests of a batch (20)"},
    {"--batch-per-host", "batch-per-host", "batchPerHost", Kind::kValue,
     "the same for one host (6)"},
    {"--rps", "rps", "rps", Kind::kValue, "limit of requests per second; 0: none"},
    {"--user-agent", "user-agent", "userAgent", Kind::kValue,
     "User-Agent of requests; empty: none"},
    {"--insecure-skip-tls-verify", "insecure-skip-tls-verify", "insecureSkipTLSVerify", Kind::kBool,
     "accept any certificate"},
    {"--no-connection-reuse", "no-connection-reuse", "noConnectionReuse", Kind::kBool,
     "a connection per request"},
    {"--no-vu-connection-reuse", "no-vu-connection-reuse", "noVUConnectionReuse", Kind::kBool,
     "new connections for each iteration"},
    {"--min-iteration-duration", "min-iteration-duration", "minIterationDuration", Kind::kValue,
     "fill up shorter iterations"},
    {"--intended-latency", "intended-latency", "intendedLatency", Kind::kBool,
     "measure arrival rates against their schedule, too"},
    {"-w,--throw", "throw", "throw", Kind::kBool, "failed requests throw"},
    {"--blacklist-ip", "blacklist-ip", "blacklistIPs", Kind::kList,
     "refuse an IP range: 10.0.0.0/8"},
    {"--block-hostnames", "block-hostnames", "blockHostnames", Kind::kList,
     "refuse hosts: *.example.com"},
    {"--summary-trend-stats", "summary-trend-stats", "summaryTrendStats", Kind::kList,
     "columns of trends: avg,p(99)"},
    {"--summary-time-unit", "summary-time-unit", "summaryTimeUnit", Kind::kValue, "s, ms or us"},
    {"--system-tags", "system-tags", "systemTags", Kind::kList, "system tags to keep"},
    {"--tag", "tag", "", Kind::kList, "tag for all samples: name=value"},
    {"--console-output", "console-output", "consoleOutput", Kind::kValue,
     "file for console.* lines"},
    {"--local-ips", "local-ips", "localIPs", Kind::kValue, "source addresses of requests"},
    {"--discard-response-bodies", "discard-response-bodies", "discardResponseBodies", Kind::kBool,
     "do not keep bodies"},
    {"--dns", "dns", "dns", Kind::kValue, "ttl=5m,select=random,policy=preferIPv4"},
    {"--http2-prior-knowledge", "http2-prior-knowledge", "http2PriorKnowledge", Kind::kBool,
     "HTTP/2 to http:// servers without asking"},
    {"--http-debug", "http-debug", "", Kind::kValue, "log requests; =full with bodies"},
    {"-e,--env", "env", "", Kind::kList, "variable of the script: NAME=value"},
    {"--include-system-env-vars", "include-system-env-vars", "", Kind::kBool,
     "pass the system's variables on"},
    {"-t,--type", "type", "", Kind::kValue, "js; archives are not supported"},
    {"--compatibility-mode", "compatibility-mode", "", Kind::kValue, "extended or base"},
    {"-c,--config", "config", "", Kind::kValue, "configuration file (lockstep.yaml)"},
};

inline constexpr FlagSpec kRunFlags[] = {
    {"-o,--out", "out", "", Kind::kList, "output: json=FILE, csv=FILE, ..."},
    {"-l,--linger", "linger", "", Kind::kBool, "stay after the test's end"},
    {"--no-usage-report", "no-usage-report", "", Kind::kBool, "send no usage report"},
    {"--usage-report-url", "usage-report-url", "", Kind::kValue,
     "where to send the usage report; default: nowhere"},
    {"--no-thresholds", "no-thresholds", "", Kind::kBool, "do not judge thresholds"},
    {"--no-summary", "no-summary", "", Kind::kBool, "same as --summary-mode=disabled"},
    {"--summary-mode", "summary-mode", "", Kind::kValue, "compact, full or disabled"},
    {"--result-file", "result-file", "", Kind::kValue,
     "file for the result, as `lockstep compare` reads it; same as -o result=FILE"},
    {"--summary-export", "summary-export", "", Kind::kValue, "file for the summary as JSON"},
    {"--new-machine-readable-summary", "new-machine-readable-summary", "", Kind::kBool,
     "newer JSON of the summary"},
    {"--traces-output", "traces-output", "", Kind::kValue, "none"},
    {"--features", "features", "", Kind::kList, "feature flags of k6; none exist here"},
    {"--agents", "agents", "", Kind::kValue, "number of agents (1)"},
    {"--on-agent-loss", "on-agent-loss", "", Kind::kValue, "fail or tolerate=N%"},
    {"--partition", "partition", "", Kind::kValue,
     "how work is dealt out: striped (as k6) or fair (nearest rounding)"},
    {"--fail-on-suspect", "fail-on-suspect", "", Kind::kBool,
     "exit with 112 if the generator was not a steady ruler: SUSPECT or INVALID"},
};

inline constexpr FlagSpec kGlobalFlags[] = {
    {"--log-output", "log-output", "", Kind::kValue,
     "stderr, stdout, none or file=PATH[,level=LEVEL]"},
    {"--log-format,--logformat", "log-format", "", Kind::kValue, "text, raw or json"},
    {"--no-color", "no-color", "", Kind::kBool, "no colours"},
    {"-v,--verbose", "verbose", "", Kind::kBool, "debug messages too"},
    {"-q,--quiet", "quiet", "", Kind::kBool, "no progress"},
    {"-a,--address", "address", "", Kind::kValue,
     "HOST:PORT for the REST API and /metrics; default: none"},
    {"--profiling-enabled", "profiling-enabled", "", Kind::kBool, "has no effect here"},
    {"--secret-source", "secret-source", "", Kind::kList, "has no effect here"},
};

inline constexpr FlagSpec kTransportFlags[] = {
    {"--credentials", "credentials", "", Kind::kValue,
     "folder with this side's certificates and token, as `lockstep certs` makes it"},
    {"--insecure", "insecure", "", Kind::kBool, "plain text, no authentication"},
};

inline constexpr FlagSpec kCoordinatorFlags[] = {
    {"--listen", "listen", "", Kind::kValue, "address for agents and status (127.0.0.1:7411)"},
    {"--wait-for-agents", "wait-for-agents", "", Kind::kValue,
     "give up after this time; default: never"},
};
inline constexpr FlagSpec kInspectFlags[] = {
    {"--execution-requirements", "execution-requirements", "", Kind::kBool,
     "also total duration and VUs"},
};
inline constexpr FlagSpec kPlanFlags[] = {
    {"--weights", "weights", "", Kind::kValue, "of the agents: 2,1,1; default: all alike"},
    {"--json", "json", "", Kind::kBool, "as JSON"},
    {"--agents", "agents", "", Kind::kValue, "number of agents (1)"},
    {"--partition", "partition", "", Kind::kValue,
     "how work is dealt out: striped (as k6) or fair (nearest rounding)"},
};
inline constexpr FlagSpec kStatusFlags[] = {
    {"--json", "json", "", Kind::kBool, "as JSON"},
    {"--watch", "watch", "", Kind::kBool, "each second, until the run ends"},
};
inline constexpr FlagSpec kStopFlags[] = {
    {"--now", "now", "", Kind::kBool, "do not wait for running iterations"},
};
inline constexpr FlagSpec kScaleFlags[] = {
    {"-u,--vus", "vus", "", Kind::kValue, "VUs to run"},
    {"-m,--max", "max", "", Kind::kValue, "VUs to have ready"},
};
inline constexpr FlagSpec kCompareFlags[] = {
    {"--json", "json", "", Kind::kBool, "as JSON"},
    {"--fail-on-regression", "fail-on-regression", "", Kind::kBool,
     "exit with 99 if the new run is worse"},
    {"--alpha", "alpha", "", Kind::kValue, "level of significance of all tests together (0.01)"},
    {"--min-change", "min-change", "", Kind::kValue,
     "smaller changes of times and of rates per second do not count, in percent (5)"},
    {"--min-millis", "min-millis", "", Kind::kValue,
     "smaller changes of times do not count, in milliseconds (0.1)"},
    {"--min-points", "min-points", "", Kind::kValue,
     "smaller changes of rates and checks do not count, in percentage points (0.5)"},
};
inline constexpr FlagSpec kVersionFlags[] = {
    {"--json", "json", "", Kind::kBool, "as JSON"},
};

}  // namespace lockstep::coordinator
