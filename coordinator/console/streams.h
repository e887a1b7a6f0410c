// Standard output and standard error of this process. While a run is on they are written by
// threads, so that a terminal that stands still or a program that does not read holds up nothing
// but its own text.
//
// Both are one queue where they are one file (a terminal, `2>&1`): what is written there stays in
// order.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace lockstep::coordinator {

// All of these are thread-safe. Each write is of the whole text, or of nothing: false if there is
// no room for it any more.
bool WriteStdout(absl::string_view text);
// Of results that come all the time: leaves room for what people are to read in the end.
bool WriteSamplesToStdout(absl::string_view text);
bool WriteStderr(absl::string_view text);

// From now on threads write; before, whoever writes waits.
void WriteByThreads();
// Whether something that was written to standard output has not got there.
bool StdoutWaits();
// Waits until all has got there, or until nothing has for `patience`.
void FlushStreams(absl::Duration patience);

// Whether nobody reads standard output any more: a write has met a closed pipe.
bool StdoutIsGone();
// DataLoss, with the reason, if something could not be written to it. What still waits for its
// reader may arrive.
absl::Status StdoutSoFar();
// The same at the end: what waits is lost.
absl::Status CheckStdout();
// How many texts standard error has not taken, as a sentence; nothing: it has taken all.
std::optional<std::string> LostOnStderr();

}  // namespace lockstep::coordinator
