// What c-ares says, as scripts are told it. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "agent/http/dns_client.h"

namespace lockstep::agent {

// Of one of c-ares' codes that is no success.
absl::Status DnsFailure(int status);

// `address` is an in_addr or an in6_addr.
std::string TextOfAddress(int family, const void* address);

// The addresses in the message `answer`, of `size` bytes, which has none if there are none of
// `record`'s kind. Otherwise as DnsFailure.
absl::StatusOr<std::vector<std::string>> AddressesIn(const unsigned char* answer, int size,
                                                     DnsRecord record);

}  // namespace lockstep::agent
