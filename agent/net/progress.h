// How far the carrying of an exchange over a connection has got.
#pragma once

#include <cstdint>

#include "common/base/clock.h"

namespace lockstep::agent {

struct Progress {
  // MonoTime(): not yet.
  MonoTime began;       // the connection was there, and the request follows
  MonoTime all_sent;    // the system has all of the request
  MonoTime first_byte;  // of the answer
  // Above TCP and TLS.
  int64_t sent = 0, received = 0;
};

}  // namespace lockstep::agent
