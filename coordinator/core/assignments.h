// Deals the work out among the members of a run before T0, and again if one of them is lost then;
// and says what each is told of its part. Sends nothing. Loop-bound.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "lockstep/v1/control.pb.h"

#include "coordinator/core/bundle.h"
#include "coordinator/core/roster.h"
#include "coordinator/core/run_parts.h"
#include "coordinator/core/run_settings.h"

namespace lockstep::coordinator {

class Assignments {
 public:
  // All are borrowed and outlive this.
  Assignments(const RunSettings& settings, const TestSource& source, const Bundle& bundle)
      : settings_(settings), source_(source), bundle_(bundle) {}

  // The plan has been made, and nothing of it been dealt out.
  void OnPlanned(const TestPlan& plan) { sequence_given_ = plan.sequence.has_value(); }
  // All work goes to those who are not lost; the others are forgotten. Errors are those of
  // DivideWork.
  absl::Status DealOut(TestPlan& plan, Roster& roster);
  // It has to be dealt out again, once setup() has returned.
  void Postpone() { postponed_ = true; }
  bool postponed() const { return postponed_; }
  // The Assign of a member, by the last deal.
  v1::CoordinatorMessage MessageFor(const RunMember& member, const TestPlan& plan) const;
  // Whether this is an answer to an Assign, or to what came after it, that another one has
  // replaced.
  bool IsOfAnEarlierDeal(const v1::AgentMessage& message) const;

  // How often the work has been dealt out.
  uint32_t deal() const { return deal_; }
  void Restore(uint32_t deal) { deal_ = deal; }

 private:
  const RunSettings& settings_;
  const TestSource& source_;
  const Bundle& bundle_;
  uint32_t deal_ = 0;
  bool postponed_ = false;
  bool sequence_given_ = false;  // by the user, for the only agent
};

}  // namespace lockstep::coordinator
