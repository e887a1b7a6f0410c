#include "coordinator/core/division.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/counted.h"
#include "common/base/status_macros.h"

namespace lockstep::coordinator {
namespace {

std::string Vus(int64_t count) {
  return Counted(count, "VU");
}

// How the scenario `name` of its share stood when it was last heard; nothing of it, before.
v1::ScenarioProgress PartOf(const RunMember& member, absl::string_view name) {
  const auto& parts = member.progress.scenarios();
  const auto found = std::find_if(parts.begin(), parts.end(),
                                  [&](const auto& part) { return part.name() == name; });
  return found == parts.end() ? v1::ScenarioProgress() : *found;
}

int64_t Settled(const v1::ScenarioProgress& part) {
  return part.full() + part.interrupted() + part.dropped();
}

void NoteUndelivered(const std::string& scenario, int64_t iterations, RunMember& member) {
  for (Undelivered& part : member.undelivered) {
    if (part.scenario == scenario) {
      part.iterations += iterations;
      return;
    }
  }
  member.undelivered.push_back({scenario, iterations});
}

// Of a scenario whose iterations nobody has counted beforehand; empty: nothing is missing.
std::string MissingOfUncounted(const RunMember& member, const AgentShare::Scenario& planned) {
  const v1::ScenarioProgress part = PartOf(member, planned.name);
  const bool ended = part.state() == v1::ScenarioProgress::DONE;
  std::string text;
  if (planned.max_vus > 0 && (!ended || member.handed_over)) {
    text = Vus(planned.max_vus);
    if (const absl::Duration elapsed = absl::Nanoseconds(part.elapsed_ns());
        !ended && part.progress() == 0 &&
        elapsed > absl::ZeroDuration()) {  // perhaps without an end
      absl::StrAppend(&text, " from ",
                      absl::FormatDuration(absl::Floor(elapsed, absl::Milliseconds(100))),
                      " after its start on");
    } else if (!ended) {
      absl::StrAppend(&text, " from ", static_cast<int>(part.progress() * 100), "% on");
    }
    if (member.handed_over) {
      absl::StrAppend(&text, ended ? "" : ",", " until others took over, ",
                      absl::FormatDuration(absl::Floor(member.cut_at, absl::Milliseconds(100))),
                      " after the start");
    }
  }
  for (const Undelivered& lost : member.undelivered) {
    if (lost.scenario == planned.name) {
      // How many had ended is known of the moment that is named, and not of any later one.
      absl::StrAppend(&text, text.empty() ? "" : ", and ", Counted(lost.iterations, "iteration"),
                      ended ? " that had ended" : " that had ended by then");
    }
  }
  return text;
}

}  // namespace

absl::Status DivideWork(TestPlan& plan, std::vector<RunMember>& members) {
  if (plan.sequence.has_value()) {
    members[0].segment_index = plan.segment_index;
  } else {
    std::vector<int64_t> lengths;
    for (RunMember& member : members) {
      member.segment_index = lengths.size();
      lengths.push_back(member.weight);
    }
    LOCKSTEP_ASSIGN_OR_RETURN(plan.sequence, SegmentSequence::FromWeights(lengths));
  }
  absl::StatusOr<std::vector<SegmentTuple>> tuples =
      SegmentTuple::MakeAll(*plan.sequence, plan.partition);
  if (!tuples.ok()) {
    std::string text = absl::StrJoin(members, ", ", [](std::string* out, const RunMember& m) {
      absl::StrAppend(out, m.name, " ", m.weight);
    });
    return absl::InvalidArgumentError(
        absl::StrCat("--weight: the agents' weights cannot be dealt out exactly, choose simpler "
                     "ones: ",
                     text, ": ", tuples.status().message()));
  }
  const std::vector<double> rps = DivideRps(plan, *tuples);
  const std::string sequence_text = plan.sequence->ToString();
  for (RunMember& member : members) {
    member.tuple = (*tuples)[member.segment_index];
    member.sequence = sequence_text;
    member.segment = plan.sequence->segments()[member.segment_index].ToString();
    member.share = plan.share_of ? plan.share_of(member.tuple) : AgentShare();
    member.rps_share = rps[member.segment_index];
  }
  return absl::OkStatus();
}

std::vector<double> DivideRps(const TestPlan& plan, const std::vector<SegmentTuple>& tuples) {
  std::vector<double> shares;  // in VUs at first
  for (const SegmentTuple& tuple : tuples) {
    const Fraction length = tuple.length();
    shares.push_back(plan.share_of ? static_cast<double>(plan.share_of(tuple).max_vus)
                                   : static_cast<double>(length.numerator) /
                                         static_cast<double>(length.denominator));
  }
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
  const auto rps = static_cast<double>(plan.rps);
  for (double& share : shares) {
    // Without a VU, it is only setup() and teardown() that send anything.
    share = share > 0 ? rps * share / total : rps;
  }
  return shares;
}

void CountWork(const TestPlan& plan, RunMember& member, absl::Duration until) {
  if (!plan.starts_between) {
    return;
  }
  const std::vector<int64_t> starts = plan.starts_between(member.tuple, member.cut_at, until);
  member.starts_before.resize(starts.size());
  for (size_t i = 0; i < starts.size(); ++i) {
    member.starts_before[i] += std::max<int64_t>(starts[i], 0);
  }
}

void ShowWork(const TestPlan& plan, RunMember& member) {
  if (!plan.share_of || !plan.starts_between) {
    return;
  }
  member.share = plan.share_of(member.tuple);
  const std::vector<int64_t> ahead =
      plan.starts_between(member.tuple, member.cut_at, absl::InfiniteDuration());
  for (size_t i = 0; i < ahead.size() && i < member.share.scenarios.size(); ++i) {
    const int64_t before = i < member.starts_before.size() ? member.starts_before[i] : 0;
    if (ahead[i] >= 0) {
      member.share.scenarios[i].iterations = before + ahead[i];
    }
  }
}

absl::Status RecutMembers(std::vector<RunMember>& members, Partition partition) {
  std::map<std::string, std::vector<SegmentTuple>> cuts;
  for (RunMember& member : members) {
    if (member.sequence.empty()) {
      member.tuple = SegmentTuple::None();
      continue;
    }
    std::vector<SegmentTuple>& tuples = cuts[member.sequence];
    if (tuples.empty()) {
      LOCKSTEP_ASSIGN_OR_RETURN(const SegmentSequence sequence,
                                SegmentSequence::Parse(member.sequence));
      LOCKSTEP_ASSIGN_OR_RETURN(tuples, SegmentTuple::MakeAll(sequence, partition));
    }
    if (member.segment_index >= tuples.size()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "agent ", member.name, " has segment ", member.segment_index, " of ", tuples.size()));
    }
    member.tuple = tuples[member.segment_index];
  }
  return absl::OkStatus();
}

