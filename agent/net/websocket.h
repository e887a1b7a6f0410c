// Makes the WebSockets of a loop; MultiLoop's inside.
#pragma once

#include <memory>

#include "agent/http/websocket.h"

namespace lockstep::agent {

class NetPool;
class Engine;

std::unique_ptr<WebSocket> MakeWebSocket(Engine& engine, NetPool& pool, WebSocketRequest request,
                                         WebSocketListener& listener);

}  // namespace lockstep::agent
