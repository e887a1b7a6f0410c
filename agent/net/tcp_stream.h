// Makes the streams of a loop; MultiLoop's inside.
#pragma once

#include <memory>

#include "agent/http/byte_stream.h"

namespace lockstep::agent {

class NetPool;
class Engine;

std::unique_ptr<ByteStream> MakeTcpStream(Engine& engine, NetPool& pool, StreamTarget target,
                                          StreamListener& listener);

}  // namespace lockstep::agent
