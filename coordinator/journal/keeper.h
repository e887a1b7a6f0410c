// Keeps a run while it goes on: what the coordinator tells anybody is on disk before it is told.
//
// From Running on the fleet is held: what an event of the loop makes of run and fleet is committed
// after that event (several events together, if commits follow one another closely), and only then
// do messages leave and acknowledgements go out. Results are committed each second and whenever the
// run comes to another state; batches are acknowledged after that. Why so: see
// deploy/docs/architecture.md.
//
// If something cannot be written, the run goes on without: the fleet is held no longer, and from time to
// time everything is written anew. Once that works, the run is kept as before; if it does not until
// the end, that is told there.
#pragma once

#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "common/base/event_loop.h"
#include "common/base/log.h"
#include "common/base/timer.h"
#include "coordinator/core/checkpoint.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/run.h"

namespace lockstep::coordinator {

// Loop-bound.
class Keeper {
 public:
  // For how long a message may have to wait; what has been agreed for one instant leaves by so much
  // earlier.
  static constexpr absl::Duration kMostDelay = absl::Milliseconds(50);

  struct Parts {  // all borrowed, and outliving the keeper
    EventLoop& loop;
    Run& run;
    Fleet& fleet;
    Logger& logger;
  };
  // Commits; `results`: those, too, of which `run` counts the batches.
  using Write = absl::AnyInvocable<absl::Status(const RunCheckpoint& run,
                                                const FleetCheckpoint& fleet, bool results)>;
  Keeper(Parts parts, Write write) : parts_(parts), write_(std::move(write)) {}
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // Of Run::Events; that of a run that goes on, too. Nothing is kept before Running.
  void OnState(RunState state);
  // Commits at once, so that whoever is told of it next finds it there.
  void Now();
  // The run is over and needs nobody to go on with it.
  void End();
  // While nothing is kept: since when, and why, as a sentence for people.
  const std::optional<std::string>& failure() const { return failure_; }

 private:
  // Between two commits.
  static constexpr absl::Duration kApart = absl::Milliseconds(10);
  // Until everything is written anew after a failure; twice as long after each one.
  static constexpr absl::Duration kFirstRetry = absl::Seconds(1);
  static constexpr absl::Duration kMostRetry = absl::Seconds(16);

  void Begin();
  void CommitSoon();
  void Commit();
  void EachSecond();
  void Fail(const absl::Status& status);
  void TryAgain();
  // Nothing waits for commits any more.
  void LetGo();

  const Parts parts_;
  Write write_;
  bool keeping_ = false;
  bool with_results_ = false;  // the next commit
  MonoTime last_commit_;
  absl::Duration retry_after_ = kFirstRetry;
  Timer commit_timer_{parts_.loop};
  Timer second_timer_{parts_.loop};
  Timer retry_timer_{parts_.loop};
  std::optional<std::string> failure_;
};

}  // namespace lockstep::coordinator
