// One run as a state machine: agents' messages, time and people's wishes in; messages to the fleet
// out.
//
//   WaitingForAgents -> Inspecting -> Assigning -> Preparing -> Setup -> ReadyBarrier -> Running
//     -> Draining -> Teardown -> Summarising -> Done
//
// clang-format off
// | state            | ends when                         | limit                   | an agent's loss          |
// |------------------|-----------------------------------|-------------------------|--------------------------|
// | WaitingForAgents | the wanted number has joined      | wait_for_agents         | another may join         |
// | Inspecting       | the elected one ran the init code | inspect_within          | of the elected: policy   |
// | Assigning        | all have the bundle               | assign_within           | dealt out again          |
// | Preparing        | all VUs are there; no pause is on | prepare_within          | dealt out again          |
// | Setup            | setup() has returned              | setupTimeout + lease    | of the elected: fails    |
// | ReadyBarrier     | all have the data; no pause is on | assign_within           | dealt out again          |
// | Running          | all have drained, or a stop       | the plan + lease        | policy                   |
// | Draining         | all have drained, all is merged   | gracefulStop + lease    | policy                   |
// | Teardown         | teardown() has returned           | teardownTimeout + lease | of the elected: given up |
// | Summarising      | handleSummary() has returned      | its time-out + lease    | default summary          |
// clang-format on
//
// The limits are RunSettings'. "policy": the run goes on if enough agents are left, and the lost
// one's work is named as missing.
// Agents beyond the wanted number that come before T0 are spares: until T0 one of them takes over
// the work of an agent that is lost (but not a setup() that has begun). Without a spare, all work is
// dealt out again among those who are left, back from Assigning (what setup() returned stays). The
// policy is asked only where the script itself may have been the end of the elected one. After T0
// agents that come wait for the next run. A fault before Setup ends the run without a summary,
// a later one with it. teardown() runs whenever setup() has begun and has not failed by itself. The
// first fault decides the exit code; failed thresholds decide only without one.
//
// Where work moves (RunSettings::redistribute), it is divided anew whenever somebody is lost, leaves
// or comes after T0; see deploy/docs/architecture.md.
//
// A run that has started may outlive its process: Checkpoint is all that another one needs to GoOn.
// From Running on, a fleet that is held (Fleet::Hold) lets nobody know of more than what is kept.
//
// run.cc: people's wishes; run_members.cc: joining and losses; run_states.cc: the states;
// run_ending.cc: ending early; run_messages.cc: what agents say; run_redivision.cc: work that moves;
// run_checkpoint.cc: what outlives the process. Who takes part: roster.h. How it
// ends: verdict.h. What it shows of itself: run_status.h.
//
// Loop-bound; owns no thread, reads no clock but the loop's, writes no file.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "lockstep/v1/status.pb.h"

#include "common/base/event_loop.h"
#include "common/base/log.h"
#include "common/health/judge.h"
#include "coordinator/core/bundle.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/iteration_pools.h"
#include "coordinator/core/roster.h"
#include "coordinator/core/row_queues.h"
#include "coordinator/core/run_parts.h"
#include "coordinator/core/run_status.h"
#include "coordinator/core/verdict.h"

namespace lockstep::coordinator {

using RunState = v1::RunStatus::State;

struct RunSettings {
  uint64_t run_id = 1;
  size_t agents = 1;
  // The largest share of the agents, in percent, whose loss the run survives. 0: any loss fails it.
  double tolerated_loss_percent = 0;
  // Work may move while the load runs: that of agents that are lost or leave goes to the others. Any
  // loss is survived, except that of all.
  bool redistribute = false;
  bool late_agents_join = false;           // with `redistribute`; false: they wait for the next run
  bool inspect_only = false;               // end after Inspecting
  bool handle_summary = true;              // call the script's handleSummary, if it has one
  std::map<std::string, std::string> env;  // __ENV
  absl::Duration wait_for_agents = absl::InfiniteDuration();
  absl::Duration inspect_within = absl::Minutes(5);
  absl::Duration assign_within = absl::Minutes(2);
  absl::Duration prepare_within = absl::Minutes(10);
  absl::Duration max_vu_block = absl::Seconds(5);  // see Assign; 0: no limit
  absl::Duration lease = kLease;  // grace for answers beyond the script's own time-outs
  // For how long messages may be held back before they leave, because a journal has to be written.
  absl::Duration held_back = absl::ZeroDuration();
};

class Run {
 public:
  struct Events {
    absl::AnyInvocable<void(RunState)> on_state;
    absl::AnyInvocable<void(const TestPlan&)> on_planned;
    // Each second from Setup to Draining.
    absl::AnyInvocable<void()> on_tick;
    // Once, before on_done, if anything was run: what handleSummary returned, or nothing: print the
    // default summary.
    absl::AnyInvocable<void(std::optional<std::map<std::string, std::string>> outputs)> on_summary;
    absl::AnyInvocable<void(const RunOutcome&)> on_done;
  };

