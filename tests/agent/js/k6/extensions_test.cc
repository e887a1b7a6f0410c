// The modules k6/x/dns, k6/x/tls and k6/x/icmp over loopback; tests/integration/extensions_test.py
// has them in whole runs.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"

#include "tests/agent/js/k6/module_test.h"
#include "tests/support/dns_server.h"
#include "tests/support/http_server.h"

namespace lockstep::agent {
namespace {

using lockstep::testing::DnsServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class DnsModuleTest : public ModuleTest {
 protected:
  // With `at`, the server's address.
  std::string Ask(absl::string_view body) {
    return Run(absl::StrCat("const at = '127.0.0.1:", server_.port(), "';", body));
  }
  const std::vector<std::string>& Errors() { return js_.vu().samples.errors; }

  DnsServer server_{{{"two.test", {.addresses = {"10.0.0.1", "10.0.0.2", "fd00::1"}}},
                     {"none.test", {}},
                     {"xn--mnchen-3ya.test", {.addresses = {"10.0.0.3"}}},
                     {"broken.test", {.code = 2}},
                     {"refused.test", {.code = 5}}}};
};

TEST_F(DnsModuleTest, ResolveAsksTheServerThatIsNamed) {
  EXPECT_EQ(R"([["10.0.0.1","10.0.0.2"],["fd00::1"],[]])", Ask(R"js(
    return Promise.all([dns.resolve('two.test', 'A', at), dns.resolve('two.test', 'AAAA', at), dns.resolve('none.test', 'A', at)])
  )js"));
  EXPECT_EQ(3, server_.questions());
  EXPECT_THAT(Samples("dns_resolutions"), SizeIs(3));
  EXPECT_THAT(Samples("dns_resolution_duration"), SizeIs(3));
  EXPECT_THAT(Samples("dns_lookups"), IsEmpty());
  EXPECT_THAT(Errors(), IsEmpty());
}

TEST_F(DnsModuleTest, NamesInOtherScriptsAreAskedForAsTheWireHasThem) {
  EXPECT_EQ(R"(["10.0.0.3"])", Ask("return dns.resolve('münchen.test', 'A', at)"));
  EXPECT_THAT(Ask(R"js(return dns.resolve('two.test\0', 'A', at))js"),
              HasSubstr("this is not a domain name"));
}

TEST_F(DnsModuleTest, WhatAServerRefusesIsARejectionThatSaysWhyAndAsksNobodyElse) {
  const std::string at = absl::StrCat(" (A) at 127.0.0.1:", server_.port());
  EXPECT_EQ(absl::StrCat("Error: resolve unknown.test", at, ": no such host"),
            Ask("return dns.resolve('unknown.test', 'A', at)"));
  EXPECT_EQ(absl::StrCat("Error: resolve broken.test", at, ": the server has failed (SERVFAIL)"),
            Ask("return dns.resolve('broken.test', 'A', at)"));
  EXPECT_EQ(absl::StrCat("Error: resolve refused.test", at,
                         ": the server has refused to answer (REFUSED)"),
            Ask("return dns.resolve('refused.test', 'A', at)"));
  EXPECT_EQ(3, server_.questions());
  EXPECT_THAT(Samples("dns_resolutions"), SizeIs(3));
  ASSERT_THAT(Errors(), SizeIs(3));
  EXPECT_EQ(Errors()[0], absl::StrCat("DNS resolve unknown.test", at, ": no such host"));
}

// The first holds without an /etc/hosts, too, and whatever the system's servers say.
TEST_F(DnsModuleTest, LookupAsksTheSystem) {
  EXPECT_EQ("true", Run("return dns.lookup('localhost').then((all) => all.includes('127.0.0.1'))"));
  EXPECT_EQ(R"(["127.0.0.9"])", Run("return dns.lookup('127.0.0.9')"));
  EXPECT_THAT(Samples("dns_lookups"), SizeIs(2));
  EXPECT_THAT(Samples("dns_lookup_duration"), SizeIs(2));
}

TEST_F(DnsModuleTest, UserMistakes) {
  EXPECT_EQ(
      R"(TypeError: dns.resolve(): unsupported record type "MX"; there are A (IPv4 addresses) and AAAA (IPv6 addresses))",
      Ask("return dns.resolve('two.test', 'MX', at)"));
  for (const char* server : {"ns.test:53", "127.0.0.1:0", "127.0.0.1:x", "::1:53:"}) {
    EXPECT_THAT(Run(absl::StrCat("return dns.resolve('two.test', 'A', '", server, "')")),
                HasSubstr(absl::StrCat("nameserver: an address with a port is expected, such as "
                                       "8.8.8.8:53 or [::1]:53, got \"",
                                       server, "\"")));
  }
  EXPECT_THAT(Run("return dns.resolve('two.test', 'A')"),
              StartsWith("TypeError: dns.resolve(): the nameserver must be a text"));
  EXPECT_THAT(Run("return dns.lookup(5)"), HasSubstr("of at most 1000 bytes, got 5"));
  EXPECT_THAT(Run("return dns.resolve('a..b', 'A', '127.0.0.1:1')"),
              HasSubstr("this is not a domain name"));
  EXPECT_THAT(Run("return dns.resolve('https://u:secret@h', 'A', '127.0.0.1:1')"),
              HasSubstr("resolve https://****:****@h (A) at "));
  EXPECT_THAT(Run("return dns.lookup('')"),
              StartsWith("TypeError: dns.lookup(): the host name must be a text"));
  EXPECT_THAT(Init("return dns.lookup('localhost')"),
              HasSubstr("asking a name server in the init context is not supported"));
  EXPECT_EQ(0, server_.questions());
}

TEST_F(DnsModuleTest, WhatIsNeverAskedIsAnErrorAndNoQuestion) {
  EXPECT_THAT(Run("return dns.resolve('two.test', 'A', 'ns.test:53')"), HasSubstr("nameserver: "));
  EXPECT_THAT(Ask("return dns.resolve('a..b', 'A', at)"), HasSubstr("this is not a domain name"));
  EXPECT_THAT(Run(R"js(return dns.lookup('two.test\0'))js"),
              HasSubstr("this is not a domain name"));
  EXPECT_THAT(Run("return dns.resolve('two.test', 'A', '198.51.100.1')"),
              HasSubstr("blacklisted range"));
  EXPECT_EQ(0, server_.questions());
  EXPECT_THAT(Errors(), SizeIs(4));
  for (const char* metric :
       {"dns_resolutions", "dns_resolution_duration", "dns_lookups", "dns_lookup_duration"}) {
    EXPECT_THAT(Samples(metric), IsEmpty());
  }
}

class TlsModuleTest : public ModuleTest {};

TEST_F(TlsModuleTest, AServerThatIsNotThereIsARejection) {
  EXPECT_EQ(
      "Error: tls.getCertificate(): 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused",
      Run("return tls.getCertificate('127.0.0.1:1')"));
  EXPECT_THAT(js_.vu().samples.errors,
              ElementsAre("TLS 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused"));
}

TEST_F(TlsModuleTest, AServerWithoutTlsIsARejection) {
  const auto server = *lockstep::testing::HttpServer::Start();
  EXPECT_THAT(Run(absl::StrCat("return tls.getCertificate('127.0.0.1:", server->port(), "')")),
              HasSubstr(": tls: "));
}

TEST_F(TlsModuleTest, UserMistakes) {
  for (const char* host : {"", "https://h", "h:0", "h:x", "h/path", "[::1"}) {
    EXPECT_THAT(Run(absl::StrCat("return tls.getCertificate('", host, "')")),
                HasSubstr(absl::StrCat("a host is expected, with a port if it is not 443, such as "
                                       "example.com or [::1]:8443, got \"",
                                       host, "\"")));
  }
  EXPECT_THAT(Run("return tls.getCertificate('https://u:secret@h')"),
              HasSubstr("got \"https://****:****@h\""));
  EXPECT_THAT(Run("return tls.getCertificate()"), HasSubstr("TypeError: tls.getCertificate(): "));
  EXPECT_THAT(Init("return tls.getCertificate('h')"),
              HasSubstr("tls.getCertificate() in the init context is not supported"));
}

class IcmpModuleTest : public ModuleTest {
 protected:
  void SetUp() override {
    if (Run("icmp.ping('127.0.0.1')").find("permission denied") != std::string::npos) {
      GTEST_SKIP() << "this process may not send echo requests";
    }
    js_.vu().samples.samples.clear();
  }
};

TEST_F(IcmpModuleTest, PingWaitsForTheAnswer) {
  EXPECT_EQ("true", Run("return icmp.ping('127.0.0.1', { size: 100, tags: { t: 'x' } })"));
  ASSERT_THAT(Samples("icmp_packets_sent"), SizeIs(1));
  EXPECT_EQ("1{ip:127.0.0.1,proto:ICMP,t:x}", Samples("icmp_packets_sent")[0]);
  EXPECT_THAT(Samples("icmp_packets_received"), SizeIs(1));
  EXPECT_THAT(Samples("icmp_rtt"), SizeIs(1));
  EXPECT_THAT(Samples("icmp_resolve"), SizeIs(1));
  EXPECT_THAT(Samples("icmp_setup"), SizeIs(1));
  EXPECT_THAT(Samples("icmp_reply_ttl"), ElementsAre(StartsWith("64{")));
  EXPECT_THAT(Samples("icmp_errors"), IsEmpty());
  EXPECT_GE(js_.vu().bytes_sent, 108);
}

TEST_F(IcmpModuleTest, PingAsyncTellsOfEachRequest) {
  EXPECT_EQ(R"js([true,[null,true,"127.0.0.1","ip4",7,108,64,true]])js", Run(R"js(
    const seen = [];
    const options = { seq: 7, size: 100, timeout: '2s' };
    return icmp.pingAsync('127.0.0.1', options, (error, data) => {
      seen.push(error, data.alive, data.target_ip, data.target_ip_version, data.seq, data.size, data.ttl,
                data.options === options && data.received_at >= data.sent_at && data.target === '127.0.0.1');
    }).then((alive) => [alive, seen]);
  )js"));
}

TEST_F(IcmpModuleTest, WhatTheDeadlineCutsOffHasFailed) {
  EXPECT_EQ("[false,[true]]", Run(R"js(
    const seen = [];
    return icmp.pingAsync('127.0.0.1', { count: 3, interval: '10s', deadline: '200ms' }, (error, data) => seen.push(data.alive))
      .then((alive) => [alive, seen]);
  )js"));
  EXPECT_THAT(Samples("icmp_packets_sent"), SizeIs(1));
}

TEST_F(IcmpModuleTest, WhereNothingCanBeAskedThereIsNoAnswer) {
  EXPECT_EQ("ICMPError: pingAsync(): this is not a domain name",
            Run("return icmp.pingAsync('https://u:secret@a..b')"));
  EXPECT_THAT(js_.vu().samples.errors,
              ElementsAre("ICMP https://****:****@a..b: this is not a domain name"));
  EXPECT_EQ(R"js(["ICMPError","this is not a domain name",false,"a..b"])js", Run(R"js(
    const seen = [];
    return icmp.pingAsync('a..b', (error, data) => seen.push(error.name, error.message, data.alive, data.target)).catch(() => seen);
  )js"));
  EXPECT_THAT(Run("icmp.ping('127.0.0.1', { source: '192.0.2.1' })"),
              HasSubstr("ICMPError: ping(): bind: "));
  EXPECT_THAT(Samples("icmp_errors"), SizeIs(3));
  EXPECT_THAT(js_.vu().samples.errors, SizeIs(3));
}

TEST_F(IcmpModuleTest, AnOptionThatThereIsNotIsAWarning) {
  EXPECT_EQ("true", Run("return icmp.ping('127.0.0.1', { timeot: '1s', count: undefined })"));
  ASSERT_THAT(js_.vu().log.records, SizeIs(1));
  EXPECT_THAT(
      js_.vu().log.records[0].message,
      StartsWith("k6/x/icmp: unknown option \"timeot\" has no effect; did you mean \"timeout\"? "
                 "Allowed: count, deadline, id, "));
}

TEST_F(IcmpModuleTest, UserMistakes) {
  EXPECT_THAT(Run("icmp.ping()"),
              HasSubstr("TypeError: ping(): a host name or an address is expected"));
  EXPECT_THAT(Run("icmp.ping('h', 5)"),
              HasSubstr("TypeError: ping(): the options must be an object"));
  EXPECT_THAT(
      Run("icmp.ping('h', { count: 0 })"),
      HasSubstr("TypeError: ping(): count: a whole number from 1 to 1000000 is expected, got 0"));
  EXPECT_THAT(Run("icmp.ping('h', { threshold: 'a' })"),
              HasSubstr("threshold: a whole number from 0 to 100 is expected, got \"a\""));
  EXPECT_THAT(Run("icmp.ping('h', { seq: [] })"), HasSubstr(" is expected, got object"));
  EXPECT_THAT(Run("icmp.ping('h', { size: 70000 })"),
              HasSubstr("size: a whole number from 0 to 65499"));
  EXPECT_THAT(Run("icmp.ping('h', { interval: 10 })"),
              HasSubstr("interval: at least 500ms is expected, got 10ms"));
  EXPECT_THAT(Run("icmp.ping('h', { timeout: 'soon' })"), HasSubstr("timeout"));
  EXPECT_THAT(Run("icmp.ping('h', { preferred_ip_version: 'v4' })"),
              HasSubstr("preferred_ip_version: \"ip4\" or \"ip6\" is expected, got \"v4\""));
  EXPECT_THAT(Run("icmp.ping('127.0.0.1', { source: 'here' })"),
              HasSubstr("source: an address of IPv4"));
  EXPECT_THAT(Init("icmp.ping('127.0.0.1')"),
              HasSubstr("ping() in the init context is not supported"));
}

}  // namespace
}  // namespace lockstep::agent
