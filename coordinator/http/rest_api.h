// k6's REST API for a run, as far as it makes sense for a fleet, and the pages that container
// platforms and Prometheus ask for. A function from request to answer; no sockets, no threads.
//
// | path               | methods    | answer                                                       |
// |--------------------|------------|--------------------------------------------------------------|
// | /v1/status         | GET, PATCH | state, VUs; PATCH changes paused, stopped, vus, vus-max      |
// | /v1/metrics[/ID]   | GET        | metrics so far, submetrics included                          |
// | /v1/groups[/ID]    | GET        | groups and their checks so far                               |
// | /v1/setup          | GET, POST  | what setup() returned, for POST too: it runs just once       |
// | /v1/teardown       | POST       | refused: teardown() runs by itself, once                     |
// | /metrics           | GET        | all of it for Prometheus                                     |
// | /healthz, /readyz  | GET        | 200; /readyz is 503 once the run is over                     |
// | /ping              | GET        | "ok"                                                         |
//
// Errors follow JSON:API: 400 for an invalid body, 404, 405, and 409 where the run's state or its
// executors do not allow it.
#pragma once

#include "common/web/web_server.h"
#include "coordinator/core/control.h"

namespace lockstep::coordinator {

// On the loop that `control` lives on.
WebResponse AnswerRest(const WebRequest& request, RunControl& control);

}  // namespace lockstep::coordinator
