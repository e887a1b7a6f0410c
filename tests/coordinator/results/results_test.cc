#include "coordinator/results/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

class WarningLogger final : public Logger {
 public:
  void Write(LogRecord record) override {
    if (record.level == LogLevel::kWarn) {
      warnings.push_back(std::move(record.message));
    }
  }
  std::vector<std::string> warnings;
};

TEST(Results, WarnOfAThresholdWhoseTagsNoSampleHas) {
  const SystemClock clock;
  WarningLogger logger;
  Results results(clock, logger);
  Results::Setup setup;
  setup.thresholds = {{"vus", {{"value>0"}}},
                      {"vus{team:a}", {{"value>0"}}},
                      {"vus{team:typo}", {{"value>=0"}}},
                      {"http_reqs", {{"count>=0"}}}};
  setup.tags = {{"team", "a"}};
  ASSERT_TRUE(results.Configure(std::move(setup)).ok());
  results.AddVus(1, 1);
  EXPECT_EQ(results.CheckThresholds(absl::Seconds(1)), std::nullopt);
  EXPECT_THAT(logger.warnings, testing::IsEmpty());
  EXPECT_EQ(results.FinalThresholds(absl::Seconds(1)), std::nullopt);
  EXPECT_THAT(logger.warnings, testing::ElementsAre(testing::HasSubstr("'vus{team:typo}'")));
}

}  // namespace
}  // namespace lockstep::coordinator
