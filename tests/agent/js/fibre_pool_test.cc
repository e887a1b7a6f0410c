#include "agent/js/fibre_pool.h"

#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

class FibrePools : public ::testing::TestWithParam<FibreKind> {
 protected:
  // Resumes until the work has returned, and gives the fibre back.
  void Finish(std::unique_ptr<LentFibre> fibre) {
    while (!fibre->idle()) {
      fibre->Resume();
    }
    pool_->Return(std::move(fibre));
  }

  int ended_ = 0;
  std::optional<FibrePool> pool_{std::in_place, GetParam(), size_t{256} << 10,
                                 [this] { ++ended_; }};
};

INSTANTIATE_TEST_SUITE_P(BothKinds, FibrePools,
                         ::testing::Values(FibreKind::kCoroutine, FibreKind::kThread),
                         [](const auto& instance) {
                           return instance.param == FibreKind::kCoroutine ? "Coroutine" : "Thread";
                         });

TEST_P(FibrePools, WorkAfterWorkRunsOnOneFibre) {
  std::string trace;
  for (const char* const word : {"a", "b", "c"}) {
    Finish(pool_->Lend([&trace, word] { trace += word; }));
  }
  EXPECT_EQ(trace, "abc");
  EXPECT_EQ(pool_->size(), 1U);
  EXPECT_EQ(ended_, 0);
  pool_.reset();
  EXPECT_EQ(ended_, 1);
}

TEST_P(FibrePools, OnlyWorkThatHasParkedTakesMoreFibres) {
  std::string trace;
  LentFibre* self = nullptr;
  std::unique_ptr<LentFibre> waiting = pool_->Lend([&] {
    trace += "a";
    self->Park();
    trace += "z";
  });
  self = waiting.get();
  waiting->Resume();
  EXPECT_FALSE(waiting->idle());
  Finish(pool_->Lend([&trace] { trace += "b"; }));
  Finish(pool_->Lend([&trace] { trace += "c"; }));
  EXPECT_EQ(pool_->size(), 2U);
  Finish(std::move(waiting));
  EXPECT_EQ(trace, "abcz");
  pool_.reset();
  EXPECT_EQ(ended_, 2);
}

TEST_P(FibrePools, TheFibreThatCameBackLastIsLentFirst) {
  std::unique_ptr<LentFibre> first = pool_->Lend([] {});
  std::unique_ptr<LentFibre> second = pool_->Lend([] {});
  const LentFibre* const last = first.get();
  Finish(std::move(second));
  Finish(std::move(first));
  std::unique_ptr<LentFibre> next = pool_->Lend([] {});
  EXPECT_EQ(next.get(), last);
  Finish(std::move(next));
}

}  // namespace
}  // namespace lockstep::agent
