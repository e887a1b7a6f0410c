#include "coordinator/core/division.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/status_macros.h"

namespace lockstep::coordinator {

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
  std::vector<double> weights;  // by which rps is divided
  for (const SegmentTuple& tuple : *tuples) {
    const Fraction length = tuple.length();
    weights.push_back(plan.share_of ? static_cast<double>(plan.share_of(tuple).max_vus)
                                    : static_cast<double>(length.numerator) /
                                          static_cast<double>(length.denominator));
  }
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (RunMember& member : members) {
    const SegmentTuple& tuple = (*tuples)[member.segment_index];
    member.segment = plan.sequence->segments()[member.segment_index].ToString();
    member.share = plan.share_of ? plan.share_of(tuple) : AgentShare();
    const double mine = weights[member.segment_index];
    const auto rps = static_cast<double>(plan.rps);
    // Without a VU, it is only setup() and teardown() that send anything.
    member.rps_share = mine > 0 ? rps * mine / total : rps;
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

std::string MissingWork(const RunMember& member) {
  if (member.segment.empty()) {
    return "";
  }
  std::string text = absl::StrCat("segment ", member.segment);
  for (const AgentShare::Scenario& planned : member.share.scenarios) {
    const auto& parts = member.progress.scenarios();
    const auto found = std::find_if(parts.begin(), parts.end(),
                                    [&](const auto& part) { return part.name() == planned.name; });
    const v1::ScenarioProgress part = found == parts.end() ? v1::ScenarioProgress() : *found;
    int64_t settled = part.full() + part.interrupted() + part.dropped();
    if (planned.iterations > 0) {
      absl::StrAppend(&text, ", scenario ", planned.name, ": ",
                      std::max<int64_t>(planned.iterations - settled, 0), " of ",
                      planned.iterations, " iterations");
    } else if (planned.iterations < 0 && planned.max_vus > 0 &&
               part.state() != v1::ScenarioProgress::DONE) {
      absl::StrAppend(&text, ", scenario ", planned.name, ": ", planned.max_vus, " VUs from ",
                      static_cast<int>(part.progress() * 100), "% on");
    }
  }
  return text;
}

}  // namespace lockstep::coordinator
