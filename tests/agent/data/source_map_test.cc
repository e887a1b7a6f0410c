#include "agent/data/source_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

std::string At(const SourceMap& map, int64_t line, int64_t column) {
  const std::optional<SourceMap::Place> place = map.Find(line, column);
  return place.has_value() ? absl::StrCat(place->source, ":", place->line, ":", place->column)
                           : "nowhere";
}

// Digits of base64 by hand: A is 0, C is +1, D is -1, G is +3; "gB" is +16: 16 has no place in the
// four bits that a first digit has beside the sign and the sign that more follows.
TEST(SourceMap, FindsThePlaceBehindTheLastMappingOfTheLine) {
  const SourceMap map = *SourceMap::Parse(
      R"({"version":3,"sources":["a.ts","b.ts"],"mappings":"AAAA;;AACG,GCDA,gBAAA"})");
  EXPECT_EQ(At(map, 1, 1), "a.ts:1:1");
  EXPECT_EQ(At(map, 1, 99), "a.ts:1:1");
  EXPECT_EQ(At(map, 2, 1), "nowhere");
  EXPECT_EQ(At(map, 3, 1), "a.ts:2:4");
  EXPECT_EQ(At(map, 3, 3), "a.ts:2:4");
  EXPECT_EQ(At(map, 3, 4), "b.ts:1:4");
  EXPECT_EQ(At(map, 3, 20), "b.ts:1:4");
  EXPECT_EQ(At(map, 4, 1), "nowhere");
}

TEST(SourceMap, AMappingMayHaveNoSourceOrAName) {
  const SourceMap map = *SourceMap::Parse(
      R"({"version":3,"sources":["a"],"names":["n"],"mappings":"AAAAA,GAAGA,G"})");
  EXPECT_EQ(At(map, 1, 4), "a:1:4");
  EXPECT_EQ(At(map, 1, 7), "nowhere");
}

TEST(SourceMap, SourcesHaveTheirRootInFront) {
  EXPECT_EQ(
      At(*SourceMap::Parse(R"({"sourceRoot":"../src","sources":["a"],"mappings":"AAAA"})"), 1, 1),
      "../src/a:1:1");
}

TEST(SourceMap, SectionsBeginWhereTheySay) {
  const SourceMap map = *SourceMap::Parse(R"({"version":3,"sections":[
    {"offset":{"line":0,"column":0},"map":{"sources":["a"],"mappings":"AAAA"}},
    {"offset":{"line":2,"column":5},"map":{"sources":["b"],"mappings":"AAAA;AACA"}}]})");
  EXPECT_EQ(At(map, 1, 1), "a:1:1");
  EXPECT_EQ(At(map, 3, 5), "nowhere");
  EXPECT_EQ(At(map, 3, 6), "b:1:1");
  EXPECT_EQ(At(map, 4, 1), "b:2:1");
}

TEST(SourceMap, AGuardAgainstScriptsIsSkipped) {
  EXPECT_EQ(At(*SourceMap::Parse(")]}'\n{\"sources\":[\"a\"],\"mappings\":\"AAAA\"}"), 1, 1),
            "a:1:1");
}

TEST(SourceMap, RefusesWhatIsNone) {
  for (const char* text :
       {"", "not a map", "[]", "{}", ")]}'", R"({"sources":[],"mappings":"AAAA"})",
        R"({"sources":["a"],"mappings":"*"})", R"({"sources":["a"],"mappings":"ADAA"})",
        R"({"sources":["a"],"mappings":"AAAAAAA"})",
        R"({"sources":["a"],"mappings":"gggggggggggggggggA"})",
        R"({"sources":["a"],"mappings":"g"})", R"({"sections":[{}]})", R"({"sections":5})"}) {
    EXPECT_THAT(SourceMap::Parse(text).status().message(), HasSubstr("not a source map: ")) << text;
  }
}

}  // namespace
}  // namespace lockstep::agent
