// Whether a coordinator that is started again may go on with a run that a journal holds, or answer
// for it. Pure.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "coordinator/core/fleet.h"
#include "coordinator/journal/journal.h"

namespace lockstep::coordinator {

// So long after the last commit, which is two seconds less than kLease: agents count that from when
// they have last heard of the coordinator, up to a heartbeat before the commit, and need some time
// to come back.
inline constexpr absl::Duration kGoOnWithin = absl::Seconds(8);

// OK, or FailedPrecondition with the reason, for people: "this is another test". `test` is the one
// that is to be run now.
absl::Status MayGoOn(const UnfinishedRun& run, const RunIdentity& test, MonoTime now);

// Whether a coordinator that is started again is to answer for a run that has ended, and not to run
// the test once more: its process was gone before it gave its exit code, a moment ago, and it was
// the same test, with the same outputs: what is wanted has been written. Pure.
bool MayAnswerFor(const RunRecord& run, const RunIdentity& test, MonoTime now);

}  // namespace lockstep::coordinator
