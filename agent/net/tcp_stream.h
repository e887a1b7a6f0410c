// Makes the streams of a loop; MultiLoop's inside.
#pragma once

#include <memory>

#include "agent/http/byte_stream.h"

namespace lockstep::agent {

class VuPool;
class Engine;

std::unique_ptr<ByteStream> MakeTcpStream(Engine& engine, VuPool& pool, StreamTarget target,
                                          StreamListener& listener);

}  // namespace lockstep::agent
