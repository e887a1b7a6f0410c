#include "coordinator/rpc/uncalled_peers.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sim_loop.h"

namespace lockstep::coordinator {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class UncalledPeersTest : public ::testing::Test {
 protected:
  lockstep::testing::SimLoop loop;
  std::vector<std::string> silent;
  UncalledPeers peers{loop, [this](const std::string& address) { silent.push_back(address); }};
};

TEST_F(UncalledPeersTest, TellsOfThoseWhoMakeNoCallWithinTenSeconds) {
  peers.Add("10.0.0.1:1");
  peers.Add("10.0.0.2:2");
  peers.Forget("10.0.0.2:2");
  loop.RunFor(absl::Milliseconds(9999));
  EXPECT_THAT(silent, IsEmpty());
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(silent, ElementsAre("10.0.0.1:1"));
}

TEST_F(UncalledPeersTest, OneThatConnectsAgainFromTheSamePortHasTenSecondsAnew) {
  peers.Add("10.0.0.1:1");
  loop.RunFor(absl::Seconds(9));
  peers.Add("10.0.0.1:1");
  loop.RunFor(absl::Seconds(9));
  EXPECT_THAT(silent, IsEmpty());
  loop.RunFor(absl::Seconds(9));
  EXPECT_THAT(silent, ElementsAre("10.0.0.1:1"));
}

TEST_F(UncalledPeersTest, TheOnlyOneIsSuspectedAndNothingMoreIsSaidOfIt) {
  EXPECT_EQ(peers.TakeSuspect(), "a peer");
  peers.Add("10.0.0.1:1");
  EXPECT_EQ(peers.TakeSuspect(), "a peer, it seems 10.0.0.1:1");
  loop.RunFor(absl::Minutes(1));
  EXPECT_THAT(silent, IsEmpty());
}

TEST_F(UncalledPeersTest, OfManyNoneIsNamed) {
  peers.Add("a");
  peers.Add("b");
  EXPECT_THAT(peers.TakeSuspect(), AnyOf("a peer, one of a, b", "a peer, one of b, a"));
  for (const char* more : {"c", "d", "e"}) {
    peers.Add(more);
  }
  EXPECT_EQ(peers.TakeSuspect(), "a peer");
  loop.RunFor(absl::Minutes(1));
  EXPECT_EQ(silent.size(), 5u);
}

}  // namespace
}  // namespace lockstep::coordinator
