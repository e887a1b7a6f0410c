#include "coordinator/journal/keeper.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {

void Keeper::OnState(RunState state) {
  if (failure_.has_value() || state < v1::RunStatus::RUNNING || state == v1::RunStatus::DONE) {
    return;
  }
  if (!keeping_) {
    Begin();
  }
  with_results_ = true;
  CommitSoon();
}

void Keeper::Begin() {
  keeping_ = true;
  parts_.fleet.Hold([this] { CommitSoon(); });
  EachSecond();
}

void Keeper::EachSecond() {
  second_timer_.After(absl::Seconds(1), [this] {
    EachSecond();
    with_results_ = true;
    CommitSoon();
  });
}

// Never in the middle of an event, which may have more to change.
void Keeper::CommitSoon() {
  if (commit_timer_.set()) {
    return;
  }
  commit_timer_.At(std::max(parts_.loop.clock().Mono(), last_commit_ + kApart),
                   [this] { Commit(); });
}

void Keeper::Now() {
  commit_timer_.Cancel();
  Commit();
}

void Keeper::Commit() {
  if (!keeping_) {
    return;
  }
  last_commit_ = parts_.loop.clock().Mono();
  const bool results = std::exchange(with_results_, false);
  RunCheckpoint run = parts_.run.Checkpoint();
  if (results) {
    for (RunMember& member : run.members) {
      member.batches_kept = member.batches.last();
    }
  }
  if (const absl::Status written = write_(run, parts_.fleet.Checkpoint(), results); !written.ok()) {
    Fail(written);
    return;
  }
  parts_.fleet.Committed();
  if (results) {
    parts_.run.BatchesKept();
  }
}

void Keeper::Fail(const absl::Status& status) {
  LetGo();
  if (!failure_.has_value()) {
    failure_ =
        absl::StrCat(status.message(), "; from ",
                     absl::FormatDuration(absl::Floor(parts_.run.elapsed(), absl::Seconds(1))),
                     " after the start on nothing was kept there but the result, if there was "
                     "room for it at the end");
    parts_.run.AddRemark(*failure_);
    parts_.logger.Warn(
        absl::StrCat(status.message(),
                     ": the test goes on, and nothing of it is kept there until that is possible "
                     "again; if this process ends meanwhile, nobody can go on with the run"));
  }
  retry_timer_.After(retry_after_, [this] { TryAgain(); });
  retry_after_ = std::min(2 * retry_after_, kMostRetry);
}

// What was agreed and acknowledged meanwhile is in what is written now.
void Keeper::TryAgain() {
  Begin();
  with_results_ = true;
  Commit();
  if (keeping_) {
    parts_.run.TakeBackRemark(*std::exchange(failure_, std::nullopt));
    parts_.logger.Info("journal: there is room again, and everything is kept there as before");
  }
}

void Keeper::LetGo() {
  commit_timer_.Cancel();
  second_timer_.Cancel();
  if (std::exchange(keeping_, false)) {
    parts_.fleet.ReleaseHold();
    parts_.run.BatchesKept();
  }
}

void Keeper::End() {
  retry_timer_.Cancel();
  LetGo();
}

}  // namespace lockstep::coordinator
