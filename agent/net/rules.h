// The parsed form of NetOptions: which hosts are mapped, blocked or blacklisted, how TLS is set up.
// Immutable and shared by all loops of a Network.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

#include "agent/net/ip.h"
#include "agent/net/network.h"

namespace lockstep::agent {

// Values for exact names ("host" or "host:port") and for "*.suffix" patterns, of which the longest
// match wins.
template <typename Value>
class HostPatterns {
 public:
  void Add(absl::string_view pattern, Value value) {
    if (!pattern.empty() && pattern[0] == '*') {
      suffixes_.emplace_back(std::string(pattern.substr(1)), std::move(value));
    } else {
      exact_[std::string(pattern)] = std::move(value);
    }
  }
  const Value* Find(absl::string_view name) const {
    if (const auto found = exact_.find(name); found != exact_.end()) {
      return &found->second;
    }
    const std::pair<std::string, Value>* best = nullptr;
    for (const auto& entry : suffixes_) {
      const bool matches = name.size() >= entry.first.size() &&
                           name.substr(name.size() - entry.first.size()) == entry.first;
      if (matches && (best == nullptr || entry.first.size() > best->first.size())) {
        best = &entry;
      }
    }
    return best == nullptr ? nullptr : &best->second;
  }
  bool empty() const { return exact_.empty() && suffixes_.empty(); }

 private:
  absl::flat_hash_map<std::string, Value> exact_;
  std::vector<std::pair<std::string, Value>> suffixes_;
};

struct Network::Rules {
  struct Target {
    IpAddress ip;
    int port = 0;  // 0: the URL's
  };
  HostPatterns<Target> hosts;
  HostPatterns<std::string> blocked;  // to the pattern's text
  std::vector<IpRange> blacklist;
  IpPool local_ips;
  long curl_ssl_version = 0;    // CURLOPT_SSLVERSION
  std::string openssl_ciphers;  // CURLOPT_SSL_CIPHER_LIST, "" for the default
  std::vector<std::string> no_proxy;

  const Target* MappedTo(absl::string_view host, int port) const;
  const IpRange* BlacklistedBy(const IpAddress& ip) const;
  // The proxy for a request, "" for none. Go's rules: never for localhost and loopback addresses.
  const std::string& ProxyFor(const ProxySettings& proxy, bool https, absl::string_view host,
                              int port) const;
};

// The client certificate for a server `host` that asks for one: the first whose domains match, then
// the first without domains, then the first; none if there is none.
const TlsAuth* ClientCertificateFor(const std::vector<TlsAuth>& certificates,
                                    absl::string_view host);

// As k6 and Go spell what OpenSSL negotiated: "tls1.3" for "TLSv1.3";
// "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305" without the IANA name's "_SHA256".
std::string TlsVersionName(absl::string_view openssl_version);
std::string TlsCipherName(absl::string_view iana_name);

}  // namespace lockstep::agent
