#include "agent/net/ip.h"

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

TEST(Ip, RangesHoldTheirEdgesOnly) {
  const absl::StatusOr<IpRange> range = ParseCidr("10.1.2.3/30");
  ASSERT_TRUE(range.ok());
  EXPECT_EQ(range->text, "10.1.2.0/30");
  EXPECT_TRUE(range->Contains(*ParseIp("10.1.2.0")));
  EXPECT_TRUE(range->Contains(*ParseIp("10.1.2.3")));
  EXPECT_FALSE(range->Contains(*ParseIp("10.1.2.4")));
  EXPECT_FALSE(range->Contains(*ParseIp("10.1.1.255")));
  EXPECT_TRUE(ParseCidr("::1/128")->Contains(*ParseIp("::1")));
  EXPECT_FALSE(ParseCidr("0.0.0.0/0")->Contains(*ParseIp("::1")));
}

TEST(Ip, RefusesWhatIsNoRange) {
  EXPECT_EQ(ParseCidr("10.0.0.0/33").status().message(),
            "\"10.0.0.0/33\" is not an address range: the prefix length must be 0..32");
  EXPECT_EQ(ParseCidr("x/8").status().message(), "\"x\" is not an IP address");
}

TEST(Ip, PoolCountsThroughItsEntriesAndWrapsAround) {
  const absl::StatusOr<IpPool> pool = IpPool::Parse("10.0.0.9, 10.0.1.0/29,10.2.0.1-10.2.0.2");
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(pool->size(), 9U);  // 1 + (8 less network and broadcast) + 2
  EXPECT_EQ(pool->At(0).ToString(), "10.0.0.9");
  EXPECT_EQ(pool->At(1).ToString(), "10.0.1.1");
  EXPECT_EQ(pool->At(6).ToString(), "10.0.1.6");
  EXPECT_EQ(pool->At(7).ToString(), "10.2.0.1");
  EXPECT_EQ(pool->At(9).ToString(), "10.0.0.9");
  EXPECT_TRUE(IpPool::Parse("")->empty());
  EXPECT_FALSE(IpPool::Parse("10.0.0.2-10.0.0.1").ok());
}

}  // namespace
}  // namespace lockstep::agent