  // Everything is borrowed and outlives the run. Takes over the fleet's events.
  Run(EventLoop& loop, Fleet& fleet, TestSource& source, RunResults& results, Logger& logger,
      RunSettings settings);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void Begin(Events events);
  // Instead: goes on with a run that another process had brought to Running or beyond. The fleet has
  // the sessions, the results have what the batches held that `saved` counts. FailedPrecondition: the
  // test is not the one that was begun.
  absl::Status GoOn(Events events, RunCheckpoint saved, Bundle bundle);
  // As of now, between two events.
  RunCheckpoint Checkpoint() const;
  // What has been merged so far is on disk: tells the agents, who keep it until then.
  void BatchesKept();

  // ---- people's wishes ----
  // A signal: the first ends the run gracefully; the second interrupts iterations and gives
  // teardown() five seconds, or gives it up where it runs already. `name` is the signal's, for the
  // message.
  void Interrupt(const std::string& name);
  // Something outside of the fleet makes the run impossible.
  void Fail(ExitCode code, std::string message);
  absl::Status Stop(bool now);
  // Before setup() the run waits for Resume with all VUs initialised, during it at the ReadyBarrier.
  // After T0, all agents pause and resume at the same instants, which are sent to them a little
  // ahead.
  // FailedPrecondition after the start, naming the scenario, if there is one that is not
  // externally controlled.
  absl::Status Pause();
  absl::Status Resume();
  // Ctrl+Z: pauses, has the agents bear with a coordinator that stands still, and calls `done` once
  // nothing runs any more; not if the run ends meanwhile. FailedPrecondition says why the run cannot
  // be held.
  absl::Status Suspend(absl::AnyInvocable<void()> done);
  // The coordinator stood still, and goes on.
  void Release();
  // Sets the totals, over the fleet, of all externally controlled scenarios that have not ended;
  // -1: unchanged. From ReadyBarrier to Running. A refused request changes nothing: InvalidArgument
  // names the scenario and both numbers, FailedPrecondition says why there is nothing to scale.
  absl::Status Scale(int64_t vus, int64_t max_vus);
  // Where work moves, while Running: so many agents share the rest of the work, at least one. If
  // there are more, the last ones hand theirs over; if there are fewer, spares and agents that come
  // join. FailedPrecondition where work does not move.
  absl::Status ScaleAgents(int64_t agents);

  RunState state() const { return state_; }
  const std::vector<RunMember>& members() const { return roster_.members(); }
  const std::optional<TestPlan>& plan() const { return plan_; }
  const v1::SetupValue& setup_data() const { return setup_data_; }
  // The script's files, as far as the elected agent has asked for them; complete once it is planned.
  const Bundle& bundle() const { return bundle_; }
  // What the status service tells. Cheap enough for each second.
  v1::RunStatus Snapshot() const;
  // Whether the agents were steady rulers so far, the lost ones as far as they told, and whether the
  // coordinator was there all the time.
  Judgement judgement() const;
  // From now on it is said with the judgement, whatever that is.
  void AddRemark(std::string remark) { remarks_.push_back(std::move(remark)); }
  // What the script's inspection has found; empty before it.
  const v1::Inspected& inspected() const { return inspected_; }
  // Success as long as nothing has gone wrong; final once the summary is asked for.
  const RunOutcome& outcome() const { return verdict_.outcome(); }
  // Since T0, until the last agent has drained; 0 before T0.
  absl::Duration elapsed() const;
  // What rates per second are by: elapsed(), or the time since setup() began where there was no T0.
  absl::Duration measured() const;

 private:
  // How long interrupted iterations may take to unwind.
  static constexpr absl::Duration kStopWithin = absl::Seconds(10);
  // What teardown() has after a second signal: whoever sends it does not want to wait.
  static constexpr absl::Duration kHurriedTeardown = absl::Seconds(5);
  enum class Stopping { kNo, kGracefully, kNow };  // what iterations were told
  // Done: well, or there is none. Interrupted: it had begun, and the run ends for another reason.
  enum class Setup { kPending, kFailed, kInterrupted, kDone };

