// An agent's side of a run: does what the coordinator asks for with the script host and the
// scenario engine, and reports. Between runs it waits; it takes part in one run at a time.
//
// Loop-bound: everything on the conductor's loop. Sees neither V8 nor gRPC nor a clock of its own,
// so that a whole fleet plays in one process on simulated time.
//
// conductor.cc: joining, messages, the run from T0 on; conductor_ends.cc: how it ends;
// conductor_script.cc: what it does with the script; conductor_work.cc: work that moves.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"

#include "agent/exec/scenario_engine.h"
#include "agent/health/health_source.h"
#include "agent/report/outbox.h"
#include "agent/run/assignment.h"
#include "agent/run/batch_delivery.h"
#include "agent/run/file_fetcher.h"
#include "agent/run/row_leases.h"
#include "agent/run/run_sender.h"
#include "agent/run/script_host.h"
#include "agent/run/script_log.h"
#include "agent/run/session.h"
#include "common/base/event_loop.h"
#include "common/base/timer.h"
#include "common/options/options.h"

namespace lockstep::agent {

class Conductor final : private EngineEvents {
 public:
  struct Parts {  // all borrowed, and outliving the conductor
    EventLoop& loop;
    Session& session;
    ScriptHost& host;
    ScriptLog& log;
    HealthSource* health = nullptr;  // none: the agent does not examine itself
  };
  Conductor(Parts parts, Assignment::OptionsReader read_options);
  Conductor(const Conductor&) = delete;
  Conductor& operator=(const Conductor&) = delete;

  // Joins. `on_finished` is called once no further session will come and all load has stopped.
  void Begin(absl::AnyInvocable<void(absl::Status)> on_finished);
  // SIGTERM: begins nothing new, lets iterations end within their gracefulStop, hands over what was
  // measured, and leaves. The second time it leaves at once.
  void Drain(const std::string& reason);
  // Tells the coordinator, and stops all load; what has not been handed over is lost.
  void Leave(const std::string& reason);

  // How its part of the run stands; empty without one.
  v1::Progress Progress() const;
  bool in_run() const { return phase_ == Phase::kActive; }
  bool leaving() const { return leaving_.has_value(); }
  const Outbox& outbox() const { return delivery_.outbox(); }

 private:
  enum class Phase { kIdle, kActive, kResetting };
  // How far the coordinator has brought the run.
  enum class Stage {
    kNew,
    kInspecting,
    kAssigning,
    kAssigned,
    kPreparing,
    kPrepared,
    kSettingUp,
    kReady,
    kStarted,
    kStopping,
    kDrained,
    kTearingDown,
    kSummarising,
  };

  // The part that the last Redivide has told of, for Divided; no plan: there is none.
  struct Division {
    uint32_t number = 0;
    std::optional<InstancePlan> plan;
    SegmentTuple segment;
    double rps_share = 0;
  };

  // What belongs to one assignment of the run and ends with the host's reset, so that nothing of it
  // reaches the next assignment or the next run.
  struct Attempt {
    Stage stage = Stage::kNew;
    bool started = false;   // Start has come
    bool measured = false;  // T0 has come
    bool in_setup = false;
    bool calling = false;  // setup, teardown or handleSummary
    bool drain_after_setup = false;
    bool told_leaving = false;  // that it is about to leave
    bool gave_up = false;       // it leaves, and nobody was to take its work over in time
    bool handed_over = false;   // others have its work
    std::vector<ScenarioConfig> scenarios;
    ScenarioEngine::Config engine_config;  // from Prepare until the VUs are there
    std::unique_ptr<ScenarioEngine> engine;
    std::optional<Division> division;

    // The engine has its T0.
    bool loaded() const { return engine != nullptr && started; }
    bool drained() const { return stage >= Stage::kDrained; }
    // It has done all of its work itself, as it may be where all agents leave at once.
    bool did_all() const { return loaded() && drained() && !handed_over && !gave_up; }
    // Goes no way back: an answer that comes after a stop begins nothing.
    void Reach(Stage reached) { stage = std::max(stage, reached); }
  };

