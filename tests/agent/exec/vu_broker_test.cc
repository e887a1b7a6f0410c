#include "agent/exec/vu_broker.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/support/fake_vu_pool.h"
#include "tests/support/sim_loop.h"

namespace lockstep::agent {
namespace {

class VuBrokerTest : public ::testing::Test {
 protected:
  static testing::FakeVuPool::Options OneVu() {
    testing::FakeVuPool::Options options;
    options.vus = 1;
    return options;
  }

  testing::SimLoop loop_;
  testing::FakeVuPool pool_{loop_, OneVu()};
  VuBroker broker_{pool_};
};

TEST_F(VuBrokerTest, FirstComeFirstServed) {
  std::vector<int> served;
  Vu* taken = nullptr;
  for (int i = 0; i < 3; ++i) {
    broker_.Request([&served, &taken, i](Vu* vu) {
      served.push_back(i);
      taken = vu;
    });
  }
  EXPECT_EQ(served, std::vector<int>{0});
  broker_.Give(taken);
  EXPECT_EQ(served, (std::vector<int>{0, 1}));
  broker_.Give(taken);
  EXPECT_EQ(served, (std::vector<int>{0, 1, 2}));
  broker_.Give(taken);
  EXPECT_EQ(pool_.free(), 1);
}

TEST_F(VuBrokerTest, AnyNumberOfReceiversThatNeedItNoMorePassAVuOn) {
  Vu* taken = nullptr;
  broker_.Request([&taken](Vu* vu) { taken = vu; });
  int passed = 0;
  for (int i = 0; i < 300'000; ++i) {  // too many for a stack
    broker_.Request([this, &passed](Vu* vu) {
      ++passed;
      broker_.Give(vu);
    });
  }
  broker_.Give(taken);
  EXPECT_EQ(passed, 300'000);
  EXPECT_EQ(pool_.free(), 1);
}

}  // namespace
}  // namespace lockstep::agent