  void TakeEvents(Events events);
  // ---- GoOn ----
  absl::Status TakeBack(RunCheckpoint& saved);
  absl::Status TakeBackMembers(RunCheckpoint& saved);
  void StartTimersAgain(MonoTime limit_at);
  void CatchUpAfter(bool division_due, bool suspended);

  // Fleet's events.
  absl::Status MayJoin(const v1::Join& join) const;
  void OnJoined(AgentId agent);
  absl::Status OnMessage(AgentId agent, const v1::AgentMessage& message);
  absl::Status OnBatch(AgentId agent, const v1::BatchMessage& message);
  void OnLost(const AgentRecord& agent, const absl::Status& reason);

  // One function a message. Answers may come late, when the run has gone on to its end.
  absl::Status OutOfOrder(const v1::AgentMessage& message) const;
  void OnFileRequest(AgentId agent, const v1::FileRequest& request);
  void OnLogLines(const RunMember& member, const v1::LogLines& lines);
  void OnProgress(RunMember& member, const v1::Progress& progress);
  void OnVerdict(const v1::ScriptVerdict& verdict);
  absl::Status OnRowLease(AgentId agent, const v1::RowLease& lease);
  void OnInspected(const RunMember& member, const v1::Inspected& inspected);
  void OnAssigned(RunMember& member, const v1::Assigned& assigned);
  void OnPrepared(RunMember& member, const v1::Prepared& prepared);
  template <class Answer>
  void GoOn(RunMember& member, const Answer& answer);
  void OnSetupDone(RunMember& member, const v1::SetupDone& done);
  void OnReady(RunMember& member);
  void OnLeaving(RunMember& member, const v1::Leaving& leaving);
  void OnDrained(RunMember& member, const v1::Drained& drained);
  void OnTeardownDone(RunMember& member, const v1::TeardownDone& done);
  void OnHandleSummaryDone(const RunMember& member, const v1::HandleSummaryDone& done);
  void SendPiece(AgentId agent, const v1::FileRequest& request,
                 const absl::StatusOr<std::string>& content);
  // Whether the run waits in `state` for the answer of the elected one, and this is it.
  bool Awaits(const RunMember& member, RunState state) const {
    return state_ == state && member.id == roster_.elected();
  }

  void EnterInspecting();
  void EnterAssigning();
  void EnterPreparing();
  void EnterSetup();
  void EnterReadyBarrier();
  void EnterRunning();
  void EnterDraining();
  void EnterTeardown();
  void EnterSummarising();
  void Conclude(std::optional<std::map<std::string, std::string>> outputs);
  void Finish();
  // Goes on if the present state's condition holds.
  void Advance();

  void SetState(RunState state, absl::Duration limit);
  // The present state has so long from now on.
  void LimitState(absl::Duration limit);
  void OnLimit();
  void ExpelLate();  // those who have not stopped
  // Ends the run, naming those who have not come to `step`; does nothing if all have.
  void EndForLate(RunMember::Step step);
  // Records why the run ends early (the first reason stays) and brings it to its end from whatever
  // state.
  void EndEarly(RunOutcome reason, bool now = true);
  void Drain(Stopping how);  // has iterations end
  // Has Tick called in a second.
  void TickSoon();
  void Tick();
  void JudgeEachSecond();
  // Four times a second while the load runs: a beat that comes late shows that this process stood
  // still.
  void Beat();
  // Puts a spare in the place of `lost`, if the state allows it and there is one.
  bool Substitute(RunMember& lost);
  // Before T0: deals all work out again, to those who are left, unless the script itself may have
  // been what `lost` died of.
  bool DealAgain(const RunMember& lost, bool was_elected);
  // Asks a member for the next thing that it lacks in the present state: a spare, in a later one
  // than the others.
  void CatchUp(RunMember& member);
  void CatchUpAll();
  void ReportStartSkew();
  v1::CoordinatorMessage AssignFor(const RunMember& member) const;
  void SendTo(AgentId agent, v1::CoordinatorMessage message);
  void SendToAll(const v1::CoordinatorMessage& message);
  absl::Duration T0Lead() const;

