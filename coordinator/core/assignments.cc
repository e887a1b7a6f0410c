#include "coordinator/core/assignments.h"

#include "coordinator/core/division.h"

namespace lockstep::coordinator {

absl::Status Assignments::DealOut(TestPlan& plan, Roster& roster) {
  roster.ForgetLost();  // nothing was theirs yet, or others get it now
  ++deal_;
  postponed_ = false;
  if (!sequence_given_) {
    plan.sequence.reset();
  }
  for (RunMember& member : roster.members()) {
    member.step = RunMember::Step::kJoined;
  }
  return DivideWork(plan, roster.members());
}

v1::CoordinatorMessage Assignments::MessageFor(const RunMember& member,
                                               const TestPlan& plan) const {
  v1::CoordinatorMessage message;
  v1::Assign& assign = *message.mutable_assign();
  assign.set_main_url(source_.script().main_url);
  assign.set_working_directory(source_.script().working_directory);
  bundle_.Describe(&assign);
  assign.set_options_json(plan.options_json);
  assign.set_segment_sequence(plan.sequence->ToString());
  assign.set_segment_index(static_cast<int32_t>(member.segment_index));
  assign.mutable_env()->insert(settings_.env.begin(), settings_.env.end());
  assign.set_base_mode(source_.script().base_mode);
  assign.set_partition(plan.partition == Partition::kFair ? v1::Assign::FAIR : v1::Assign::STRIPED);
  assign.set_rps_share(member.rps_share);
  assign.set_keep_points(plan.keep_points);
  assign.set_max_vu_block_ns(absl::ToInt64Nanoseconds(settings_.max_vu_block));
  assign.set_deal(deal_);
  assign.set_work_moves(settings_.redistribute);
  return message;
}

bool Assignments::IsOfAnEarlierDeal(const v1::AgentMessage& message) const {
  switch (message.body_case()) {
    case v1::AgentMessage::kAssigned:
      return message.assigned().deal() < deal_;
    case v1::AgentMessage::kPrepared:
      return message.prepared().deal() < deal_;
    case v1::AgentMessage::kReady:
      return message.ready().deal() < deal_;
    default:
      return false;
  }
}

}  // namespace lockstep::coordinator
