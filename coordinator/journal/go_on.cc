#include "coordinator/journal/go_on.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {

absl::Status MayGoOn(const UnfinishedRun& run, const RunIdentity& test, MonoTime now) {
  if (run.run.state < v1::RunStatus::RUNNING) {
    return absl::FailedPreconditionError("it had not started");
  }
  if (run.identity.boot != test.boot || now < run.kept_mono) {
    return absl::FailedPreconditionError("the machine was started again meanwhile");
  }
  if (run.identity.version != test.version) {
    return absl::FailedPreconditionError(
        absl::StrCat("lockstep ", run.identity.version, " began it, and this is ", test.version));
  }
  if (run.identity.test_hash != test.test_hash) {
    return absl::FailedPreconditionError("this is another test");
  }
  if (!run.broken_off.empty()) {
    const absl::Duration kept = std::max(run.kept_mono - run.run.clock.t0, absl::ZeroDuration());
    return absl::FailedPreconditionError(
        absl::StrCat("what is kept of it ends ",
                     absl::FormatDuration(absl::Trunc(kept, absl::Milliseconds(100))),
                     " after the start, as nothing could be written any more (", run.broken_off,
                     "), and its agents were told of more than that"));
  }
  if (const absl::Duration gone = now - run.kept_mono; gone >= kGoOnWithin) {
    return absl::FailedPreconditionError(absl::StrCat(
        "it is too late: its coordinator has been gone for ",
        absl::FormatDuration(absl::Trunc(gone, absl::Milliseconds(100))), ", and after ",
        absl::FormatDuration(kGoOnWithin), " its agents may have given it up"));
  }
  return absl::OkStatus();
}

bool MayAnswerFor(const RunRecord& run, const RunIdentity& test, MonoTime now) {
  return run.ended.has_value() && run.alive.has_value() && run.identity.boot == test.boot &&
         run.identity.version == test.version && run.identity.test_hash == test.test_hash &&
         run.identity.settings == test.settings && now >= *run.alive &&
         now - *run.alive < kGoOnWithin;
}

}  // namespace lockstep::coordinator
