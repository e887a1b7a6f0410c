// The coordinator's logger, wherever its lines go.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "coordinator/console/log_sink.h"

namespace lockstep::coordinator {

// As MakeLogger, and to a Loki server, too. InvalidArgument names what is wrong with --log-output.
absl::StatusOr<std::unique_ptr<RunLogger>> MakeRunLogger(const LogSettings& settings, bool terminal,
                                                         absl::Time start);

}  // namespace lockstep::coordinator
