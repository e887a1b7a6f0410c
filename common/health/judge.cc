#include "common/health/judge.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "common/health/lag.h"
#include "common/messages/words.h"

namespace lockstep {
namespace {

// See the table in the header.
constexpr absl::Duration kInvalidDelay = absl::Milliseconds(500);
constexpr double kDelayedShare = 0.01;
constexpr uint64_t kDelayedLeast = 5;
constexpr double kInvalidDropShare = 0.2;
constexpr int64_t kInvalidRefusals = 100;
constexpr double kSaturated = 0.9;
constexpr double kSaturatedLeastSeconds = 2;
constexpr double kThrottledShare = 0.05;
constexpr double kCollectingShare = 0.05;
// From here on, what else was found is named as the likely cause of a symptom.
constexpr double kCauseShare = 0.02;
constexpr double kLongCollectionSeconds = 0.02;
// Of the delays, in which the workers computed: from here on scripts are named, and from there on
// they alone. On a busy machine, who computes is often interrupted.
constexpr double kOwnDoingShare = 0.1;
constexpr double kOwnDoingAlone = 0.5;

using Finding = std::pair<v1::Health::Validity, std::string>;

std::string Milliseconds(absl::Duration duration) {
  const double number = absl::ToDoubleMilliseconds(duration);
  return number < 999.5 ? absl::StrFormat("%.3g ms", number) : absl::StrFormat("%.0f ms", number);
}

// "3.2s", "1m0.5s"
std::string Tenths(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Milliseconds(100)));
}

bool ManyAbove(const v1::Lag& lag, absl::Duration delay) {
  const uint64_t above = LagCountAbove(lag, delay);
  return above >= kDelayedLeast &&
         static_cast<double>(above) >= kDelayedShare * static_cast<double>(LagCount(lag));
}

// The share of the time, 0 to 1.
double Share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

double Saturation(const v1::Health& health) {
  return Share(health.cpu_s(), health.measured_s() * health.cores());
}

bool Saturated(const v1::Health& health) {
  return health.measured_s() >= kSaturatedLeastSeconds && Saturation(health) >= kSaturated;
}

double Throttled(const v1::Health& health) {
  return Share(health.throttled_s(), health.measured_s());
}

double Collecting(const v1::Health& health) {
  return Share(health.collecting_s(), health.measured_s() * static_cast<double>(health.workers()));
}

std::string SaturationText(const v1::Health& health) {
  return absl::StrFormat("the agent used %.0f%% of its %.3g cores", 100 * Saturation(health),
                         health.cores());
}

std::string ThrottledText(const v1::Health& health) {
  return absl::StrFormat("its cgroup's CPU limit held it back for %.0f%% of the time",
                         100 * std::min(1.0, Throttled(health)));
}

std::string CollectingText(const v1::Health& health) {
  return absl::StrFormat("garbage collections took %.1f%% of the workers' time, the longest %s",
                         100 * Collecting(health),
                         Milliseconds(absl::Seconds(health.longest_collection_s())));
}

// What may have delayed this agent, "; likely because ...". Empty if nothing was seen.
std::string Causes(const v1::Health& health) {
  std::vector<std::string> causes;
  if (Throttled(health) >= kCauseShare) {
    causes.push_back(ThrottledText(health));
  }
  if (Saturated(health)) {
    causes.push_back(SaturationText(health));
  }
  const double waited =
      Share(health.waited_s(), health.measured_s() * static_cast<double>(health.workers()));
  const double computing = Share(health.computing_s(), health.held_s());
  if (computing >= kOwnDoingShare) {
    causes.push_back(absl::StrFormat(
        "its workers computed for %.0f%% of the time in which they took no events: a script keeps "
        "them busy",
        100 * std::min(1.0, computing)));
  }
  if (waited >= kCauseShare && computing < kOwnDoingAlone) {
    causes.push_back(absl::StrFormat(
        "its workers waited for a processor %.0f%% of the time: others keep the machine busy",
        100 * std::min(1.0, waited)));
  }
  if (Collecting(health) >= kCauseShare ||
      health.longest_collection_s() >= kLongCollectionSeconds) {
    causes.push_back(CollectingText(health));
  }
  return causes.empty() ? "" : absl::StrCat("; likely because ", absl::StrJoin(causes, ", and "));
}

// The causes stand with the first symptom only.
void JudgeDelay(const v1::Health& health, const v1::Lag& lag, absl::string_view what,
                std::vector<Finding>* findings) {
  if (!ManyAbove(lag, kLongDelay)) {
    return;
  }
  findings->emplace_back(
      ManyAbove(lag, kInvalidDelay) ? v1::Health::INVALID : v1::Health::SUSPECT,
      absl::StrCat(what, " ", Milliseconds(LagPercentile(lag, 0.99)), " at p(99), ",
                   Milliseconds(LagPercentile(lag, 0.5)), " in the median, ",
                   Milliseconds(absl::Nanoseconds(lag.max_ns())), " at most",
                   findings->empty() ? Causes(health) : ""));
}

