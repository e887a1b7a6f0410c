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
// | Inspecting       | the elected one ran the init code | inspect_within          | another one reads it     |
// | Assigning        | all have the bundle               | assign_within           | dealt out again          |
// | Preparing        | all VUs are there; no pause is on | prepare_within          | dealt out again          |
// | Setup            | setup() has returned              | setupTimeout + lease    | of the elected: fails    |
// | ReadyBarrier     | all have the data; no pause is on | assign_within           | dealt out again          |
// | Running          | all have drained, or a stop       | the plan + lease        | policy                   |
// | Draining         | all have drained, all is merged   | gracefulStop + lease    | policy                   |
// | Teardown         | teardown() has returned           | teardownTimeout + lease | of the elected: given up |
// | Summarising      | handleSummary() has returned      | its time-out + lease    | of the elected: fails    |
// clang-format on
//
// The limits are RunSettings'. "policy": the run goes on if enough agents are left, and the lost
// one's work is named as missing.
// Agents beyond the wanted number that come before T0 are spares: until T0 one of them takes over
// the work of an agent that is lost (but not a setup() that has begun). Without a spare, all work
// is dealt out again among those who are left, back from Assigning (what setup() returned stays).
// The policy is asked only where the script itself may have been the end of the elected one: in
// setup(), and where a second agent that reads the options is lost. After T0 agents that come wait
// for the next run. A fault before Setup ends the run without a summary, but that of the init code
// of a VU; a later one with it. teardown() runs whenever setup() has begun and has not failed by
// itself. The first fault decides the exit code; failed thresholds decide only without one.
//
// Where work moves (RunSettings::redistribute), it is divided anew whenever somebody is lost,
// leaves or comes after T0; see deploy/docs/architecture.md.
//
// A run that has started may outlive its process: Checkpoint is all that another one needs to GoOn.
// From Running on, a fleet that is held (Fleet::Hold) lets nobody know of more than what is kept.
//
// run.cc: people's wishes; run_members.cc: joining and losses; run_states.cc: the states;
// run_ending.cc: ending early; run_messages.cc: what agents say; run_checkpoint.cc: what outlives
// the process. What a run is made of besides the state machine is in files of its own: see
// README.md.
//
// Loop-bound; owns no thread, reads no clock but the loop's, writes no file.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "lockstep/v1/status.pb.h"

#include "common/base/event_loop.h"
#include "common/base/log.h"
#include "common/base/timer.h"
#include "common/health/judge.h"
#include "coordinator/core/assignments.h"
#include "coordinator/core/batch_intake.h"
#include "coordinator/core/bundle.h"
#include "coordinator/core/checkpoint.h"
#include "coordinator/core/file_server.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/moving_work.h"
#include "coordinator/core/pausing.h"
#include "coordinator/core/preparation.h"
#include "coordinator/core/results_ticker.h"
#include "coordinator/core/roster.h"
#include "coordinator/core/row_leases.h"
#include "coordinator/core/run_clock.h"
#include "coordinator/core/run_outcome.h"
#include "coordinator/core/run_parts.h"
#include "coordinator/core/run_phase.h"
#include "coordinator/core/run_sender.h"
#include "coordinator/core/run_settings.h"
#include "coordinator/core/script_life.h"
#include "coordinator/core/slow_init.h"
#include "coordinator/core/standstill_watch.h"
#include "coordinator/core/stopping.h"
#include "coordinator/core/vu_scaling.h"

namespace lockstep::coordinator {

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
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void Begin(Events events);
  // Instead: goes on with a run that another process had brought to Running or beyond. The fleet
  // has the sessions, the results have what the batches held that `saved` counts.
  // FailedPrecondition: the test is not the one that was begun.
  absl::Status GoOn(Events events, RunCheckpoint saved, v1::Inspected inspected, Bundle bundle);
  // As of now, between two events.
  RunCheckpoint Checkpoint() const;
  // What has been merged so far.
  std::vector<MergedBatches> Merged() const { return intake_.Merged(); }
  // So much of it is on disk: tells the agents, who keep it until then.
  void BatchesKept(const std::vector<MergedBatches>& kept) { intake_.OnKept(kept); }