  // ---- work that moves: run_redivision.cc ----
  // The work is divided anew among those who are there, soon. Does nothing where it does not move.
  void RedivideSoon();
  void ProposeRedivision();
  absl::Duration NextDivision(const std::vector<const RunMember*>& staying,
                              const std::vector<SegmentTuple>& tuples) const;
  void OnHeld(const RunMember& member, const v1::Held& held);
  void CommitRedivision();
  void AccountFor(RunMember& member, absl::Duration at);
  // Makes the member's share of each pool what it has got of it.
  void ShowLeased(RunMember& member) const;
  bool MovesNow() const {
    return settings_.redistribute && state_ == v1::RunStatus::RUNNING && stopping_ == Stopping::kNo;
  }
  // What becomes of the work of a member that was lost while the load runs. `last_heard`: of it;
  // nothing if it is certain that it does nothing any more.
  void HandOver(std::optional<MonoTime> last_heard);
  // An agent that has come while the load runs gets what it needs for a part of its own.
  void LetJoin(AgentId agent);
  void StartLate(RunMember& member);
  size_t AgentsThere() const;
  absl::Status OnIterationLease(AgentId agent, const v1::IterationLease& lease);
  absl::Status OnIterationsReturned(AgentId agent, const v1::IterationsReturned& returned);
  absl::Status OnVuIterationsWanted(AgentId agent, const v1::VuIterationsWanted& wanted);
  void DealIterations();
  // What RunStatus says of the same name.
  absl::Duration StopWithin() const;
  // The instant at which all agents pause or resume: soon, after T0 and after the one before.
  MonoTime NextSwitch();
  // Calls what Suspend was given, if all have come to rest.
  void TellIfAtRest();
  void SendSuspend(bool over);

  EventLoop& loop_;
  Fleet& fleet_;
  TestSource& source_;
  RunResults& results_;
  Logger& logger_;
  const RunSettings settings_;
  Events events_;

  RunState state_ = v1::RunStatus::WAITING_FOR_AGENTS;
  MonoTime state_since_;
  MonoTime limit_at_ = MonoTime::Infinite();
  TimerId limit_timer_ = TimerId::kNone;
  TimerId tick_timer_ = TimerId::kNone;
  TimerId judge_timer_ = TimerId::kNone;
  TimerId beat_timer_ = TimerId::kNone;
  TimerId catch_up_timer_ = TimerId::kNone;
  Roster roster_;
  Verdict verdict_;
  Bundle bundle_;
  RowQueues row_queues_;
  v1::Inspected inspected_;  // of which the plan was made
  std::optional<TestPlan> plan_;
  Stopping stopping_ = Stopping::kNo;
  Setup setup_ = Setup::kPending;
  v1::SetupValue setup_data_;
  bool script_usable_ = true;    // false once a function of the elected one's had to be given up
  uint32_t deal_ = 0;            // how often the work has been dealt out
  bool deal_again_ = false;      // once setup() has returned
  bool sequence_given_ = false;  // by the user, for the only agent
  std::optional<v1::Scale> scaled_;  // the totals that people have asked for before T0
  bool paused_ = false;
  bool paused_to_suspend_ = false;
  absl::AnyInvocable<void()> on_at_rest_;  // null: nobody waits
  bool skew_reported_ = false;
  int interrupts_ = 0;
  MonoTime t0_ = MonoTime::Infinite();
  MonoTime switch_at_;  // of the last pause or resume after T0
  MonoTime drained_at_ = MonoTime::Infinite();
  MonoTime setup_began_ = MonoTime::Infinite();
  MonoTime last_beat_;
  std::vector<Standstill> standstills_;  // since T0, the first kMostStandstills
  std::vector<std::string> remarks_;

  // ---- work that moves ----
  struct Redivision {
    absl::Duration at;  // after T0
    SegmentSequence sequence;
    std::vector<SegmentTuple> tuples;
    std::vector<double> rps;
    std::vector<AgentId> staying;  // in the order of the sequence
    std::vector<AgentId> awaited;  // that have not answered Held
    std::vector<AgentId> receivers;
  };
  std::optional<Redivision> redivision_;  // proposed, and not yet agreed to
  uint32_t redivisions_ = 0;              // proposed so far
  int late_in_a_row_ = 0;                 // that somebody was too late for
  absl::Duration last_division_;          // after T0
  // No agent that was lost begins anything from then on.
  MonoTime all_quiet_;
  TimerId redivision_timer_ = TimerId::kNone;
  size_t agents_target_ = 0;
  uint32_t joined_late_ = 0;
  std::set<std::string> unfit_;  // agents that were lost while work moves, by their own fault
  int64_t t0_wall_ns_ = 0;
  // Both or neither: there they are once the load has begun.
  std::optional<IterationPools> pools_;
  std::optional<VuLeases> vu_leases_;
};

}  // namespace lockstep::coordinator
