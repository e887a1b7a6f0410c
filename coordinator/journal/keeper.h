// Keeps a run while it goes on: what the coordinator tells anybody is on disk before it is told.
//
// From Running on the fleet is held: what an event of the loop makes of run and fleet is committed
// after that event (several events together, if commits follow one another closely), and only then
// do messages leave and acknowledgements go out. Results are committed each second and whenever the
// run comes to another state; batches are acknowledged after that. Why so: see
// deploy/docs/architecture.md.
//
// Writing takes its time, and the loop goes on meanwhile: one commit is written at once, and all
// that comes until it is on disk is the next one. So what waits is bounded, however long a disk
// stands still: messages and acknowledgements wait with it, the load does not. A disk that takes
// longer than a second is named, in the log and with the verdict.
//
// If something cannot be written, the run goes on without: the fleet is held no longer, and from
// time to time everything is written anew. Once that works, the run is kept as before; if it does
// not until the end, that is told there.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
  // Between two commits of a run with so many agents. Each looks at all of them, and they cause the
  // more of them the more they are: further apart, what commits cost grows with the agents, and not
  // with their square.
  static absl::Duration Apart(size_t agents);

  struct Parts {  // all borrowed, and outliving the keeper
    EventLoop& loop;
    Run& run;
    Fleet& fleet;
    Logger& logger;
  };
  // Begins to commit, `results`: those, too, of which `run` counts the batches; `done` is called on
  // the loop, in a later task. One at a time.
  using Done = absl::AnyInvocable<void(absl::Status)>;
  using Write = absl::AnyInvocable<void(const RunCheckpoint& run, const FleetCheckpoint& fleet,
                                        bool results, Done done)>;
  Keeper(Parts parts, Write write) : parts_(parts), write_(std::move(write)) {}
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // Of Run::Events; that of a run that goes on, too. Nothing is kept before Running.
  void OnState(RunState state);
  // Commits as soon as possible, and calls `then` once all that was done so far is on disk; at once
  // where nothing is kept.
  void WhenKept(absl::AnyInvocable<void()> then);
  // The run is over and needs nobody to go on with it.
  void End();
  // While nothing is kept: since when, and why, as a sentence for people.
  const std::optional<std::string>& failure() const { return failure_; }

 private:
  // Until everything is written anew after a failure; twice as long after each one.
  static constexpr absl::Duration kFirstRetry = absl::Seconds(1);
  static constexpr absl::Duration kMostRetry = absl::Seconds(16);
  // From when on a disk is late.
  static constexpr absl::Duration kLate = absl::Seconds(1);

  void Begin();
  void CommitSoon();
  void Commit();
  // What was being written is on disk, or cannot be.
  void OnWritten(const std::vector<SessionMark>& marks, const std::vector<MergedBatches>& merged,
                 const absl::Status& status);
  // The disk has not taken a commit for long; or has, after that.
  void OnLate();
  void OnNoLongerLate();
  void EachSecond();
  void Fail(const absl::Status& status);
  void TryAgain();
  // Nothing waits for commits any more.
  void LetGo();

  const Parts parts_;
  Write write_;
  bool keeping_ = false;
  bool with_results_ = false;  // the next commit
  bool again_ = false;    // there is something for a commit after the one that is being written
  MonoTime last_commit_;  // its beginning
  std::shared_ptr<bool> writing_;  // null: nothing is; false: nobody waits for it any more
  bool late_ = false;              // what is being written has been so for long
  absl::Duration latest_;          // the longest that anything late has taken
  std::string late_remark_;
  std::vector<absl::AnyInvocable<void()>> waiting_;  // for the next commit
  std::vector<absl::AnyInvocable<void()>> written_;  // for the one that is being written
  absl::Duration retry_after_ = kFirstRetry;
  Timer commit_timer_{parts_.loop};
  Timer second_timer_{parts_.loop};
  Timer retry_timer_{parts_.loop};
  Timer late_timer_{parts_.loop};
  std::optional<std::string> failure_;
};

}  // namespace lockstep::coordinator
