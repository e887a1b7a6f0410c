#include "coordinator/convert/schema_sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

// Of the schema "A" of a document with these schemas.
std::string Sample(const char* schemas) {
  const Json document = {{"s", Json::parse(schemas)}};
  SchemaSampler sampler(document);
  return JsonText(sampler.Sample({{"$ref", "#/s/A"}}));
}

TEST(SchemaSampler, StopsWhereASchemaComesBack) {
  const struct {
    const char* schemas;
    const char* sample;
  } kCases[] = {
      {R"({"A":{"type":"object","properties":{"n":{"type":"integer"},"a":{"$ref":"#/s/A"}}}})",
       R"({"n":1})"},
      {R"({"A":{"type":"object","required":["all"],"properties":{"all":{"type":"array","items":{"$ref":"#/s/A"}}}}})",
       R"({"all":[]})"},
      {R"({"A":{"type":"object","required":["a"],"properties":{"a":{"$ref":"#/s/A"}}}})",
       R"({"a":{}})"},
      {R"({"A":{"type":"object","properties":{"b":{"$ref":"#/s/B"}}},
           "B":{"type":"object","required":["a","n"],"properties":{"a":{"$ref":"#/s/A"},"n":{"type":"string"}}}})",
       R"({"b":{"a":{},"n":"string"}})"},
      {R"({"A":{"type":"object","properties":{"a":{"oneOf":[{"$ref":"#/s/A"},{"type":"boolean"}]}}}})",
       R"({"a":true})"},
      {R"({"A":{"allOf":[{"type":"object","properties":{"n":{"type":"integer"}}},
           {"type":"object","properties":{"a":{"$ref":"#/s/A"}}}]}})",
       R"({"n":1})"},
      {R"({"A":{"type":"object","properties":{"x":{"$ref":"#/s/B"},"y":{"$ref":"#/s/B"}}},"B":{"type":"boolean"}})",
       R"({"x":true,"y":true})"},
      {R"({"A":{"anyOf":[{"$ref":"#/s/A"}]}})", "null"},
      {R"({"A":{"type":"array","items":{"$ref":"#/s/A"}}})", "[]"},
  };
  for (const auto& [schemas, sample] : kCases) {
    EXPECT_EQ(Sample(schemas), sample) << schemas;
  }
}

TEST(SchemaSampler, ObeysLimits) {
  const struct {
    const char* schema;
    const char* sample;
  } kCases[] = {
      {R"({"type":"string","maxLength":3})", "\"str\""},
      {R"({"type":"string","minLength":8})", "\"stringxx\""},
      {R"({"type":"string","minLength":2,"maxLength":2})", "\"st\""},
      {R"({"type":"string","maxLength":0})", "\"\""},
      {R"({"type":"string","format":"date","maxLength":30})", "\"2026-01-01\""},
      {R"({"type":["string","null"],"maxLength":1})", "\"s\""},
      {R"({"type":"integer"})", "1"},
      {R"({"type":"integer","minimum":5})", "5"},
      {R"({"type":"integer","maximum":0})", "0"},
      {R"({"type":"integer","maximum":0,"exclusiveMaximum":true})", "-1"},
      {R"({"type":"integer","exclusiveMinimum":5})", "6"},
      {R"({"type":"integer","minimum":5,"exclusiveMinimum":true})", "6"},
      {R"({"type":"integer","multipleOf":10,"minimum":15})", "20"},
      {R"({"type":"number","minimum":0.5})", "0.5"},
      {R"({"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1})", "0.5"},
      {R"({"type":"array","minItems":2,"items":{"type":"integer"}})", "[1,1]"},
      {R"({"type":"array","maxItems":0,"items":{"type":"integer"}})", "[]"},
  };
  for (const auto& [schema, sample] : kCases) {
    EXPECT_EQ(Sample((std::string(R"({"A":)") + schema + "}").c_str()), sample) << schema;
  }
}

TEST(SchemaSampler, SaysThatItCutAValue) {
  Json document = {{"s", {{"A", {{"type", "integer"}}}}}};
  for (int i = 0; i < 10; ++i) {  // 100^10 values
    document["s"]["A"] = {{"type", "array"}, {"minItems", 100}, {"items", document["s"]["A"]}};
  }
  SchemaSampler sampler(document);
  EXPECT_LT(JsonText(sampler.Sample({{"$ref", "#/s/A"}})).size(), 100'000u);
  EXPECT_TRUE(sampler.TakeIsCut());
  EXPECT_FALSE(sampler.TakeIsCut());
}

}  // namespace
}  // namespace lockstep::coordinator