  // EngineEvents
  void OnDropped(size_t scenario, int64_t count, int64_t vu_id_in_test) override;
  void OnScenarioEnded(size_t scenario, v1::ScenarioProgress::State state) override;
  void OnDone() override;
  void OnIterationsWanted(const IterationsWanted& wanted) override;
  void OnIterationsReturned(size_t scenario, int64_t first, int64_t count) override;
  void OnVusWanted(v1::VuIterationsWanted wanted) override;

  void OnMessage(const v1::CoordinatorMessage& message);
  void Handle(const v1::CoordinatorMessage& message);
  // Brings the attempt to the stage that the message begins; FailedPrecondition if it may not come
  // now.
  absl::Status AdvanceStage(const v1::CoordinatorMessage& message);
  // Before a secret goes to a script, the log knows it.
  void FetchSecret(const std::string& url, FileFetcher::Done done);
  void OnInspect(const v1::Inspect& inspect);
  void OnAssign(const v1::Assign& assign);
  void Reassign(const v1::Assign& assign);
  void OnAssigned(const absl::Status& status);
  void OnPrepare();
  void OnPrepared(const ScriptResult<VuPool*>& result);
  void OnRunSetup();
  void OnSetupData(const v1::SetupData& data);
  // Those that another agent has put into setup()'s value.
  void LearnSecrets(const v1::SetupValue& value);
  void OnStart(const v1::Start& start);
  void OnPause(const v1::Pause& pause);
  void OnResume(const v1::Resume& resume);
  void OnScale(const v1::Scale& scale);
  void OnRedivide(const v1::Redivide& redivide);
  void OnDivided(const v1::Divided& divided);
  void OnIterationsLeased(const v1::IterationsLeased& leased);
  void OnVuIterationsLeased(const v1::VuIterationsLeased& leased);
  // Where work may move, nothing begins when others may have been given it.
  void MoveFence();
  void OnSuspend(const v1::Suspend& suspend);
  // Tells that nothing runs, as soon as that is so.
  void AnswerSuspend();
  // Does what a person wants of the engine, and logs why it cannot be done.
  void Control(absl::FunctionRef<absl::Status(ScenarioEngine&)> change);
  void OnStop();
  void OnGracefulStop();
  void OnRunTeardown(const v1::RunTeardown& teardown);
  void OnRunHandleSummary(const v1::RunHandleSummary& request);
  void OnAbort(std::string text);
  void OnLost(const absl::Status& status);
  // Tells that it is about to leave, once.
  void SendLeaving();
  // The others take its work over; where no work moves, nothing new begins.
  void HandOver();
  // Leaves, if that is wanted and nothing is left to do or to hand over.
  void LeaveWhenDone();
  // Setup or teardown runs, or executors do.
  bool at_work() const { return attempt_.calling || under_load(); }
  // Executors run.
  bool under_load() const { return attempt_.loaded() && !attempt_.drained(); }
  void AbandonRun();
  // Ends the host's run; afterwards there is either another assignment of the same run, or none.
  void ResetHost();
  // Calls on_finished, unless it has been called.
  void Finish();
  void CancelTimers();

  void SendDrained();
  void SendProgress();
  // Guards a callback: it does nothing if the run has gone meanwhile.
  template <class F>
  auto IfCurrent(F f) {
    return [this, generation = generation_, f = std::move(f)](auto&&... arguments) mutable {
      if (generation == generation_ && phase_ == Phase::kActive) {
        f(std::forward<decltype(arguments)>(arguments)...);
      }
    };
  }

  EventLoop& loop_;
  Session& session_;
  ScriptHost& host_;
  ScriptLog& log_;
  HealthSource* const health_;
  absl::AnyInvocable<void(absl::Status)> on_finished_;
  RunSender sender_;
  BatchDelivery delivery_;
  FileFetcher files_;
  Assignment assignment_;
  RowLeases row_leases_;

  Phase phase_ = Phase::kIdle;
  uint64_t generation_ = 0;                     // of runs, ours
  std::deque<v1::CoordinatorMessage> waiting_;  // for a reset to end
  std::optional<v1::Assign> reassign_;          // likewise
  std::optional<absl::Status> finished_;        // once the session has ended for good
  std::optional<std::string> leaving_;          // why
  Attempt attempt_;

  Timer leave_timer_;
  Timer hand_over_timer_;  // for others to take over the work
  Timer progress_timer_;
  Timer health_timer_;
  Timer suspend_timer_;
};

}  // namespace lockstep::agent
