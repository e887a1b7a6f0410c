#include "agent/vu/sample_tags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/report/accumulator.h"

namespace lockstep::agent {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Tag = std::pair<std::string, std::string>;

// Of a scenario `s` in a test that wants the system tags `system`, for VU 3.
TagList TagsOf(const RunOptions& options, const std::vector<std::string>& system,
               bool points = true) {
  Accumulator sink(Accumulator::Config{.keep_points = points});
  ScenarioConfig scenario;
  scenario.name = "s";
  scenario.tags = {{"a", "scenario's"}, {"scenario", "scenario's"}};
  return sink.tags().Get(
      SampleTags(sink, options, SystemTags(system), &scenario, /*vu_id_in_test=*/3));
}

TEST(SampleTags, TheScenariosGoOverTheTestsAndSystemTagsOverBoth) {
  RunOptions options;
  options.tags = {{"a", "test's"}, {"b", "test's"}, {"scenario", "test's"}};
  EXPECT_THAT(
      TagsOf(options, {"scenario"}),
      UnorderedElementsAre(Tag("a", "scenario's"), Tag("b", "test's"), Tag("scenario", "s")));
  EXPECT_THAT(TagsOf(options, {}), UnorderedElementsAre(Tag("a", "scenario's"), Tag("b", "test's"),
                                                        Tag("scenario", "scenario's")));
}

TEST(SampleTags, TheVuIsMetadataOfSingleSamples) {
  EXPECT_THAT(TagsOf({}, {"scenario", "vu"}),
              UnorderedElementsAre(Tag("a", "scenario's"), Tag("scenario", "s"),
                                   Tag(MetadataKey("vu"), "3")));
  EXPECT_THAT(TagsOf({}, {"scenario", "vu"}, /*points=*/false),
              UnorderedElementsAre(Tag("a", "scenario's"), Tag("scenario", "s")));
}

TEST(SampleTags, WhatBelongsToNobodyNamesNobody) {
  Accumulator sink(Accumulator::Config{.keep_points = true});
  const SystemTags all(std::vector<std::string>{"scenario", "vu"});
  EXPECT_THAT(sink.tags().Get(SampleTags(sink, {}, all, nullptr, std::nullopt)), IsEmpty());
}

}  // namespace
}  // namespace lockstep::agent
