#include "common/metrics/metric.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/metrics/aggregate_store.h"
#include "common/metrics/tag_set.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(MetricRegistry, HoldsTheBuiltinsUnderTheirConstants) {
  MetricRegistry registry;
  EXPECT_EQ(registry.size(), static_cast<size_t>(builtin::kCount));
  EXPECT_EQ(registry.Find("vus"), BuiltinMetric(builtin::kVus));
  EXPECT_EQ(registry.Find("http_req_duration_errors"),
            BuiltinMetric(builtin::kHttpReqDurationErrors));
  EXPECT_EQ(registry.Find("grpc_streams_msgs_received"),
            BuiltinMetric(builtin::kGrpcStreamsMsgsReceived));
  EXPECT_EQ(registry.Get(BuiltinMetric(builtin::kDataSent)).contains, ValueType::kData);
}

TEST(MetricRegistry, RefusesBadNamesAndOtherTypes) {
  MetricRegistry registry;
  EXPECT_EQ(registry.Register("a b", MetricType::kTrend, ValueType::kDefault).status().message(),
            "Invalid metric name: a b: expected 2 to 129 characters of [a-zA-Z0-9_], the first no "
            "digit");
  EXPECT_TRUE(registry.Register("mine", MetricType::kTrend, ValueType::kTime).ok());
  EXPECT_EQ(*registry.Register("mine", MetricType::kTrend, ValueType::kTime),
            registry.Find("mine"));
  EXPECT_EQ(registry.Register("mine", MetricType::kGauge, ValueType::kTime).status().message(),
            "metric 'mine' already exists but with type trend, instead of gauge");
  EXPECT_FALSE(registry.Register("mine", MetricType::kTrend, ValueType::kData).ok());
}

TEST(MetricName, HasALetterFirstAndAtMost129Characters) {
  EXPECT_TRUE(IsValidMetricName("_a"));
  EXPECT_TRUE(IsValidMetricName("A" + std::string(128, '9')));
  for (const std::string& bad : {std::string("a"), std::string("9a"), std::string("a-b"),
                                 std::string(130, 'a'), std::string()}) {
    EXPECT_FALSE(IsValidMetricName(bad)) << bad;
  }
}

TEST(TagSetTable, GivesEqualSetsOneId) {
  TagSetTable table;
  const TagSet one = table.With(kEmptyTagSet, {{"b", "2"}, {"a", "1"}});
  EXPECT_EQ(table.With(kEmptyTagSet, {{"a", "1"}, {"b", "2"}}), one);
  EXPECT_EQ(table.With(table.With(kEmptyTagSet, "a", "1"), "b", "2"), one);
  EXPECT_THAT(table.Get(one), ElementsAre(Pair("a", "1"), Pair("b", "2")));
  EXPECT_EQ(table.Find(one, "b"), "2");
  EXPECT_EQ(table.Find(one, "c"), std::nullopt);
}

TEST(TagSetTable, LetsTheLaterValueWin) {
  TagSetTable table;
  const TagSet set = table.With(kEmptyTagSet, {{"a", "1"}, {"a", "2"}});
  EXPECT_THAT(table.Get(set), ElementsAre(Pair("a", "2")));
  EXPECT_EQ(table.Without(set, "a"), kEmptyTagSet);
  EXPECT_EQ(table.With(set, "a", "2"), set);
}

TEST(TagSetTable, IsUtf8WithItsLimitsAndItsOrder) {
  TagSetTable table;
  const TagSet set = table.With(
      kEmptyTagSet, {{"\xFF", "a\xFCo"}, {"\uFFFE", "b"}, {"long", std::string(8192, '\xFF')}});
  EXPECT_THAT(table.Get(set), ElementsAre(Pair("long", ::testing::SizeIs(8190)),
                                          Pair("\uFFFD", "a\uFFFDo"), Pair("\uFFFE", "b")));
  EXPECT_EQ(table.With(kEmptyTagSet, "k\xFF", "v"), table.With(kEmptyTagSet, "k\xFE", "v"));
}

TEST(TagSetTable, ForgetsSetsThatNobodyHolds) {
  TagSetTable table;
  const TagSet kept = table.With(kEmptyTagSet, "n", "kept");
  {
    const TagSet held = table.With(kept, {{"a", "1"}, {MetadataKey("iter"), "1"}});
    EXPECT_EQ(table.size(), 3u) << "with the one without metadata";
  }
  EXPECT_EQ(table.size(), 1u);
  for (size_t i = 0; i < 3 * TagSetMemo::kMost; ++i) {
    table.With(kept, "id", absl::StrCat(i));
  }
  EXPECT_EQ(table.size(), 1 + TagSetMemo::kMost) << "what is remembered";
  EXPECT_THAT(table.Get(table.With(kept, "id", "5")),
              ElementsAre(Pair("id", "5"), Pair("n", "kept")));
}

TEST(TagSetTable, SetsMayOutliveIt) {
  TagSet set;
  {
    TagSetTable table;
    set = table.With(kEmptyTagSet, {{"a", "1"}, {MetadataKey("iter"), "1"}});
  }
  const TagSet copy = set;
  EXPECT_EQ(TagSetTable::Find(copy, "a"), "1");
}

