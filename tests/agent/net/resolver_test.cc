// The resolver with a lookup of the test's own: what it keeps, what it chooses, how callers share
// lookups.
#include "agent/net/resolver.h"

#include <atomic>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "common/base/epoll_loop.h"
#include "tests/support/turn_until.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;

IpAddress Ip(absl::string_view text) {
  return *ParseIp(text);
}

std::vector<std::string> Texts(const std::vector<IpAddress>& addresses) {
  std::vector<std::string> texts;
  for (const IpAddress& ip : addresses) {
    texts.push_back(ip.ToString());
  }
  return texts;
}

class ResolverTest : public ::testing::Test {
 protected:
  std::unique_ptr<Resolver> Make(DnsOptions options) {
    return std::make_unique<Resolver>(
        options,
        [this](const std::string& host) -> absl::StatusOr<std::vector<IpAddress>> {
          ++lookups_;
          if (host.find("none") == 0) {
            return absl::NotFoundError(absl::StrCat("lookup ", host, ": no such host"));
          }
          return std::vector<IpAddress>{Ip("::1"), Ip("10.0.0.1"), Ip("10.0.0.2")};
        },
        /*seed=*/1);
  }

  absl::StatusOr<IpAddress> Ask(Resolver& resolver, const std::string& host) {
    std::optional<absl::StatusOr<IpAddress>> answer;
    resolver.Resolve(host, loop_,
                     [&answer](absl::StatusOr<IpAddress> ip) { answer = std::move(ip); });
    lockstep::testing::TurnUntil(loop_, [&answer] { return answer.has_value(); });
    return *answer;
  }

  MonoTime now() const { return loop_.clock().Mono(); }

  std::atomic<int> lookups_{0};
  EpollLoop loop_;
};

TEST_F(ResolverTest, KeepsAnswersForTheirTtl) {
  const auto resolver = Make({.ttl = absl::Minutes(5), .select = DnsOptions::Select::kFirst});
  EXPECT_FALSE(resolver->Cached("a.test", now()).has_value());
  EXPECT_EQ(Ask(*resolver, "a.test")->ToString(), "10.0.0.1");
  EXPECT_EQ(resolver->Cached("a.test", now())->ToString(), "10.0.0.1");
  EXPECT_FALSE(resolver->Cached("a.test", now() + absl::Minutes(5)).has_value());
  EXPECT_FALSE(resolver->Cached("b.test", now()).has_value());
}

TEST_F(ResolverTest, ZeroTtlAsksEachTimeAndInfiniteOnce) {
  auto resolver = Make({.ttl = absl::ZeroDuration()});
  ASSERT_TRUE(Ask(*resolver, "a.test").ok());
  EXPECT_FALSE(resolver->Cached("a.test", now()).has_value());
  resolver = Make({.ttl = absl::InfiniteDuration()});
  ASSERT_TRUE(Ask(*resolver, "a.test").ok());
  EXPECT_TRUE(resolver->Cached("a.test", now() + absl::Hours(100'000)).has_value());
}

TEST_F(ResolverTest, RoundRobinTakesTurnsAndRandomTakesAll) {
  auto resolver = Make({.select = DnsOptions::Select::kRoundRobin});
  std::vector<IpAddress> turns = {*Ask(*resolver, "a.test")};
  for (int i = 0; i < 3; ++i) {
    turns.push_back(*resolver->Cached("a.test", now()));
  }
  EXPECT_THAT(Texts(turns), ElementsAre("10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2"));
  resolver = Make({.select = DnsOptions::Select::kRandom});
  std::set<IpAddress> seen = {*Ask(*resolver, "a.test")};
  for (int i = 0; i < 50; ++i) {
    seen.insert(*resolver->Cached("a.test", now()));
  }
  EXPECT_EQ(seen.size(), 2U);
}

TEST_F(ResolverTest, ForgetsWhatIsNoLongerValid) {
  const auto resolver = Make({.ttl = absl::Nanoseconds(1)});
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(Ask(*resolver, absl::StrCat("host", i)).ok());
  }
  EXPECT_LE(resolver->kept(), 100u);
}

TEST_F(ResolverTest, FailuresAreToldAndNotKept) {
  const auto resolver = Make({});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Ask(*resolver, "none.test").status().message(), "lookup none.test: no such host");
  }
  EXPECT_EQ(lookups_, 2);
}

TEST_F(ResolverTest, AnAddressThatLacksANumberIsNoOtherMachines) {
  const auto resolver = Make({});
  for (const std::string host : {"10.1", "127.1", "1.2.3", "2130706433", "0x7f.1"}) {
    EXPECT_EQ(Ask(*resolver, host).status().message(),
              absl::StrCat("lookup ", host, ": no such host"));
  }
  EXPECT_EQ(lookups_, 0);
  EXPECT_TRUE(Ask(*resolver, "1.2.3.4.5").ok());
  EXPECT_EQ(lookups_, 1);
}

TEST_F(ResolverTest, AForgottenLoopIsNotCalled) {
  const auto resolver = Make({});
  EpollLoop gone;
  bool called = false;
  resolver->Resolve("a.test", gone, [&called](const absl::StatusOr<IpAddress>&) { called = true; });
  resolver->Forget(gone);
  ASSERT_TRUE(Ask(*resolver, "b.test").ok());
  EXPECT_FALSE(called);
}

TEST(ResolverPolicy, PrefersOrDemandsAFamily) {
  const std::vector<IpAddress> both = {Ip("::1"), Ip("10.0.0.1")};
  const std::vector<IpAddress> only_v6 = {Ip("::1")};
  using Policy = DnsOptions::Policy;
  EXPECT_THAT(Texts(ApplyPolicy(both, Policy::kPreferIPv4)), ElementsAre("10.0.0.1"));
  EXPECT_THAT(Texts(ApplyPolicy(only_v6, Policy::kPreferIPv4)), ElementsAre("::1"));
  EXPECT_THAT(Texts(ApplyPolicy(only_v6, Policy::kOnlyIPv4)), ElementsAre());
  EXPECT_THAT(Texts(ApplyPolicy(both, Policy::kPreferIPv6)), ElementsAre("::1"));
  EXPECT_THAT(Texts(ApplyPolicy(both, Policy::kOnlyIPv6)), ElementsAre("::1"));
  EXPECT_THAT(Texts(ApplyPolicy(both, Policy::kAny)), ElementsAre("::1", "10.0.0.1"));
}

}  // namespace
}  // namespace lockstep::agent
