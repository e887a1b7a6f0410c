#include "agent/net/network.h"

#include <cstdlib>
#include <tuple>

#include <curl/curl.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "agent/http/domain_name.h"
#include "agent/http/url.h"
#include "agent/net/rate_limiter.h"
#include "agent/net/resolver.h"
#include "agent/net/rules.h"
#include "common/base/host_port.h"
#include "common/trust/cipher_suites.h"
#include "common/trust/client_certificate.h"

namespace lockstep::agent {
namespace {

struct TlsVersion {
  const char* name;
  long least, most;  // curl's
};
constexpr TlsVersion kTlsVersions[] = {
    {"tls1.0", CURL_SSLVERSION_TLSv1_0, CURL_SSLVERSION_MAX_TLSv1_0},
    {"tls1.1", CURL_SSLVERSION_TLSv1_1, CURL_SSLVERSION_MAX_TLSv1_1},
    {"tls1.2", CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_MAX_TLSv1_2},
    {"tls1.3", CURL_SSLVERSION_TLSv1_3, CURL_SSLVERSION_MAX_TLSv1_3},
};

const TlsVersion* FindTlsVersion(absl::string_view name, std::vector<std::string>& errors) {
  for (const TlsVersion& version : kTlsVersions) {
    if (name == version.name) {
      return &version;
    }
  }
  errors.push_back(absl::StrCat("tlsVersion: unknown TLS version '", name,
                                "', want tls1.0, tls1.1, tls1.2 or tls1.3"));
  return nullptr;
}

void ReadTls(const NetOptions& options, Network::Rules& rules, std::vector<std::string>& errors,
             std::vector<std::string>& warnings) {
  const TlsVersion* least =
      FindTlsVersion(options.tls_min.empty() ? "tls1.2" : options.tls_min, errors);
  const TlsVersion* most =
      options.tls_max.empty() ? nullptr : FindTlsVersion(options.tls_max, errors);
  if (least == nullptr) {
    return;
  }
  rules.curl_ssl_version =
      least->least | (most == nullptr ? CURL_SSLVERSION_MAX_DEFAULT : most->most);
  CipherSuites suites = ReadCipherSuites(options.tls_cipher_suites);
  errors.insert(errors.end(), suites.errors.begin(), suites.errors.end());
  warnings.insert(warnings.end(), suites.warnings.begin(), suites.warnings.end());
  rules.openssl_ciphers = absl::StrJoin(suites.openssl, ":");
  if (least->least == CURL_SSLVERSION_TLSv1_0 || least->least == CURL_SSLVERSION_TLSv1_1) {
    // OpenSSL 3 refuses these versions at its default security level.
    absl::StrAppend(&rules.openssl_ciphers, rules.openssl_ciphers.empty() ? "DEFAULT" : "",
                    "@SECLEVEL=0");
  }
}

void CheckHttp3(const NetOptions& options, std::vector<std::string>& errors) {
  const curl_version_info_data* const curl = curl_version_info(CURLVERSION_NOW);
  if (options.http3 && (curl->features & CURL_VERSION_HTTP3) == 0) {
    errors.push_back(absl::StrCat("http3: this agent's libcurl (", curl->version, " with ",
                                  curl->ssl_version,
                                  ") has no HTTP/3; one is needed that is built with ngtcp2 and "
                                  "nghttp3, on OpenSSL 3.5 or later"));
  }
  if (options.http3 && !options.tls_max.empty() && options.tls_max != "tls1.3") {
    errors.push_back(absl::StrCat("http3: HTTP/3 needs TLS 1.3, but tlsVersion allows at most ",
                                  options.tls_max));
  }
}

void CheckCertificates(const std::vector<TlsAuth>& certificates, std::vector<std::string>& errors) {
  for (size_t i = 0; i < certificates.size(); ++i) {
    const auto& [cert, key, password, domains] = certificates[i];
    if (const absl::Status status = CheckClientCertificate({cert, key, password}); !status.ok()) {
      errors.push_back(absl::StrCat("tlsAuth[", i, "].", status.message()));
    }
  }
}

// The options' check has seen that it is a pattern.
std::string InAscii(const std::string& pattern) {
  return HostToAscii(pattern).value_or(pattern);
}

void ReadHosts(const NetOptions& options, Network::Rules& rules, std::vector<std::string>& errors) {
  for (const auto& [pattern, address] : options.hosts) {
    Network::Rules::Target target;
    absl::StatusOr<IpAddress> parsed = ParseIp(address);
    if (!parsed.ok()) {
      const HostAndPort parts = SplitHostPort(address);
      parsed = ParseIp(parts.host);
      if (parts.port.has_value() && (!absl::SimpleAtoi(*parts.port, &target.port) ||
                                     target.port < 1 || target.port > 65535)) {
        parsed = absl::InvalidArgumentError("");
      }
    }
    if (!parsed.ok()) {
      errors.push_back(absl::StrCat("hosts.", pattern, ": want an IP address or ip:port, got \"",
                                    address, "\""));
      continue;
    }
    target.ip = *parsed;
    rules.hosts.Add(InAscii(pattern), target);
  }
}

// A proxy's URL with scheme and port, as curl is to have it: without a port Go means the scheme's,
// curl 1080; and Go leaves names to a SOCKS proxy. An error does not repeat the text, which may
// hold a password.
std::string ReadProxy(const char* variable, absl::string_view text,
                      std::vector<std::string>& errors) {
  if (text.empty()) {
    return "";
  }
  std::string scheme = "http";
  if (const size_t end = text.find("://"); end != absl::string_view::npos) {
    scheme = absl::AsciiStrToLower(text.substr(0, end));
    text.remove_prefix(end + 3);
  }
  text = text.substr(0, text.find_first_of("/?#"));
  const bool socks = scheme == "socks5" || scheme == "socks5h";
  const absl::string_view host = text.substr(text.rfind('@') + 1);
  if ((scheme != "http" && scheme != "https" && !socks) || host.empty()) {
    errors.push_back(absl::StrCat(variable, ": want http://host:port, https://host:port or ",
                                  "socks5://host:port, got one with scheme \"", scheme, "\"",
                                  host.empty() ? " and no host" : ""));
    return "";
  }
  const int port = socks ? 1080 : DefaultPort(scheme);
  return absl::StrCat(socks ? "socks5h" : scheme, "://", text,
                      SplitHostPort(host).port.has_value() ? "" : absl::StrCat(":", port));
}

std::string FromEnvironment(const char* name) {
  // Read while the agent prepares a run; nothing in the agent changes its environment.
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): see above
  return value == nullptr ? "" : value;
}

std::string FromEnvironment(const char* upper, const char* lower) {
  std::string value = FromEnvironment(upper);
  return value.empty() ? FromEnvironment(lower) : value;
}

// The value of a setting in GODEBUG, "name=value,name=value"; of several, the last.
std::string GoSetting(absl::string_view name) {
  const std::string settings = FromEnvironment("GODEBUG");
  std::string value;
  for (const absl::string_view setting : absl::StrSplit(settings, ',')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(setting, absl::MaxSplits('=', 1));
    if (parts.first == name) {
      value = std::string(parts.second);
    }
  }
  return value;
}

}  // namespace

