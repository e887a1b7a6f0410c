// What a run does with a script apart from iterations: looks at its exports, calls setup, teardown
// and handleSummary. Each runs inside a VU that has evaluated the init code.
#pragma once

#include <string>

#include "agent/run/script_host.h"
#include "agent/vu/script_vu.h"

namespace lockstep::agent {

// What the script exports and has registered.
ScriptResult<Inspection> ExamineScript(ScriptVu& vu);
// setup()'s result as JSON; "" for undefined or without such a function.
ScriptResult<std::string> CallSetup(ScriptVu& vu);
ScriptResult<bool> CallTeardown(ScriptVu& vu);
// handleSummary's result: contents by destination.
ScriptResult<SummaryOutputs> CallHandleSummary(ScriptVu& vu, const std::string& data_json);

}  // namespace lockstep::agent
