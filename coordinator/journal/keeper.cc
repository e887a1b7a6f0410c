#include "coordinator/journal/keeper.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {

absl::Duration Keeper::Apart(size_t agents) {
  constexpr absl::Duration kLeast = absl::Milliseconds(10);
  constexpr absl::Duration kOfAnAgent = absl::Microseconds(200);
  const absl::Duration kMost = kMostDelay - kLeast;
  return std::clamp(static_cast<int64_t>(agents) * kOfAnAgent, kLeast, kMost);
}

void Keeper::OnState(RunState state) {
  if ((failure_.has_value() && !keeping_) || state < v1::RunStatus::RUNNING ||
      state == v1::RunStatus::DONE) {
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
  if (writing_ != nullptr) {
    again_ = true;
    return;
  }
  commit_timer_.At(
      std::max(parts_.loop.clock().Mono(), last_commit_ + Apart(parts_.run.members().size())),
      [this] { Commit(); });
}

void Keeper::WhenKept(absl::AnyInvocable<void()> then) {
  if (!keeping_) {
    then();
    return;
  }
  waiting_.push_back(std::move(then));
  if (writing_ != nullptr) {
    again_ = true;
    return;
  }
  commit_timer_.Cancel();
  Commit();
}

void Keeper::Commit() {
  last_commit_ = parts_.loop.clock().Mono();
  again_ = false;
  written_ = std::exchange(waiting_, {});
  const bool results = std::exchange(with_results_, false);
  RunCheckpoint run = parts_.run.Checkpoint();
  std::vector<MergedBatches> merged;
  if (results) {
    merged = parts_.run.Merged();
    for (RunMember& member : run.members) {
      member.KeepMerged();
    }
  }
  const FleetCheckpoint fleet = parts_.fleet.Checkpoint();
  std::vector<SessionMark> marks;
  for (const SessionCheckpoint& session : fleet.sessions) {
    marks.push_back({session.agent, session.sent, session.received});
  }
  writing_ = std::make_shared<bool>(true);
  late_timer_.After(kLate, [this] { OnLate(); });
  write_(run, fleet, results,
         [this, current = writing_, marks = std::move(marks),
          merged = std::move(merged)](const absl::Status& status) {
           if (*current) {
             OnWritten(marks, merged, status);
           }
         });
}

void Keeper::OnWritten(const std::vector<SessionMark>& marks,
                       const std::vector<MergedBatches>& merged, const absl::Status& status) {
  writing_ = nullptr;
  late_timer_.Cancel();
  if (late_) {
    OnNoLongerLate();
  }
  if (!status.ok()) {
    Fail(status);
    return;
  }
  if (failure_.has_value()) {
    parts_.run.TakeBackRemark(*std::exchange(failure_, std::nullopt));
    parts_.logger.Info("journal: there is room again, and everything is kept there as before");
  }
  parts_.fleet.Committed(marks);
  parts_.run.BatchesKept(merged);
  for (absl::AnyInvocable<void()>& then : std::exchange(written_, {})) {
    then();
  }
  if (!waiting_.empty()) {
    Commit();
  } else if (again_) {
    CommitSoon();
  }
}

void Keeper::OnLate() {
  late_ = true;
  const std::string since =
      absl::FormatDuration(absl::Floor(parts_.run.elapsed() - kLate, absl::Milliseconds(100)));
  parts_.logger.Warn(
      absl::StrCat("journal: its disk has taken nothing for a second, since ", since,
                   " after the start: the load goes on, and what agents and people are to be told "
                   "waits until it does"));
  if (latest_ == absl::ZeroDuration()) {
    late_remark_ = absl::StrCat("journal: its disk has taken nothing since ", since,
                                " after the start: what agents and people were to be told waits");
    parts_.run.AddRemark(late_remark_);
  }
}

void Keeper::OnNoLongerLate() {
  late_ = false;
  const absl::Duration lasted =
      absl::Floor(parts_.loop.clock().Mono() - last_commit_, absl::Milliseconds(100));
  parts_.logger.Info(absl::StrCat("journal: its disk has gone on after ",
                                  absl::FormatDuration(lasted), ", and nothing is missing"));
  latest_ = std::max(latest_, lasted);
  parts_.run.TakeBackRemark(late_remark_);
  late_remark_ =
      absl::StrCat("journal: its disk has stood still, for up to ", absl::FormatDuration(latest_),
                   ": so long agents and people may have waited for what they were told");
  parts_.run.AddRemark(late_remark_);
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
}

void Keeper::LetGo() {
  for (Timer* timer : {&commit_timer_, &second_timer_, &late_timer_}) {
    timer->Cancel();
  }
  if (writing_ != nullptr) {
    *std::exchange(writing_, nullptr) = false;
  }
  if (std::exchange(keeping_, false)) {
    parts_.fleet.ReleaseHold();
    parts_.run.BatchesKept(parts_.run.Merged());
  }
  for (std::vector<absl::AnyInvocable<void()>>* waiting : {&written_, &waiting_}) {
    for (absl::AnyInvocable<void()>& then : std::exchange(*waiting, {})) {
      then();
    }
  }
}

void Keeper::End() {
  retry_timer_.Cancel();
  LetGo();
}

Keeper::~Keeper() {
  if (writing_ != nullptr) {
    *writing_ = false;
  }
}

}  // namespace lockstep::coordinator