NetOptions NetOptionsFrom(const RunOptions& options) {
  NetOptions net;
  net.insecure = options.insecure_skip_tls_verify;
  std::tie(net.tls_min, net.tls_max) = options.tls_version;
  net.tls_cipher_suites = options.tls_cipher_suites;
  net.tls_auth = options.tls_auth;
  net.hosts = options.hosts;
  net.block_hostnames = options.block_hostnames;
  net.blacklist_ips = options.blacklist_ips;
  net.local_ips = options.local_ips;
  net.dns = options.dns;
  net.no_connection_reuse = options.no_connection_reuse;
  net.http2_prior_knowledge = options.http2_prior_knowledge;
  net.http2 = GoSetting("http2client") != "0";
  net.http3 = options.http3;
  net.requests_per_second = static_cast<double>(options.rps);
  net.proxy.http = FromEnvironment("HTTP_PROXY", "http_proxy");
  net.proxy.https = FromEnvironment("HTTPS_PROXY", "https_proxy");
  net.proxy.no_proxy = FromEnvironment("NO_PROXY", "no_proxy");
  net.trust.file = FromEnvironment("SSL_CERT_FILE");
  net.trust.folders = FromEnvironment("SSL_CERT_DIR");
  return net;
}

Network::Network() = default;
Network::~Network() = default;

