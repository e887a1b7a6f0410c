// k6's REST API on a run, as far as it makes sense for a fleet, and the pages that container
// platforms and Prometheus ask for. A function from request to answer; no sockets, no threads.
//
// | path                    | methods    | answer |
// |-------------------------|------------|---------------------------------------------------------------------|
// | /v1/status              | GET, PATCH | state, VUs; `paused`, `stopped`, `vus`, `vus-max` may be
// changed    | | /v1/metrics[/ID]        | GET        | metrics so far, submetrics included | |
// /v1/groups[/ID]         | GET        | groups and their checks so far | | /v1/setup | GET, POST
// | what setup() has returned. POST answers the same: it runs just once | | /v1/teardown | POST |
// refused: teardown() runs by itself, once                            | | /metrics                |
// GET        | all of it for Prometheus                                            | | /healthz,
// /readyz       | GET        | 200; /readyz is 503 once the run is over | | /ping | GET        |
// "ok"                                                                |
//
// Errors are JSON:API's: 400 for a body that cannot be, 404, 405, 409 where the run's state or
// executors forbid it.
#pragma once

#include "common/web/web_server.h"
#include "coordinator/core/control.h"

namespace lockstep::coordinator {

// On the loop that `control` lives on.
WebResponse AnswerRest(const WebRequest& request, RunControl& control);

}  // namespace lockstep::coordinator
