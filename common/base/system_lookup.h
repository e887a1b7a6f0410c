// Names to addresses by the system's own way: /etc/hosts, name servers, whatever it is set up for.
#pragma once

#include <memory>
#include <string>

#include <netdb.h>

namespace lockstep {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// What getaddrinfo(3) says of `host` ("" for none) and `port`, a number: 0 and the addresses in
// `found`, or its error. localhost and what is below it are this machine also where neither a file
// nor a server knows them (RFC 6761, 6.3). Blocks.
int SystemLookup(const std::string& host, const std::string& port, const addrinfo& hints,
                 Addresses& found);

}  // namespace lockstep
