#include "agent/vu/vu_samples.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sim_loop.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;
using ::testing::Pair;

class VuSamplesTest : public ::testing::Test {
 protected:
  // A VU that has begun to work for the scenario "s".
  VuSamples Vu(const std::vector<std::string>& system = {"group", "scenario"}) {
    system_tags_ = SystemTags(system);
    scenario_.name = "s";
    VuSamples samples({.clock = loop_.clock(),
                       .sink = sink_,
                       .options = options_,
                       .system_tags = system_tags_,
                       .vu_in_test = 7});
    samples.Enter(&scenario_);
    return samples;
  }
  std::optional<std::string> Tag(const VuSamples& samples, absl::string_view key) {
    const std::optional<absl::string_view> value = sink_.tags().Find(samples.tags(), key);
    return value.has_value() ? std::make_optional(std::string(*value)) : std::nullopt;
  }
  // How many samples there are of each metric since the last call.
  std::map<std::string, int> Sealed() {
    std::map<std::string, int> counts;
    batch_ = sink_.Seal();
    for (const Point& point : batch_.points) {
      ++counts[batch_.metrics.at(static_cast<size_t>(point.metric)).name];
    }
    return counts;
  }

  lockstep::testing::SimLoop loop_;
  Accumulator sink_{Accumulator::Config{.keep_points = true}};
  RunOptions options_;
  SystemTags system_tags_;
  ScenarioConfig scenario_;
  Batch batch_;
};

TEST_F(VuSamplesTest, AnIterationThatLeavesItsGroupOpenDoesNotHandItOn) {
  VuSamples samples = Vu();
  samples.BeginIteration(0, MonoTime());
  samples.SetGroup("::a");
  EXPECT_EQ(samples.group(), "::a");
  EXPECT_THAT(Tag(samples, "group"), Optional(std::string("::a")));
  samples.EndIteration();
  EXPECT_EQ(samples.group(), "");
  EXPECT_THAT(Tag(samples, "group"), Optional(std::string()));
}

TEST_F(VuSamplesTest, TheGroupIsNoTagWhereNobodyWantsIt) {
  VuSamples samples = Vu({"scenario"});
  samples.SetGroup("::a");
  EXPECT_EQ(samples.group(), "::a");
  EXPECT_EQ(Tag(samples, "group"), std::nullopt);
}

TEST_F(VuSamplesTest, WhatAScriptSetsStaysUntilAnotherScenarioTakesTheVu) {
  VuSamples samples = Vu();
  samples.SetTags(sink_.tags().With(samples.tags(), "mine", "1"));
  samples.BeginIteration(0, MonoTime());
  samples.EndIteration();
  samples.BeginIteration(1, MonoTime());
  EXPECT_THAT(Tag(samples, "mine"), Optional(std::string("1")));
  samples.EndIteration();
  samples.Enter(nullptr);
  EXPECT_EQ(Tag(samples, "mine"), std::nullopt);
  EXPECT_EQ(Tag(samples, "scenario"), std::nullopt);
}

TEST_F(VuSamplesTest, IterAndVuAreMetadata) {
  VuSamples samples = Vu({"iter", "vu"});
  samples.BeginIteration(3, MonoTime());
  EXPECT_THAT(Tag(samples, MetadataKey("iter")), Optional(std::string("3")));
  EXPECT_THAT(Tag(samples, MetadataKey("vu")), Optional(std::string("7")));
}

TEST_F(VuSamplesTest, OnlyTheFirstRequestTakesTheLateness) {
  options_.intended_latency = true;
  VuSamples samples = Vu();
  loop_.RunFor(absl::Milliseconds(30));
  const MonoTime now = loop_.clock().Mono();
  EXPECT_EQ(samples.BeginIteration(0, now - absl::Milliseconds(20)), now);
  EXPECT_THAT(samples.TakeLateness(), Optional(absl::Milliseconds(20)));
  EXPECT_THAT(samples.TakeLateness(), Optional(absl::ZeroDuration()));
  samples.EndIteration();
  EXPECT_EQ(samples.TakeLateness(), std::nullopt);
  samples.BeginIteration(1, MonoTime());  // has no schedule
  EXPECT_EQ(samples.TakeLateness(), std::nullopt);
  EXPECT_THAT(Sealed(), ElementsAre(Pair("iteration_lateness", 1)));
}

TEST_F(VuSamplesTest, AnInterruptedIterationTellsItsBytesAlone) {
  VuSamples samples = Vu();
  samples.CountBytes(10, 200);
  samples.CountBytes(1, 2);
  samples.EmitData();
  samples.CountEnded(&EndedIterations::interrupted);
  EXPECT_THAT(Sealed(), ElementsAre(Pair("data_received", 1), Pair("data_sent", 1)));
  samples.EmitIteration(absl::Milliseconds(5));
  samples.CountEnded(&EndedIterations::full);
  EXPECT_THAT(Sealed(), ElementsAre(Pair("data_received", 1), Pair("data_sent", 1),
                                    Pair("iteration_duration", 1), Pair("iterations", 1)));
  ASSERT_EQ(batch_.ended.size(), 1u);
  EXPECT_EQ(batch_.ended[0].scenario, "s");
  EXPECT_EQ(batch_.ended[0].full, 1);
}

}  // namespace
}  // namespace lockstep::agent
