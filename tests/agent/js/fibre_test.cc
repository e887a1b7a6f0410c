#include "agent/js/fibre.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

constexpr size_t kStackBytes = size_t{256} << 10;

class Fibres : public ::testing::TestWithParam<FibreKind> {};

INSTANTIATE_TEST_SUITE_P(BothKinds, Fibres,
                         ::testing::Values(FibreKind::kCoroutine, FibreKind::kThread),
                         [](const auto& instance) {
                           return instance.param == FibreKind::kCoroutine ? "Coroutine" : "Thread";
                         });

TEST_P(Fibres, RunsOnlyWhenResumedAndGoesOnWhereItParked) {
  std::string trace;
  Fibre* self = nullptr;
  const std::unique_ptr<Fibre> fibre = Fibre::Make(GetParam(), kStackBytes, [&] {
    trace += "a";
    self->Park();
    trace += "b";
  });
  self = fibre.get();
  EXPECT_EQ(trace, "");
  fibre->Resume();
  EXPECT_EQ(trace, "a");
  EXPECT_FALSE(fibre->done());
  fibre->Resume();
  EXPECT_EQ(trace, "ab");
  EXPECT_TRUE(fibre->done());
}

TEST_P(Fibres, ManyInterleaveInTheOrderOfResuming) {
  constexpr size_t kFibres = 50;
  std::vector<std::unique_ptr<Fibre>> fibres(kFibres);
  std::vector<size_t> order;
  for (size_t i = 0; i < kFibres; ++i) {
    fibres[i] = Fibre::Make(GetParam(), kStackBytes, [&, i] {
      for (int round = 0; round < 3; ++round) {
        order.push_back(i);
        fibres[i]->Park();
      }
    });
  }
  std::vector<size_t> expected;
  for (int round = 0; round < 4; ++round) {
    for (size_t i = 0; i < kFibres; ++i) {
      fibres[i]->Resume();
      if (round < 3) {
        expected.push_back(i);
      }
    }
  }
  EXPECT_EQ(order, expected);
}

TEST_P(Fibres, LocalsSurviveParking) {
  Fibre* self = nullptr;
  std::string result;
  const std::unique_ptr<Fibre> fibre = Fibre::Make(GetParam(), kStackBytes, [&] {
    std::string text(1000, 'x');
    double number = 1.5;
    for (int i = 0; i < 10; ++i) {
      self->Park();
      number *= 2;
    }
    result = text.substr(997) + std::to_string(static_cast<int>(number));
  });
  self = fibre.get();
  while (!fibre->done()) {
    fibre->Resume();
  }
  EXPECT_EQ(result, "xxx1536");
}

TEST_P(Fibres, TheBodyAndWhatItOwnsGoWithTheBodysEnd) {
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owned;
  const std::unique_ptr<Fibre> fibre =
      Fibre::Make(GetParam(), kStackBytes, [owned = std::move(owned)] {});
  EXPECT_FALSE(watch.expired());
  fibre->Resume();
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace lockstep::agent
