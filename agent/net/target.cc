#include "agent/net/target.h"

#include "absl/strings/str_cat.h"

#include "agent/http/domain_name.h"
#include "agent/http/error_code.h"
#include "agent/http/url.h"
#include "agent/net/rules.h"

namespace lockstep::agent {

std::string HostPort(absl::string_view host, int port) {
  const bool v6 = host.find(':') != absl::string_view::npos;
  return absl::StrCat(v6 ? "[" : "", host, v6 ? "]:" : ":", port);
}

HttpError CheckAddress(const Network& network, const IpAddress& ip) {
  const IpRange* range = network.rules().BlacklistedBy(ip);
  if (range == nullptr) {
    return {};
  }
  return {error_code::kBlacklistedIp, "ip is blacklisted",
          absl::StrCat("IP (", ip.ToString(), ") is in a blacklisted range (", range->text, ")")};
}

Target MakeTarget(const Network& network, const Url& url) {
  Target target;
  target.scheme = url.scheme;
  if (url.scheme != "http" && url.scheme != "https") {
    target.refused = {error_code::kGeneric,
                      absl::StrCat("unsupported protocol scheme \"", url.scheme, "\"")};
    return target;
  }
  const Network::Rules& rules = network.rules();
  target.host = url.host;
  target.port = target.dial_port = url.port;
  if (const std::string* pattern = rules.blocked.Find(target.host)) {
    target.refused = {
        error_code::kBlockedHostname, "hostname is blocked",
        absl::StrCat("hostname (", target.host, ") is in a blocked pattern (", *pattern, ")")};
    return target;
  }
  if (const absl::StatusOr<IpAddress> ip = ParseIp(target.host); ip.ok()) {
    target.ip = *ip;
    target.literal = true;
  }
  if (const Network::Rules::Target* mapped = rules.MappedTo(target.host, target.port)) {
    target.ip = mapped->ip;
    target.dial_port = mapped->port == 0 ? target.port : mapped->port;
    target.literal = false;
  }
  target.proxy = rules.ProxyFor(network.options().proxy, target.secure(), target.host, target.port);
  if (target.ip) {
    target.refused = CheckAddress(network, *target.ip);
  }
  if (target.secure()) {
    target.certificate = ClientCertificateFor(network.options().tls_auth, target.host);
  }
  return target;
}

Target MakeTarget(const Network& network, absl::string_view host, int port, bool tls) {
  Url url;
  url.scheme = tls ? "https" : "http";  // which means no more than with TLS or without
  url.host = HostToAscii(host).value_or(std::string(host));
  url.port = port;
  return MakeTarget(network, url);
}

}  // namespace lockstep::agent