TEST(TagSetMemo, NeverTakesASetForOneThatIsGone) {
  TagSetTable table;
  for (int i = 0; i < 100; ++i) {
    const TagSet base = table.With(kEmptyTagSet, {{"base", absl::StrCat(i)}});
    EXPECT_EQ(table.Find(table.With(base, "a", "1"), "base"), absl::StrCat(i));
  }
}

TEST(FoldedTags, AreThoseWithFewValuesAndThoseThatAreAskedFor) {
  const TagList tags = {{"group", "::g"},  {"name", "/7"}, {"scenario", "s"},
                        {"status", "200"}, {"url", "/7"},  {"user", "7"}};
  EXPECT_THAT(FoldedTags(tags, {}), ElementsAre(Pair("group", "::g"), Pair("overflow", "true"),
                                                Pair("scenario", "s"), Pair("status", "200")));
  EXPECT_THAT(FoldedTags(tags, {{"user", "7"}, {"url", "/8"}}),
              ElementsAre(Pair("group", "::g"), Pair("overflow", "true"), Pair("scenario", "s"),
                          Pair("status", "200"), Pair("user", "7")));
  EXPECT_THAT(NarrowTags(tags, {{"user", "7"}, {"status", "500"}}),
              ElementsAre(Pair("overflow", "true"), Pair("user", "7")));
  EXPECT_TRUE(IsFolded(FoldedTags(tags, {})) && !IsFolded(tags));
}

TEST(TagSetTable, LeavesOutWhatNoBatchMayHold) {
  TagSetTable table;
  const std::string page(100'000, 'x');
  const TagSet cut = table.With(kEmptyTagSet, "url", absl::StrCat("\u00e4", page));
  EXPECT_EQ(table.Find(cut, "url")->size(), TagSetTable::kMaxTextBytes);
  EXPECT_EQ(table.With(kEmptyTagSet, {{"url", absl::StrCat("\u00e4", page)}}), cut);
  EXPECT_EQ(table.With(kEmptyTagSet, page, "1"), kEmptyTagSet);
  TagSet many = kEmptyTagSet, large = kEmptyTagSet;
  for (int i = 0; i < 200; ++i) {
    const std::string key = absl::StrCat("k", 1000 + i);
    many = table.With(many, key, "1");
    large = table.With(large, key, page);
  }
  EXPECT_EQ(table.Get(many).size(), TagSetTable::kMaxTags);
  EXPECT_EQ(table.Get(many).back().first, "k1127");
  EXPECT_THAT(table.Get(large).size(), 7) << "of 8 KiB and a little more each";
  EXPECT_GT(table.cut(), 0u);
  // Thresholds select by it.
  EXPECT_EQ(table.Find(table.With(large, "status", "500"), "status"), "500");
}

TEST(TagSetTable, KeepsMetadataApart) {
  TagSetTable table;
  const TagSet plain = table.With(kEmptyTagSet, "a", "1");
  const TagSet marked = table.With(plain, MetadataKey("trace"), "t");
  EXPECT_EQ(table.Indexed(marked), plain);
  EXPECT_EQ(table.Indexed(plain), plain);
  EXPECT_EQ(table.Find(marked, MetadataKey("trace")), "t");
  EXPECT_EQ(table.Find(marked, "trace"), std::nullopt);
  EXPECT_EQ(table.Indexed(table.With(marked, "b", "2")), table.With(plain, "b", "2"));
  EXPECT_EQ(TagName(MetadataKey("trace")), "trace");
  EXPECT_EQ(TagName("trace"), "trace");
}

TEST(MetricKey, TakesNamesAndTags) {
  absl::StatusOr<MetricKey> key = ParseMetricKey("http_reqs{ status : '200', name:\"a:b\" }");
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->metric, "http_reqs");
  EXPECT_THAT(key->tags, ElementsAre(Pair("name", "a:b"), Pair("status", "200")));
  EXPECT_FALSE(ParseMetricKey("vus")->is_submetric());
}

TEST(MetricKey, TakesAGroupsPathAsAValue) {
  absl::StatusOr<MetricKey> key = ParseMetricKey("group_duration{group:::outer::inner}");
  ASSERT_TRUE(key.ok());
  EXPECT_THAT(key->tags, ElementsAre(Pair("group", "::outer::inner")));
}

TEST(MetricKey, SaysWhatIsWrong) {
  for (const char* bad :
       {"http_reqs{status:200", "http_reqs}", "http_reqs}a:b{", "http_reqs{a:b}c"}) {
    EXPECT_THAT(std::string(ParseMetricKey(bad).status().message()),
                HasSubstr("unmatched opening/close curly brace"))
        << bad;
  }
  EXPECT_FALSE(ParseMetricKey("http_reqs{}").ok());
  EXPECT_FALSE(ParseMetricKey("http_reqs{status}").ok());
  EXPECT_FALSE(ParseMetricKey("http_reqs{:200}").ok());
  EXPECT_FALSE(ParseMetricKey("http_reqs{a:1,a:2}").ok());
}

}  // namespace
}  // namespace lockstep
