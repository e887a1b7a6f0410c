#include "agent/exec/vu.h"

#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/fake_vu_pool.h"
#include "tests/support/sim_loop.h"

namespace lockstep::agent {
namespace {

// Iterations for ever.
class Endless final : public IterationSource {
 public:
  bool Next(MonoTime, Iteration*) override {
    ++begun;
    return true;
  }
  void Ended(const Iteration&, IterationEnd end) override {
    interrupted += end == IterationEnd::kInterrupted ? 1 : 0;
  }
  int begun = 0;
  int interrupted = 0;
};

class VuTest : public ::testing::Test {
 protected:
  VuTest() { MakePool(1); }
  void MakePool(int64_t vus, absl::Duration hop = absl::ZeroDuration()) {
    testing::FakeVuPool::Options options;
    options.vus = vus;
    options.hop = hop;
    pool_ = std::make_unique<testing::FakeVuPool>(loop_, std::move(options));
  }
  static void Unwanted() { FAIL() << "nobody is here to be told"; }

  testing::SimLoop loop_;
  std::unique_ptr<testing::FakeVuPool> pool_;
};

TEST_F(VuTest, AVuIsBackAsSoonAsNobodyHasIt) {
  {
    LentVu vu = pool_->Take();
    EXPECT_TRUE(vu);
    EXPECT_FALSE(pool_->Take());
    const LentVu moved = std::move(vu);
    EXPECT_FALSE(vu);  // NOLINT(bugprone-use-after-move): this is what is tested
    EXPECT_EQ(moved.id_in_instance(), 1);
    EXPECT_EQ(pool_->free(), 0);
  }
  EXPECT_EQ(pool_->free(), 1);
}

TEST_F(VuTest, WhoGetsAnotherVuGivesBackTheOneBefore) {
  MakePool(2);
  LentVu vu = pool_->Take();
  vu = pool_->Take();
  EXPECT_EQ(vu.id_in_instance(), 2);
  EXPECT_EQ(pool_->free(), 1);
  vu.GiveBack();
  vu.GiveBack();
  EXPECT_EQ(pool_->free(), 2);
}

TEST_F(VuTest, FirstComeFirstServed) {
  std::vector<int> served;
  LentVu taken;
  for (int i = 0; i < 3; ++i) {
    pool_->Request([&served, &taken, i](LentVu vu) {
      served.push_back(i);
      taken = std::move(vu);
    });
  }
  EXPECT_EQ(served, std::vector<int>{0});
  taken.GiveBack();
  EXPECT_EQ(served, (std::vector<int>{0, 1}));
  taken.GiveBack();
  EXPECT_EQ(served, (std::vector<int>{0, 1, 2}));
  taken.GiveBack();
  EXPECT_EQ(pool_->free(), 1);
}

TEST_F(VuTest, AnyNumberOfReceiversThatNeedItNoMorePassAVuOn) {
  LentVu taken = pool_->Take();
  int passed = 0;
  for (int i = 0; i < 300'000; ++i) {  // too many for a stack
    pool_->Request([&passed](const LentVu&) { ++passed; });
  }
  taken.GiveBack();
  EXPECT_EQ(passed, 300'000);
  EXPECT_EQ(pool_->free(), 1);
}

TEST_F(VuTest, AVuThatIsGivenBackAtWorkIsFreeOnceItHasStopped) {
  MakePool(1, absl::Milliseconds(1));
  const auto source = std::make_shared<Endless>();
  std::optional<absl::Duration> served;
  const MonoTime began = loop_.clock().Mono();
  {
    LentVu vu = pool_->Take();
    vu.WorkOn(0, source);
    vu.Activate(&Unwanted);
    pool_->Request([&](const LentVu&) { served = loop_.clock().Mono() - began; });
    loop_.RunFor(absl::Milliseconds(50));
    EXPECT_EQ(source->begun, 1);
  }
  EXPECT_FALSE(served.has_value());
  loop_.RunAll();
  EXPECT_EQ(served, absl::Milliseconds(52));  // it was told, and has told
  EXPECT_EQ(source->interrupted, 1);
  EXPECT_EQ(source->begun, 1);
  EXPECT_EQ(source.use_count(), 1);
  EXPECT_EQ(pool_->free(), 1);
}

TEST_F(VuTest, OnItsWayToWorkLikewise) {
  MakePool(1, absl::Milliseconds(1));
  const auto source = std::make_shared<Endless>();
  {
    LentVu vu = pool_->Take();
    vu.WorkOn(0, source);
    vu.Activate(&Unwanted);
  }
  EXPECT_EQ(pool_->free(), 0);
  loop_.RunAll();
  EXPECT_EQ(pool_->free(), 1);
}

TEST_F(VuTest, WithItsPoolAVuIsOver) {
  LentVu idle = pool_->Take();
  MakePool(1);  // the next run's
  EXPECT_TRUE(idle);
  EXPECT_EQ(idle.id_in_test(), 0);
  EXPECT_TRUE(idle.prompt());
  idle.WorkOn(0, std::make_shared<Endless>());
  idle.Activate(&Unwanted);
  idle.Interrupt();
  idle.GiveBack();
  EXPECT_FALSE(idle);
  loop_.RunAll();
  EXPECT_EQ(pool_->free(), 1);
}

TEST_F(VuTest, NobodyHearsOfAPoolThatHasGone) {
  const auto source = std::make_shared<Endless>();
  LentVu vu = pool_->Take();
  vu.WorkOn(0, source);
  vu.Activate(&Unwanted);
  pool_->Request([](const LentVu&) { Unwanted(); });
  pool_->InitialiseOne([](const LentVu&) { Unwanted(); });
  loop_.RunFor(absl::Milliseconds(5));
  pool_.reset();
  loop_.RunAll();
  EXPECT_EQ(source.use_count(), 1);
}

TEST_F(VuTest, WhatWasAskedForGoesWithWhoAsked) {
  std::optional<VuRequests> requests(*pool_);
  std::optional<LentVu> first;
  requests->Request([&](LentVu vu) { first = std::move(vu); });
  ASSERT_TRUE(first.has_value());
  requests->Request([](const LentVu&) { Unwanted(); });
  requests->InitialiseOne([](const LentVu&) { Unwanted(); });
  requests.reset();
  first.reset();
  loop_.RunAll();
  EXPECT_EQ(pool_->free(), 2);
}

TEST_F(VuTest, OneMayAskAPoolThatHasGone) {
  VuRequests requests(*pool_);
  EXPECT_EQ(requests.initialised(), 1);
  pool_.reset();
  requests.Request([](const LentVu&) { Unwanted(); });
  requests.InitialiseOne([](const LentVu&) { Unwanted(); });
  EXPECT_EQ(requests.initialised(), 0);
}

}  // namespace
}  // namespace lockstep::agent