absl::StatusOr<SegmentSequence> CutAmong(const std::vector<const RunMember*>& staying,
                                         Partition partition) {
  if (staying.empty()) {
    return absl::FailedPreconditionError("no agent is left");
  }
  std::vector<int64_t> weights;
  for (const RunMember* member : staying) {
    weights.push_back(member->weight);
  }
  LOCKSTEP_ASSIGN_OR_RETURN(SegmentSequence sequence, SegmentSequence::FromWeights(weights));
  LOCKSTEP_RETURN_IF_ERROR(SegmentTuple::MakeAll(sequence, partition).status());
  return sequence;
}

void CountDelivered(RunMember& member) {
  for (const AgentShare::Scenario& planned : member.share.scenarios) {
    const Delivered& delivered = DeliveredOf(planned.name, member.delivered);
    auto& parts = *member.progress.mutable_scenarios();
    const auto found = std::find_if(parts.begin(), parts.end(),
                                    [&](const auto& part) { return part.name() == planned.name; });
    v1::ScenarioProgress& part = found == parts.end() ? *parts.Add() : *found;
    part.set_name(planned.name);
    if (const int64_t beyond = Settled(part) - delivered.settled(); beyond > 0) {
      NoteUndelivered(planned.name, beyond, member);
    }
    part.set_full(delivered.full);
    part.set_interrupted(delivered.interrupted);
    part.set_dropped(delivered.dropped);
  }
}

bool FallsShort(const RunMember& member, const v1::Progress& progress) {
  const std::vector<AgentShare::Scenario>& scenarios = member.share.scenarios;
  for (size_t i = 0; i < scenarios.size() && i < member.starts_before.size(); ++i) {
    for (const v1::ScenarioProgress& part : progress.scenarios()) {
      if (part.name() == scenarios[i].name &&
          part.full() + part.interrupted() + part.dropped() < member.starts_before[i]) {
        return true;
      }
    }
  }
  return false;
}

bool DidItsShare(const RunMember& member) {
  const auto& planned = member.share.scenarios;
  return std::all_of(planned.begin(), planned.end(), [&](const AgentShare::Scenario& scenario) {
    const v1::ScenarioProgress part = PartOf(member, scenario.name);
    return scenario.iterations > 0 ? Settled(part) >= scenario.iterations
                                   : scenario.iterations == 0 || scenario.max_vus == 0 ||
                                         part.state() == v1::ScenarioProgress::DONE;
  });
}

std::string MissingWork(const RunMember& member) {
  if (!member.lost_call.empty()) {
    return absl::StrCat("the end of ", member.lost_call);
  }
  if (member.segment.empty()) {
    return "";
  }
  std::string text;
  for (const AgentShare::Scenario& planned : member.share.scenarios) {
    const v1::ScenarioProgress part = PartOf(member, planned.name);
    if (const int64_t open = planned.iterations - Settled(part); planned.iterations > 0) {
      if (open > 0) {
        absl::StrAppend(&text, ", scenario ", planned.name, ": ", open, " of ",
                        Counted(planned.iterations, "iteration"));
      }
    } else if (const std::string missing = MissingOfUncounted(member, planned);
               planned.iterations < 0 && !missing.empty()) {
      absl::StrAppend(&text, ", scenario ", planned.name, ": ", missing);
    }
  }
  if (!member.lost_rows.empty()) {
    absl::StrAppend(&text, ", ", member.lost_rows);
  }
  return text.empty() ? "" : absl::StrCat("segment ", member.segment, text);
}

}  // namespace lockstep::coordinator