absl::StatusOr<std::unique_ptr<Network>> Network::Make(NetOptions options) {
  std::vector<std::string> errors;
  auto rules = std::make_unique<Rules>();
  std::vector<std::string> warnings;
  ReadTls(options, *rules, errors, warnings);
  CheckHttp3(options, errors);
  CheckCertificates(options.tls_auth, errors);
  ReadHosts(options, *rules, errors);
  for (const std::string& pattern : options.block_hostnames) {
    rules->blocked.Add(InAscii(pattern), pattern);
  }
  for (const std::string& text : options.blacklist_ips) {
    absl::StatusOr<IpRange> range = ParseCidr(text);
    if (range.ok()) {
      rules->blacklist.push_back(*std::move(range));
    } else {
      errors.push_back(absl::StrCat("blacklistIPs: ", range.status().message()));
    }
  }
  absl::StatusOr<IpPool> local_ips = IpPool::Parse(options.local_ips);
  if (local_ips.ok()) {
    rules->local_ips = *std::move(local_ips);
  } else {
    errors.push_back(absl::StrCat("localIPs: ", local_ips.status().message()));
  }
  std::unique_ptr<TrustedRoots> trusted_roots;
  if (!options.insecure) {
    trusted_roots = std::make_unique<TrustedRoots>(options.trust);
    const bool given = !options.trust.file.empty() || !options.trust.folders.empty();
    if (options.expect_tls) {
      trusted_roots->Begin();
    }
    if (const absl::Status usable =
            given && options.expect_tls ? trusted_roots->status() : trusted_roots->Check();
        !usable.ok()) {
      errors.emplace_back(usable.message());
    }
  }
  options.proxy.http = ReadProxy("HTTP_PROXY", options.proxy.http, errors);
  options.proxy.https = ReadProxy("HTTPS_PROXY", options.proxy.https, errors);
  if (!errors.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(errors, "; "));
  }
  for (const absl::string_view entry :
       absl::StrSplit(options.proxy.no_proxy, ',', absl::SkipWhitespace())) {
    rules->no_proxy.push_back(absl::AsciiStrToLower(absl::StripAsciiWhitespace(entry)));
  }
  std::unique_ptr<Network> network(new Network());
  network->rules_ = std::move(rules);
  network->resolver_ = std::make_unique<Resolver>(options.dns);
  network->rate_limiter_ = std::make_unique<RateLimiter>(options.requests_per_second);
  network->trusted_roots_ = std::move(trusted_roots);
  network->options_ = std::move(options);
  network->warnings_ = std::move(warnings);
  return network;
}

void Network::SetRequestsPerSecond(double per_second) {
  rate_limiter_->SetRate(per_second);
}

const Network::Rules::Target* Network::Rules::MappedTo(absl::string_view host, int port) const {
  if (hosts.empty()) {
    return nullptr;
  }
  const Target* target = hosts.Find(absl::StrCat(host, ":", port));
  return target != nullptr ? target : hosts.Find(host);
}

const IpRange* Network::Rules::BlacklistedBy(const IpAddress& ip) const {
  for (const IpRange& range : blacklist) {
    if (range.Contains(ip)) {
      return &range;
    }
  }
  return nullptr;
}

const std::string& Network::Rules::ProxyFor(const ProxySettings& proxy, bool https,
                                            absl::string_view host, int port) const {
  static const std::string& none = *new std::string();
  const std::string& chosen = https ? proxy.https : proxy.http;
  if (chosen.empty() || IsLoopbackHost(host)) {
    return none;
  }
  const absl::StatusOr<IpAddress> ip = ParseIp(host);
  for (absl::string_view entry : no_proxy) {
    if (entry == "*") {
      return none;
    }
    const absl::StatusOr<IpRange> range = ParseCidr(entry);
    if (range.ok() && ip.ok() && range->Contains(*ip)) {
      return none;
    }
    if (const HostAndPort parts = SplitHostPort(entry); parts.port.has_value() && !range.ok()) {
      if (*parts.port != absl::StrCat(port)) {
        continue;
      }
      entry = parts.host;
    }
    const bool only_below = absl::ConsumePrefix(&entry, "*.") || absl::ConsumePrefix(&entry, ".");
    if ((host == entry && !only_below) || absl::EndsWith(host, absl::StrCat(".", entry))) {
      return none;
    }
  }
  return chosen;
}

const TlsAuth* ClientCertificateFor(const std::vector<TlsAuth>& certificates,
                                    absl::string_view host) {
  const TlsAuth* general = nullptr;
  for (const TlsAuth& certificate : certificates) {
    if (certificate.domains.empty() && general == nullptr) {
      general = &certificate;
    }
    for (absl::string_view domain : certificate.domains) {
      // A wildcard stands for one label, as in certificates.
      const bool wildcard = absl::ConsumePrefix(&domain, "*.");
      const size_t dot = host.find('.');
      if (absl::EqualsIgnoreCase(
              domain, wildcard && dot != absl::string_view::npos ? host.substr(dot + 1) : host)) {
        return &certificate;
      }
    }
  }
  // As k6 2 does, one whose domains do not match is still shown to a server that asks for one.
  return general == nullptr && !certificates.empty() ? &certificates.front() : general;
}

std::string TlsVersionName(absl::string_view openssl_version) {
  if (!absl::ConsumePrefix(&openssl_version, "TLSv")) {
    return absl::AsciiStrToLower(openssl_version);
  }
  return absl::StrCat("tls", openssl_version == "1" ? "1.0" : openssl_version);
}

std::string TlsCipherName(absl::string_view iana_name) {
  if (absl::StartsWith(iana_name, "TLS_ECDHE") &&
      absl::EndsWith(iana_name, "CHACHA20_POLY1305_SHA256")) {
    absl::ConsumeSuffix(&iana_name, "_SHA256");
  }
  return std::string(iana_name);
}

}  // namespace lockstep::agent
