// Where an exchange goes: its URL's host, subject to the run's rules (hosts, blocked names,
// blacklisted addresses, proxies, client certificates).
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "agent/http/message.h"
#include "agent/net/ip.h"
#include "agent/net/network.h"

namespace lockstep::agent {

inline constexpr absl::Duration kDialLimit = absl::Seconds(30);  // Go's dialer in k6

struct Target {
  HttpError refused;            // by the rules, or for its scheme: what follows is then incomplete
  std::string scheme;           // the URL's
  std::string host;             // likewise
  int port = 0;                 // the URL's
  int dial_port = 0;            // the mapped one, or `port`
  std::optional<IpAddress> ip;  // a literal or mapped address; empty: look `host` up
  bool literal = false;         // the URL itself names the address
  std::string proxy;            // ask this one instead; "": direct
  const TlsAuth* certificate = nullptr;

  bool secure() const { return scheme == "https"; }
  bool needs_lookup() const { return !ip && proxy.empty(); }
};

// Refuses other schemes than http and https.
Target MakeTarget(const Network& network, const Url& url);

// Of a `host` that was not read from a URL: in any case, or not in ASCII. The target has the
// name that rules have and that is looked up.
Target MakeTarget(const Network& network, absl::string_view host, int port, bool tls);

// 1110 if `ip` is blacklisted, otherwise no error.
HttpError CheckAddress(const Network& network, const IpAddress& ip);

// "127.0.0.1:80", "[::1]:80".
std::string HostPort(absl::string_view host, int port);

}  // namespace lockstep::agent
