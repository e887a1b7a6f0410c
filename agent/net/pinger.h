// PingClient on a loop; MultiLoop's inside.
#pragma once

#include <memory>

#include "agent/http/dns_client.h"
#include "agent/http/ping.h"

namespace lockstep::agent {

class Engine;

// `engine` and `dns` outlive the ping.
std::unique_ptr<Ping> MakePing(Engine& engine, DnsClient& dns, PingSpec spec,
                               PingListener& listener);

}  // namespace lockstep::agent