void JudgeBlocks(const v1::Health& health, std::vector<Finding>* findings) {
  if (health.blocks() > 0) {
    findings->emplace_back(
        v1::Health::SUSPECT,
        absl::StrFormat("iterations that kept their worker busy for too long: %d interrupted; the "
                        "log names VU, scenario and line",
                        health.blocks()));
  }
}

void JudgeShortage(const v1::Health& health, std::vector<Finding>* findings) {
  if (health.starts_without_vu() > 0) {
    const bool many = static_cast<double>(health.starts_without_vu()) >=
                      kInvalidDropShare * static_cast<double>(health.starts_planned());
    findings->emplace_back(
        many ? v1::Health::INVALID : v1::Health::SUSPECT,
        absl::StrFormat("%d of %d starts were dropped because no VU was free: raise "
                        "preAllocatedVUs and maxVUs",
                        health.starts_without_vu(), health.starts_planned()));
  }
  if (health.sockets_refused() > 0) {
    findings->emplace_back(
        health.sockets_refused() >= kInvalidRefusals ? v1::Health::INVALID : v1::Health::SUSPECT,
        absl::StrFormat("%d connections failed because no local port or file descriptor was left",
                        health.sockets_refused()));
  }
}

void JudgeStandstill(const v1::Health& health, std::vector<Finding>* findings) {
  const absl::Duration longest = absl::Nanoseconds(health.loop_lag().max_ns());
  if (longest >= kStandstill) {
    findings->emplace_back(v1::Health::SUSPECT,
                           absl::StrCat("a worker took no events for ", Tenths(longest),
                                        " at a stretch: the agent was stopped, or a script kept "
                                        "the worker busy"));
  }
}

void JudgeResources(const v1::Health& health, std::vector<Finding>* findings) {
  if (Saturated(health)) {
    findings->emplace_back(v1::Health::SUSPECT, SaturationText(health));
  }
  if (Throttled(health) >= kThrottledShare) {
    findings->emplace_back(v1::Health::SUSPECT, ThrottledText(health));
  }
  if (Collecting(health) >= kCollectingShare) {
    findings->emplace_back(v1::Health::SUSPECT, CollectingText(health));
  }
}

Judgement FromFindings(std::vector<Finding> findings) {
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.first > b.first; });
  Judgement judgement;
  for (Finding& finding : findings) {
    judgement.validity = std::max(judgement.validity, finding.first);
    judgement.reasons.push_back(std::move(finding.second));
  }
  return judgement;
}

std::vector<Finding> Examine(const v1::Health& health) {
  std::vector<Finding> findings;
  JudgeBlocks(health, &findings);  // first: they explain delays better than anything that follows
  JudgeDelay(health, health.lateness(), "iterations started late:", &findings);
  JudgeDelay(health, health.loop_lag(), "the workers took events late:", &findings);
  JudgeStandstill(health, &findings);
  JudgeShortage(health, &findings);
  JudgeResources(health, &findings);
  return findings;
}

std::string StandstillText(const Standstill& standstill) {
  const std::string until = absl::StrCat(Tenths(standstill.length), ", until ",
                                         Tenths(standstill.after), " after the start: ");
  return standstill.restart ? absl::StrCat("there was no coordinator for ", until,
                                           "it was started again and went on with its journal")
                            : absl::StrCat("the coordinator did not run for ", until,
                                           "it was stopped (Ctrl+Z), or something held it up");
}

std::string LossText(const LostAgent& agent) {
  return absl::StrCat("agent ", agent.name, " was lost ",
                      agent.after.has_value() ? Tenths(*agent.after) + " after the start"
                                              : std::string("before the start"),
                      ": ", agent.reason,
                      agent.missing.empty() ? "" : "; missing: ", agent.missing);
}

}  // namespace

std::string GeneratorText(v1::Health::Validity validity) {
  return validity == v1::Health::UNKNOWN ? "not judged, as no load ran"
         : validity == v1::Health::VALID ? "steady"
                                         : std::string(WordOf(validity));
}

Judgement JudgeHealth(const v1::Health& health) {
  return FromFindings(Examine(health));
}

Judgement JudgeFleet(const std::vector<AgentHealth>& agents, std::vector<LostAgent> lost,
                     const std::vector<Standstill>& standstills) {
  std::vector<Finding> findings;
  for (const LostAgent& agent : lost) {
    findings.emplace_back(lost.size() == agents.size() ? v1::Health::INVALID : v1::Health::SUSPECT,
                          LossText(agent));
  }
  for (const Standstill& standstill : standstills) {
    findings.emplace_back(v1::Health::SUSPECT, StandstillText(standstill));
  }
  for (const AgentHealth& agent : agents) {
    for (Finding& finding : Examine(agent.health)) {
      if (agents.size() > 1) {
        finding.second = absl::StrCat(agent.agent, ": ", finding.second);
      }
      findings.push_back(std::move(finding));
    }
  }
  Judgement judgement = FromFindings(std::move(findings));
  judgement.lost = std::move(lost);
  return judgement;
}

}  // namespace lockstep
