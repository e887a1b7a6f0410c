#include "agent/net/dns_answers.h"

#define CARES_NO_DEPRECATED  // newer versions have other functions, older ones only these
#include <ares.h>
#include <arpa/inet.h>

namespace lockstep::agent {
namespace {

// Of one answer: a message of 64 KiB has room for about as many of AAAA.
constexpr int kMostDnsAddresses = 1024;

}  // namespace

absl::Status DnsFailure(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
      return absl::NotFoundError("no such host");
    case ARES_ETIMEOUT:
      return absl::DeadlineExceededError("no answer in time");
    case ARES_ECONNREFUSED:
      return absl::UnavailableError("connection refused");
    case ARES_EBADNAME:
      return absl::InvalidArgumentError("this is not a domain name");
    case ARES_ESERVFAIL:
      return absl::UnavailableError("the server has failed (SERVFAIL)");
    case ARES_EREFUSED:
      return absl::UnavailableError("the server has refused to answer (REFUSED)");
    case ARES_EFORMERR:
      return absl::UnavailableError("the server has not understood the question (FORMERR)");
    case ARES_ENOTIMP:
      return absl::UnavailableError("the server does not know such questions (NOTIMP)");
    case ARES_EBADRESP:
      return absl::UnavailableError("the answer cannot be read");
    default:
      return absl::UnavailableError(ares_strerror(status));
  }
}

std::string TextOfAddress(int family, const void* address) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(family, address, text, sizeof(text));
  return text;
}

absl::StatusOr<std::vector<std::string>> AddressesIn(const unsigned char* answer, int size,
                                                     DnsRecord record) {
  std::vector<std::string> texts;
  int count = kMostDnsAddresses;
  int status = ARES_SUCCESS;
  if (record == DnsRecord::kA) {
    std::vector<ares_addrttl> found(kMostDnsAddresses);
    status = ares_parse_a_reply(answer, size, nullptr, found.data(), &count);
    for (int i = 0; status == ARES_SUCCESS && i < count; ++i) {
      texts.push_back(TextOfAddress(AF_INET, &found[static_cast<size_t>(i)].ipaddr));
    }
  } else {
    std::vector<ares_addr6ttl> found(kMostDnsAddresses);
    status = ares_parse_aaaa_reply(answer, size, nullptr, found.data(), &count);
    for (int i = 0; status == ARES_SUCCESS && i < count; ++i) {
      texts.push_back(TextOfAddress(AF_INET6, &found[static_cast<size_t>(i)].ip6addr));
    }
  }
  if (status != ARES_SUCCESS && status != ARES_ENODATA) {
    return DnsFailure(status);
  }
  return texts;
}

}  // namespace lockstep::agent
