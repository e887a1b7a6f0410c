// Keeps secrets out of what an agent tells of its script, for people to read. Done by the agent
// before a message leaves, with all that it has been given itself, and by the coordinator, which
// knows those of all agents, where it comes in. Pure; any thread.
#pragma once

#include "lockstep/v1/control.pb.h"

namespace lockstep {

class Redactor;

// Out of failures, of why a test is aborted, and of what handleSummary() wants written. setup()'s
// value stays as it is, and names those in it. Log lines are without any when they are written, and
// batches have a form of their own (common/metrics/hide_secrets.h).
void HideSecrets(const Redactor& redactor, v1::AgentMessage* message);

}  // namespace lockstep
