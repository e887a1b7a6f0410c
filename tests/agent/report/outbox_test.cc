#include "agent/report/outbox.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<uint64_t> SendAll(Outbox* outbox) {
  std::vector<uint64_t> sent;
  while (const Outbox::Item* item = outbox->NextToSend()) {
    sent.push_back(item->number);
  }
  return sent;
}

TEST(Outbox, SendsEachBatchOnceInOrder) {
  Outbox outbox;
  outbox.Add("a");
  outbox.Add("b");
  EXPECT_THAT(SendAll(&outbox), ElementsAre(1, 2));
  outbox.Add("c");
  EXPECT_THAT(SendAll(&outbox), ElementsAre(3));
  EXPECT_EQ(outbox.last_number(), 3u);
  EXPECT_EQ(outbox.next_number(), 4u);
}

TEST(Outbox, SendsAgainAfterAReconnectWhatWasNotAcknowledged) {
  Outbox outbox;
  for (const char* text : {"a", "bb", "ccc"}) {
    outbox.Add(text);
  }
  SendAll(&outbox);
  outbox.Acknowledge(1);
  outbox.Rewind();
  EXPECT_THAT(SendAll(&outbox), ElementsAre(2, 3));
  EXPECT_EQ(outbox.bytes(), 5u);
}

TEST(Outbox, TakesAcknowledgementsInAnyStateTwiceAndTooFar) {
  Outbox outbox;
  outbox.Acknowledge(5);
  EXPECT_TRUE(outbox.empty());
  outbox.Add("a");
  outbox.Add("b");
  outbox.NextToSend();
  outbox.Acknowledge(1);
  outbox.Acknowledge(1);
  EXPECT_THAT(SendAll(&outbox), ElementsAre(2));
  outbox.Acknowledge(2);
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.bytes(), 0u);
  EXPECT_EQ(outbox.last_number(), 2u);
  EXPECT_THAT(SendAll(&outbox), IsEmpty());
}

TEST(Outbox, IsFullAtItsLimitsAndEmptiesAgain) {
  Outbox outbox;
  while (!outbox.full()) {
    outbox.Add("x");
  }
  EXPECT_EQ(outbox.size(), Outbox::kMaxBatches);
  outbox.Acknowledge(1);
  EXPECT_FALSE(outbox.full());
  Outbox large;
  large.Add(std::string(Outbox::kMaxBytes, 'x'));
  EXPECT_TRUE(large.full());
}

}  // namespace
}  // namespace lockstep::agent