  // ---- people's wishes ----
  // A signal: the first ends the run gracefully; the second interrupts iterations and gives
  // teardown() five seconds, or gives it up where it runs already. `name` is the signal's, for the
  // message.
  void Interrupt(const std::string& name);
  // Something outside of the fleet makes the run impossible.
  void Fail(ExitCode code, std::string message);
  // kGracefully or kNow.
  absl::Status Stop(Stopping how);
  // Before setup() the run waits for Resume with all VUs initialised, during it at the
  // ReadyBarrier. After T0, all agents pause and resume at the same instants, which are sent to
  // them a little ahead.
  // FailedPrecondition after the start, naming the scenario, if there is one that is not
  // externally controlled.
  absl::Status Pause();
  absl::Status Resume();
  // Ctrl+Z: pauses, has the agents bear with a coordinator that stands still, and calls `done` once
  // nothing runs any more; not if the run ends meanwhile. FailedPrecondition says why the run
  // cannot be held.
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
  // What ScaleAgents would answer, without doing anything.
  absl::Status MayScaleAgents(int64_t agents) const;

  RunState state() const { return phase_.state(); }
  const std::vector<RunMember>& members() const { return roster_.members(); }
  const std::optional<TestPlan>& plan() const { return plan_; }
  const v1::SetupValue& setup_data() const { return script_.setup_data(); }
  // The script's files, as far as the elected agent has asked for them; complete once it is
  // planned.
  const Bundle& bundle() const { return files_.bundle(); }
  // What the status service tells. Cheap enough for each second.
  v1::RunStatus Snapshot() const;
  // Whether the agents were steady rulers so far, the lost ones as far as they told, and whether
  // the coordinator was there all the time.
  Judgement judgement() const;
  // From now on it is said with the judgement, whatever that is.
  void AddRemark(std::string remark) { remarks_.push_back(std::move(remark)); }
  void TakeBackRemark(const std::string& remark) { std::erase(remarks_, remark); }
  // What the script's inspection has found; empty before it.
  const v1::Inspected& inspected() const { return inspected_; }
  // Success as long as nothing has gone wrong; final once the summary is asked for.
  const RunOutcome& outcome() const { return faults_.outcome(); }
  // Since T0, until the last agent has drained; 0 before T0.
  absl::Duration elapsed() const { return clock_.elapsed(); }
  // What rates per second are by: elapsed(), or the time since setup() began where there was no T0.
  absl::Duration measured() const { return clock_.measured(); }
  // From when on that counts.
  absl::Time began() const { return clock_.began(); }

 private:
  // How long interrupted iterations may take to unwind.
  static constexpr absl::Duration kStopWithin = absl::Seconds(10);
  // What teardown() has after a second signal: whoever sends it does not want to wait.
  static constexpr absl::Duration kHurriedTeardown = absl::Seconds(5);

  void TakeEvents(Events events);
  // ---- GoOn ----
  absl::Status TakeBack(RunCheckpoint& saved);
  void StartTimersAgain(MonoTime limit_at);
  void CatchUpAfter(bool division_due);

  // Fleet's events.
  absl::Status MayJoin(const v1::Join& join) const;
  void OnJoined(AgentId agent);
  absl::Status OnMessage(AgentId agent, const v1::AgentMessage& message);
  absl::Status OnBatch(AgentId agent, const v1::BatchMessage& message);
  void OnLost(const AgentRecord& agent, const absl::Status& reason);

  // Of OnLost: what is known of the member from now on; what that means for its work, and the log;
  // and what the run does without the one that was elected.
  void TakeNote(RunMember& member, const absl::Status& reason);
  void ReportLoss(RunMember& member, const AgentRecord& agent, const absl::Status& reason);
  void AfterElectedLost(const AgentRecord& agent, bool leaving);

  // One function a message: the table is in run_messages.cc. Answers may come late, when the run
  // has gone on to its end.
  struct MessageRule;
  static const MessageRule* RuleOf(const v1::AgentMessage& message);
  // A rule's functions: have the message's body taken by a handler of the run, or of a part of it.
  template <auto kBody, auto kHandler>
  static absl::Status Take(Run& run, RunMember& member, const v1::AgentMessage& message);
  template <auto kBody, auto kPart, auto kHandler>
  static absl::Status TakeBy(Run& run, RunMember& member, const v1::AgentMessage& message);
  void OnProgress(RunMember& member, const v1::Progress& progress);
  void OnScriptRequest(RunMember& member, const v1::ScriptRequest& request);
  void OnInspected(RunMember& member, const v1::Inspected& inspected);
  void OnAssigned(RunMember& member, const v1::Assigned& assigned);
  void OnPrepared(RunMember& member, const v1::Prepared& prepared);
  // To an Assign or a Prepare: the member has come to `step`, unless it failed.
  template <class Answer>
  void OnStep(RunMember& member, RunMember::Step step, const Answer& answer);
  void OnSetupDone(RunMember& member, const v1::SetupDone& done);
  // Those in what the script gave, which another coordinator may have handed out.
  void LearnSecrets(const google::protobuf::RepeatedPtrField<std::string>& secrets);
  void OnReady(RunMember& member, const v1::Ready& ready);
  void OnLeaving(RunMember& member, const v1::Leaving& leaving);
  void OnDrained(RunMember& member, const v1::Drained& drained);
  void OnTeardownDone(RunMember& member, const v1::TeardownDone& done);
  void OnHandleSummaryDone(RunMember& member, const v1::HandleSummaryDone& done);
  // Whether the run waits in `state` for the answer of the elected one, and this is it.
  bool Awaits(const RunMember& member, RunState state) const {
    return phase_.state() == state && member.id == roster_.elected();
  }

