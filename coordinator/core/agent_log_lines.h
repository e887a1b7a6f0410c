// The log lines of agents in the coordinator's log. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "lockstep/v1/control.pb.h"

#include "common/base/log.h"

namespace lockstep::coordinator {

// `name_agent`: each line says whose it is. `dropped`, of all agents so far, is told anew with each
// loss, as lines of one cause are folded, and the last one is to be true.
void WriteLogLines(const v1::LogLines& lines, const std::string& agent, bool name_agent,
                   int64_t* dropped, Logger& logger);

}  // namespace lockstep::coordinator
