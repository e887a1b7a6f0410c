// An agent's part of the work: how a test is cut among the members of a run, and what is missing
// once one of them is lost. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "coordinator/core/run_member.h"
#include "coordinator/core/run_parts.h"

namespace lockstep::coordinator {

// Cuts the test among `members`, of which there is at least one: segments, shares and requests per
// second. Sets the plan's sequence by their weights if it has none. InvalidArgument if their
// weights have no common measure.
absl::Status DivideWork(TestPlan& plan, std::vector<RunMember>& members);

// The requests per second of each part, by VUs; 0: no limit.
std::vector<double> DivideRps(const TestPlan& plan, const std::vector<SegmentTuple>& tuples);

// Where work moves: adds what the schedules have given to the member's part, until `until` after
// T0, to its `starts_before`.
void CountWork(const TestPlan& plan, RunMember& member, absl::Duration until);
// Makes `share` what the member's part and those before it come to.
void ShowWork(const TestPlan& plan, RunMember& member);

// Makes the `tuple` of each member what its `sequence` and `segment_index` say. FailedPrecondition
// or InvalidArgument if they say nothing that could be.
absl::Status RecutMembers(std::vector<RunMember>& members, Partition partition);

// The whole test cut among those of a run who have stayed, by their weights and in their order.
// FailedPrecondition without any, InvalidArgument as DivideWork.
absl::StatusOr<SegmentSequence> CutAmong(const std::vector<const RunMember*>& staying,
                                         Partition partition);

// Once no more batches of the member will be merged: the iterations of its progress become those of
// the batches that were. What it told beyond them, nobody has measured: it is noted as undelivered.
// May be called again.
void CountDelivered(RunMember& member);

// Where work moves: whether `progress`, the last one of a member that has handed its work over, has
// fewer iterations than the schedules gave to its parts.
bool FallsShort(const RunMember& member, const v1::Progress& progress);

// What nobody will do or measure now, after CountDelivered, for people: "segment 1/3:2/3, scenario
// a: 5 of 10 iterations, scenario b: 3 VUs from 25% on, and 12 iterations that had ended". Empty if
// the member had no work yet, or all is done.
std::string MissingWork(const RunMember& member);
// Whether it has settled all iterations of its share, and has come to the end of all scenarios.
bool DidItsShare(const RunMember& member);

}  // namespace lockstep::coordinator