  void SetState(RunState state, absl::Duration limit);
  void EnterInspecting();
  // Whether the message is small enough; the run ends if not, because of `what`.
  bool MayBeSent(absl::string_view what, const v1::CoordinatorMessage& message);
  void EnterAssigning();
  void EnterPreparing();
  void EnterSetup();
  void EnterReadyBarrier();
  void EnterRunning();
  // T0, and what the run has been told since it was planned.
  v1::CoordinatorMessage StartMessage() const;
  void EnterDraining();
  void EnterTeardown();
  // Who is to be asked to call a function of the script; null: nobody is left.
  RunMember* ElectForCall();
  void EnterSummarising();
  // Whether thresholds or the generator fail the run.
  void JudgeEnd();
  void Conclude(std::optional<std::map<std::string, std::string>> outputs);
  void FailSummary(absl::string_view why);
  void Finish();
  // Goes on if the present state's condition holds.
  void Advance();

  void OnLimit();    // of the present state
  void ExpelLate();  // those who have not stopped
  // Ends the run, naming those who have not come to `step`; does nothing if all have.
  void EndForLate(RunMember::Step step);
  // Records why the run ends early (the first reason stays) and brings it to its end from whatever
  // state.
  void EndEarly(RunOutcome reason, Stopping how = Stopping::kNow);
  // Records a fault of which the log tells at once, with `more` behind it.
  void RecordNow(std::string fault, absl::string_view more = "");
  // EndEarly for the init code of one of `member`'s VUs. As in k6, there is a summary, though
  // nothing was run.
  void EndInInit(const RunMember& member, RunOutcome reason);
  void Drain(Stopping how);  // has iterations end
  // Puts a spare in the place of `lost`, if the state allows it and there is one.
  bool Substitute(RunMember& lost);
  // Before T0: deals all work out again, to those who are left, unless the script itself may have
  // been what `lost` died of.
  bool DealAgain(const RunMember& lost, bool was_elected);
  // A member was lost that had a part of the work, and others may take it over; `message` says so,
  // and `missing` what is missing if nobody does.
  void LoseWhileWorkMoves(const AgentRecord& agent, const std::string& message,
                          const std::string& missing, bool surely_gone);
  // Nobody has a part of the work, or will have one.
  bool NobodyIsLeft() const;
  void LetWorkMove(MovingWork::State state);
  bool MovesNow() const { return moving_.has_value() && !moving_->stopped(); }
  // What RunStatus says of the same name.
  absl::Duration StopWithin() const;

  EventLoop& loop_;
  Fleet& fleet_;
  TestSource& source_;
  RunResults& results_;
  Logger& logger_;
  const RunSettings settings_;
  Events events_;

  Roster roster_;
  RunPhase phase_;
  RunClock clock_;
  RunSender sender_;
  StandstillWatch standstill_watch_;
  SlowInit slow_init_;
  ResultsTicker ticker_;
  Pausing pausing_;
  VuScaling vu_scaling_;
  FileServer files_;
  Assignments assignments_;
  RowLeases rows_;
  BatchIntake intake_;
  RunFaults faults_;
  v1::Inspected inspected_;  // of which the plan was made
  std::optional<TestPlan> plan_;
  Stopping stopping_ = Stopping::kNo;  // what iterations were told
  ScriptLife script_;
  Preparation preparation_;
  int interrupts_ = 0;
  bool reader_lost_ = false;  // the first one that read the options
  std::vector<std::string> remarks_;
  int64_t dropped_log_lines_ = 0;  // by all agents
  Timer catch_up_timer_;

  std::optional<MovingWork> moving_;  // where work moves, from T0 on
};

}  // namespace lockstep::coordinator
