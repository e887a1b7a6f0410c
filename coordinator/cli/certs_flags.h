// The flags of `lockstep certs` and its verbs, which take none of a test's.
#pragma once

#include "CLI/CLI.hpp"

#include "coordinator/app/commands.h"

namespace lockstep::coordinator {

// Adds the verbs to `certs`; parsing fills in `*command`, which outlives the parser.
void AddCertsCommands(CLI::App* certs, CertsCommand* command);

}  // namespace lockstep::coordinator
