#include "coordinator/cli/help_pages.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lockstep::coordinator {
namespace {

// Of k6: without effect here, or another word for a flag that is listed.
constexpr absl::string_view kUnlisted[] = {"features", "no-summary", "profiling-enabled",
                                           "traces-output"};

HelpGroup Load(bool agents) {
  HelpGroup group{"Load", {"vus", "duration", "iterations", "stage", "rps"}, {}};
  if (agents) {
    group.brief.insert(group.brief.begin() + 4, "agents");
  }
  group.more = {"no-setup",
                "no-teardown",
                "paused",
                "min-iteration-duration",
                "execution-segment",
                "execution-segment-sequence"};
  return group;
}

HelpGroup Script() {
  return {"Script",
          {"env", "config"},
          {"tag", "strict", "include-system-env-vars", "compatibility-mode", "secret-source",
           "console-output", "throw"}};
}

HelpGroup Network(bool brief = true) {
  std::vector<const char*> first = {"http-debug", "insecure-skip-tls-verify"};
  HelpGroup group{
      "Requests",
      {},
      {"max-redirects", "user-agent", "batch", "batch-per-host", "discard-response-bodies",
       "no-connection-reuse", "no-vu-connection-reuse", "http2-prior-knowledge", "http3",
       "intended-latency", "dns", "local-ips", "blacklist-ip", "block-hostnames"}};
  if (brief) {
    group.brief = std::move(first);
  } else {
    group.more.insert(group.more.begin(), first.begin(), first.end());
  }
  return group;
}

HelpGroup Results() {
  return {"Results",
          {"out", "summary-export", "report", "no-thresholds"},
          {"result-file", "journal", "summary-mode", "new-machine-readable-summary",
           "summary-trend-stats", "summary-time-unit", "system-tags", "usage-report-url",
           "no-usage-report"}};
}

HelpGroup Messages(std::vector<const char*> brief = {}) {
  HelpGroup group{"Messages", std::move(brief), {}};
  for (const char* flag : {"verbose", "log-output", "log-format", "no-color"}) {
    if (std::find(group.brief.begin(), group.brief.end(), absl::string_view(flag)) ==
        group.brief.end()) {
      group.more.push_back(flag);
    }
  }
  return group;
}

// Those of a script that is read and not run.
HelpGroup ScriptOptions() {
  return {"Script",
          {},
          {"tag", "include-system-env-vars", "compatibility-mode", "secret-source",
           "console-output", "throw"}};
}

HelpGroup SummaryOptions() {
  return {"Results",
          {"no-thresholds"},
          {"summary-mode", "summary-export", "new-machine-readable-summary", "summary-trend-stats",
           "summary-time-unit", "system-tags"}};
}

HelpPage Run() {
  return {
      "What the script exports as `options` holds where no flag or variable (LOCKSTEP_*, K6_*) "
      "says otherwise.",
      {{"lockstep run script.js", "as its options say"},
       {"lockstep run -u 10 -d 1m30s script.js", "10 users for 90 seconds"},
       {"lockstep run -s 1m:100 -s 5m:100 script.js", "ramp up, then hold"},
       {"lockstep run --agents 4 -e HOST=test script.js", "on 4 processes"},
       {"lockstep run -q -o json=out.json script.js", "each sample in a file"}},
      {Load(true),
       Script(),
       Network(),
       Results(),
       {"While it runs", {"address", "quiet"}, {"linger", "show-agents", "show-thresholds"}},
       {"Agents",
        {},
        {"on-agent-loss", "late-agents", "partition", "max-vu-block", "fail-on-suspect"}},
       Messages()}};
}

HelpPage Coordinator() {
  return {
      "Agents are started elsewhere, with `lockstep-agent --coordinator HOST:7411`; once as many "
      "have joined as are asked for, they share the test and start at one instant.",
      {{"lockstep coordinator --agents 3 --credentials coordinator s.js", "a fleet with TLS"},
       {"lockstep coordinator --agents 2 --insecure s.js", "without, on this machine"}},
      {{"Fleet",
        {"agents", "listen", "credentials", "insecure", "wait-for-agents"},
        {"on-agent-loss", "late-agents", "partition", "max-vu-block", "fail-on-suspect"}},
       Load(false),
       Script(),
       Network(/*brief=*/false),
       Results(),
       {"While it runs", {"address"}, {"quiet", "linger", "show-agents", "show-thresholds"}},
       Messages()}};
}

HelpPage Inspect() {
  return {"As JSON, from all sources: file, script, variables and flags, in this order.",
          {{"lockstep inspect script.js", ""},
           {"lockstep inspect --execution-requirements script.js", "with the number of VUs"}},
          {{"Flags", {"execution-requirements", "env", "config", "strict"}, {}},
           Load(false),
           ScriptOptions(),
           Network(),
           SummaryOptions(),
           Messages()}};
}

HelpPage MakeArchive() {
  return {
      "Script, imports, opened files and options, as k6's archives have them; secrets stay out.",
      {{"lockstep archive script.js -O test.tar", ""},
       {"lockstep run test.tar", "run it, wherever it is"}},
      {{"Flags", {"archive-out", "exclude-env-vars", "env", "config", "strict"}, {}},
       Load(false),
       ScriptOptions(),
       Network(),
       SummaryOptions(),
       Messages()}};
}

HelpPage Plan() {
  return {"VUs, iterations and rates of each scenario for each agent; nothing is run.",
          {{"lockstep plan --agents 3 script.js", ""},
           {"lockstep plan --weights 2,1,1 --json script.js", "one is twice as strong"}},
          {{"Flags", {"agents", "weights", "partition", "json", "env", "config", "strict"}, {}},
           Load(false),
           ScriptOptions(),
           Network(),
           {"Results", {}, {"summary-trend-stats", "summary-time-unit", "system-tags"}},
           Messages()}};
}

HelpPage MakeManifestPage() {
  return {
      "A Job for the coordinator, an Indexed Job of agents, the test, a Service and a policy, all with "
      "the run's id in their names. The test is inspected here, as `lockstep archive` does.",
      {{"lockstep manifest s.js --agents 10 | kubectl create -f -", "a run"},
       {"lockstep manifest s.js --agents 10 --queue team-a | kubectl create -f -",
        "queued by Kueue"}},
      {{"Manifest",
        {"agents", "image", "namespace", "flags", "ttl", "set"},
        {"label", "results-claim", "results-size", "variables-secret", "credentials-secret",
         "agent-credentials-secret", "coordinator-name", "insecure", "queue", "suspended", "id",
         "only-coordinator", "owner-uid"}},
       Load(false),
       {"Script",
        {"env", "config"},
        {"tag", "strict", "include-system-env-vars", "secret-source", "console-output", "throw"}},
       Network(/*brief=*/false),
       {"Results", {}, {"summary-trend-stats", "summary-time-unit", "system-tags"}},
       Messages()}};
}

constexpr char kWhere[] =
    "COORDINATOR is HOST[:PORT] or unix:PATH, 127.0.0.1:7411 unless it is given.";

HelpPage Control(std::vector<HelpExample> examples, std::vector<const char*> own) {
  own.insert(own.end(), {"credentials", "insecure"});
  return {kWhere, std::move(examples), {{"Flags", std::move(own), {}}, Messages()}};
}

constexpr char kOwner[] = "NAME is the owner's in the certificate; without it that of the role.";
constexpr char kIssued[] = "NAME is that which the certificate was issued to.";

HelpPage Certs(const char* name, std::vector<HelpExample> examples, std::vector<const char*> own) {
  return {name, std::move(examples), {{"Flags", std::move(own), {}}, Messages()}};
}

using Pages = std::vector<std::pair<absl::string_view, HelpPage>>;

Pages OfTests() {
  return {
      {"run", Run()},
      {"coordinator", Coordinator()},
      {"inspect", Inspect()},
      {"archive", MakeArchive()},
      {"plan", Plan()},
      {"manifest", MakeManifestPage()},
      {"new",
       {"FILE is script.js unless it is given; - prints the script. What cannot be converted is listed.",
        {{"lockstep new", "script.js, of the template minimal"},
         {"lockstep new --template full load.js", ""},
         {"lockstep new --from-har session.har load.js", ""},
         {"lockstep new --from-curl 'curl http://h/' -", "print it"}},
        {{"Flags",
          {"template", "from-har", "from-openapi", "from-postman", "from-curl", "force"},
          {}},
         Messages()}}},
  };
}

Pages OfARunningTest() {
  return {
      {"status", Control({{"lockstep status --watch --credentials operator HOST", "each second"}},
                         {"watch", "json"})},
      {"pause", Control({{"lockstep pause --credentials operator HOST", ""}}, {})},
      {"resume", Control({{"lockstep resume --credentials operator HOST", ""}}, {})},
      {"scale", Control({{"lockstep scale --vus 50 --credentials operator HOST",
                          "of externally controlled scenarios"},
                         {"lockstep scale --agents 5 --credentials operator HOST",
                          "of a run that redistributes"}},
                        {"vus", "max", "agents"})},
      {"stop", Control({{"lockstep stop --credentials operator HOST", ""}}, {"now"})},
  };
}

Pages OfResults() {
  return {
      {"recover",
       {"JOURNAL is what a run was given with --journal, LOCKSTEP_JOURNAL unless it is given. Summary, "
        "verdict and outputs are as of the last second that it holds, and say so.",
        {{"lockstep recover runs.db", "the last run that did not end"},
         {"lockstep recover runs.db --run 7 -o result=7.json", ""}},
        {{"Flags", {"run", "out", "summary-export", "summary-mode"}, {}}, Messages()}}},
      {"runs",
       {"The latest first, with their verdicts.",
        {{"lockstep runs --journal runs.db", ""}, {"lockstep runs --journal runs.db --json", ""}},
        {{"Flags", {"journal", "most", "json"}, {}}, Messages()}}},
      {"compare",
       {"BASE and NEW are result files: lockstep run --result-file FILE. What is worse than chance "
        "explains is named. `last` alone means the last run in the journal, and the one before it of the "
        "same script.",
        {{"lockstep compare --fail-on-regression base.json new.json", "for pipelines"},
         {"lockstep compare last --journal runs.db", ""}},
        {{"Flags",
          {"fail-on-regression", "json", "journal", "alpha", "min-change", "min-millis",
           "min-points"},
          {}},
         Messages()}}},
      {"report",
       {"RESULT is a result file: lockstep run --result-file FILE. The report is one page with tables "
        "and charts, beside it and named like it unless --out says otherwise.",
        {{"lockstep report result.json", "writes result.html"},
         {"lockstep report result.json --compare base.json", "and what differs from the baseline"}},
        {{"Flags", {"out", "compare", "alpha", "min-change", "min-millis", "min-points"}, {}},
         Messages()}}},
  };
}

Pages OfTrust() {
  return {
      {"certs",
       {"A fleet's own authority and the credentials that it hands out, as folders of files. Keep "
        "the authority's where no test runs.",
        {{"lockstep certs init", "once"},
         {"lockstep certs coordinator --host 10.0.0.1", "then copy the folder there"},
         {"lockstep certs agent", "likewise, to all agents"},
         {"lockstep certs operator", "for status, pause and stop"}},
        {}}},
      {"certs init",
       Certs("NAME is that of the authority in its certificate; without it lockstep-fleet.",
             {{"lockstep certs init", ""}}, {"folder", "days"})},
      {"certs coordinator",
       Certs(kOwner, {{"lockstep certs coordinator --host test.example.com", ""}},
             {"host", "folder", "out", "days"})},
      {"certs agent", Certs(kOwner, {{"lockstep certs agent a1", ""}}, {"folder", "out", "days"})},
      {"certs operator",
       Certs(kOwner, {{"lockstep certs operator", ""}}, {"folder", "out", "days"})},
      {"certs renew", Certs(kIssued, {{"lockstep certs renew a1", ""}}, {"folder", "out", "days"})},
      {"certs revoke", Certs(kIssued, {{"lockstep certs revoke a1", ""}}, {"folder"})},
  };
}

Pages OfTheProgram() {
  return {
      {"version", {"", {{"lockstep version --json", ""}}, {{"Flags", {"json"}, {}}}}},
      {"completion",
       {"SHELL is bash, zsh or fish.",
        {{"source <(lockstep completion bash)", "in ~/.bashrc"},
         {"lockstep completion zsh > \"${fpath[1]}/_lockstep\"", ""},
         {"lockstep completion fish > ~/.config/fish/completions/lockstep.fish", ""}},
        {}}},
      {"help",
       {"With --help-all, all flags; with --man, a manual page.",
        {{"lockstep help run", ""}, {"lockstep help run --man | man -l -", ""}},
        {}}},
  };
}

}  // namespace

bool IsUnlisted(absl::string_view flag) {
  return std::find(std::begin(kUnlisted), std::end(kUnlisted), flag) != std::end(kUnlisted);
}

HelpPage HelpPageOf(absl::string_view command) {
  for (const Pages& pages : {OfTests(), OfARunningTest(), OfResults(), OfTrust(), OfTheProgram()}) {
    for (const auto& [name, page] : pages) {
      if (name == command) {
        return page;
      }
    }
  }
  return {};
}

}  // namespace lockstep::coordinator
