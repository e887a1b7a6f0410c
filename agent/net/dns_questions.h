// DnsClient over c-ares, on a loop; MultiLoop's inside.
#pragma once

#include <memory>

#include "agent/http/dns_client.h"

namespace lockstep::agent {

class Engine;

// `engine` outlives it. Who still waits when it is destroyed is not told.
std::unique_ptr<DnsClient> MakeDnsQuestions(Engine& engine);

}  // namespace lockstep::agent
