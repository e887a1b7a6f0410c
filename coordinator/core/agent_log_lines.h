// The log lines of agents in the coordinator's log. Pure.
#pragma once

#include <string>

#include "lockstep/v1/control.pb.h"

#include "common/base/log.h"

namespace lockstep::coordinator {

// `name_agent`: each line says whose it is.
void WriteLogLines(const v1::LogLines& lines, const std::string& agent, bool name_agent,
                   Logger& logger);

}  // namespace lockstep::coordinator
