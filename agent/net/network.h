// What a run's network access is made of, apart from the loops: the options that shape connections,
// the resolver and the limit on requests per second. One Network per agent and run, shared by all
// of its MultiLoops; it outlives them.
//
// Everything here is immutable after Make or guarded: any thread may use it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "agent/net/trusted_roots.h"
#include "common/options/options.h"

namespace lockstep::agent {

class Resolver;
class RateLimiter;

// The environment's proxies, each for one scheme of URLs: "http://user:password@host:port", also
// with https or socks5; without a scheme http, without a port the scheme's. Empty: none.
struct ProxySettings {
  std::string http, https;
  std::string no_proxy;  // NO_PROXY as given
};

struct NetOptions {
  bool insecure = false;                   // accept any certificate
  std::string tls_min = {}, tls_max = {};  // "tls1.0" .. "tls1.3"; "": tls1.2 and the newest
  // IANA names; empty: OpenSSL's default. TLS 1.3 suites cannot be chosen.
  std::vector<std::string> tls_cipher_suites = {};
  std::vector<TlsAuth> tls_auth = {};
  // "host", "host:port" or "*.suffix" to "ip" or "ip:port".
  std::map<std::string, std::string> hosts = {};
  std::vector<std::string> block_hostnames = {};  // "name" or "*.suffix"
  std::vector<std::string> blacklist_ips = {};    // CIDR
  std::string local_ips = {};  // "10.0.0.1,10.1.0.0/28,10.2.0.1-10.2.0.9"; "": the system's choice
  DnsOptions dns = {};
  bool no_connection_reuse = false;  // each exchange opens its own connection
  // http: HTTP/2 from the first byte (RFC 9113, section 3.3), where no proxy is between.
  bool http2_prior_knowledge = false;
  bool http2 = true;  // https: HTTP/2 where the server has it, and no HTTP/3 is asked for
  // https: HTTP/3 and nothing else, where no proxy is between. An error where libcurl has none.
  bool http3 = false;
  ProxySettings proxy = {};
  TrustSettings trust = {};  // not used if `insecure`
  // Load the authorities now. Otherwise, the first connection with TLS waits for them.
  bool expect_tls = false;
  double requests_per_second = 0;  // of this agent; 0: no limit
  // Called on a loop's thread when a connection failed for want of a local port or a descriptor.
  std::function<void()> on_socket_refused = {};
};

// The network part of `options`, with the proxies and authorities of this process's environment
// (HTTP_PROXY, HTTPS_PROXY, NO_PROXY and their lower-case forms, SSL_CERT_FILE, SSL_CERT_DIR, and
// http2client=0 in GODEBUG, which is k6's way to HTTP/1.1, as Go reads them).
NetOptions NetOptionsFrom(const RunOptions& options);

class Network {
 public:
  // InvalidArgument: every address range, cipher suite, TLS version, host mapping or file of
  // authorities that cannot be read, all at once.
  static absl::StatusOr<std::unique_ptr<Network>> Make(NetOptions options);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  const NetOptions& options() const { return options_; }
  // This agent's part of the limit is another one from now on; see RateLimiter.
  void SetRequestsPerSecond(double per_second);
  // What of the options has no effect.
  const std::vector<std::string>& warnings() const { return warnings_; }

  // Used by agent/net only.
  struct Rules;
  const Rules& rules() const { return *rules_; }
  Resolver& resolver() const { return *resolver_; }
  RateLimiter& rate_limiter() const { return *rate_limiter_; }
  // Null if any certificate is accepted. Shared with what judges servers on threads that outlast
  // the loops.
  const std::shared_ptr<const TrustedRoots>& trusted_roots() const { return trusted_roots_; }

 private:
  Network();
  NetOptions options_;
  std::vector<std::string> warnings_;
  std::unique_ptr<Rules> rules_;
  std::unique_ptr<Resolver> resolver_;
  std::unique_ptr<RateLimiter> rate_limiter_;
  std::shared_ptr<const TrustedRoots> trusted_roots_;
};

}  // namespace lockstep::agent
