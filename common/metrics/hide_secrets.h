// Takes secrets out of what an agent has measured: done by the agent before a batch leaves, and by
// the coordinator, which knows those of all agents. Pure.
#pragma once

#include "common/base/secrets.h"
#include "common/metrics/batch.h"

namespace lockstep {

// Out of the values of tags and out of errors. What was within Batch's limits still is: where it
// would become too long, less of the rest is left. Sets and errors that become equal stay apart.
void HideSecrets(const Redactor& redactor, Batch* batch);

}  // namespace lockstep
