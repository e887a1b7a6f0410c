#include "common/base/system_lookup.h"

#include "common/base/host_port.h"

namespace lockstep {

int SystemLookup(const std::string& host, const std::string& port, const addrinfo& hints,
                 Addresses& found) {
  addrinfo* list = nullptr;
  int error = getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &list);
  if (error != 0 && IsLocalhost(host)) {
    addrinfo loopback = hints;  // which is what no host means, unless it is to be listened on
    loopback.ai_flags &= ~AI_PASSIVE;
    error = getaddrinfo(nullptr, port.c_str(), &loopback, &list);
  }
  found.reset(list);
  return error;
}

}  // namespace lockstep
