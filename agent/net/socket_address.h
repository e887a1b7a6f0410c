// An address as the system's calls take it.
#pragma once

#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

#include "agent/net/ip.h"

namespace lockstep::agent {

struct SocketAddress {
  SocketAddress(const IpAddress& ip, int port) {
    if (ip.is_v4()) {
      auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
      v4->sin_family = AF_INET;
      v4->sin_port = htons(static_cast<uint16_t>(port));
      std::memcpy(&v4->sin_addr, ip.bytes.data() + 12, 4);
      size = sizeof(*v4);
    } else {
      auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons(static_cast<uint16_t>(port));
      std::memcpy(&v6->sin6_addr, ip.bytes.data(), 16);
      size = sizeof(*v6);
    }
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }

  sockaddr_storage storage{};
  socklen_t size = 0;
};

}  // namespace lockstep::agent
