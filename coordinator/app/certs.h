// `lockstep certs`: makes and revokes a fleet's certificates.
#pragma once

#include "absl/time/time.h"

#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "coordinator/app/commands.h"

namespace lockstep::coordinator {

// Says on standard output what it made, and on `logger` what is wrong.
ExitCode ExecuteCerts(const CertsCommand& command, absl::Time now, Logger& logger);

}  // namespace lockstep::coordinator
