// A socket that listens on loopback, for servers of tests whose every byte is theirs.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "common/base/check.h"

namespace lockstep::testing {

struct LoopbackListener {
  int fd;  // the caller closes it
  int port;
};

// On 127.0.0.1, on a port that was free.
inline LoopbackListener ListenOnLoopback() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place = {};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof place;
  auto* const any = reinterpret_cast<sockaddr*>(&place);
  LOCKSTEP_CHECK(bind(fd, any, size) == 0 && listen(fd, 16) == 0);
  LOCKSTEP_CHECK(getsockname(fd, any, &size) == 0);
  return {fd, ntohs(place.sin_port)};
}

}  // namespace lockstep::testing
