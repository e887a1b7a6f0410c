#include "coordinator/journal/keeper.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {

void Keeper::OnState(RunState state) {
  if (failure_.has_value() || state < v1::RunStatus::RUNNING || state == v1::RunStatus::DONE) {
    return;
  }
  if (!std::exchange(keeping_, true)) {
    Begin();
  }
  with_results_ = true;
  CommitSoon();
}

void Keeper::Begin() {
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
  if (failure_.has_value()) {
    return;
  }
  failure_ = absl::StrCat(status.message(), "; from ",
                          absl::FormatDuration(absl::Floor(parts_.run.elapsed(), absl::Seconds(1))),
                          " after the start on nothing was kept there but the result, if there was "
                          "room for it at the end");
  parts_.run.AddRemark(*failure_);
  parts_.logger.Warn(absl::StrCat(
      status.message(), ": the test goes on, and nothing more of it is kept there before its end"));
  End();
}

void Keeper::End() {
  commit_timer_.Cancel();
  second_timer_.Cancel();
  if (std::exchange(keeping_, false)) {
    parts_.fleet.ReleaseHold();
    parts_.run.BatchesKept();
  }
}

}  // namespace lockstep::coordinator
