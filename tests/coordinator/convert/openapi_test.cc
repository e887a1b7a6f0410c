#include "coordinator/convert/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kPets[] = R"(
openapi: 3.0.3
info: { title: Pets }
servers:
  - url: https://{where}.test/v1/
    variables: { where: { default: pets } }
security: [ { key: [] } ]
paths:
  /pets/{id}:
    parameters:
      - { name: id, in: path, required: true, schema: { type: string, example: "a/b" } }
    get:
      tags: [pets]
      summary: One pet
      parameters:
        - { name: verbose, in: query, required: true, schema: { type: boolean } }
        - { name: page, in: query, schema: { type: integer } }
      responses: { 200: { description: ok }, 404: { description: none } }
  /pets:
    post:
      tags: [pets]
      requestBody:
        content:
          application/json:
            schema: { $ref: '#/components/schemas/Pet' }
      responses: { 201: { description: made } }
    put:
      tags: [more]
      requestBody: { content: { image/png: {} } }
      responses: {}
components:
  securitySchemes: { key: { type: apiKey, in: header, name: X-Key } }
  schemas:
    Pet:
      type: object
      properties:
        id: { type: integer, readOnly: true }
        name: { type: string, default: Rex }
        kind: { enum: [dog, cat] }
        born: { type: string, format: date }
        parent: { $ref: '#/components/schemas/Pet' }
)";

TEST(ReadOpenApi, MakesARequestOfEachOperation) {
  const absl::StatusOr<Recording> recording = ReadOpenApi(kPets);
  ASSERT_TRUE(recording.ok()) << recording.status();
  EXPECT_THAT(recording->variables,
              ElementsAre(Pair("BASE_URL", "https://pets.test/v1"), Pair("API_KEY", "")));
  ASSERT_EQ(recording->groups.size(), 2u);
  EXPECT_EQ(recording->groups[0].name, "pets");
  const std::vector<RecordedRequest>& pets = recording->groups[0].requests;
  EXPECT_EQ(pets[0].name, "GET /pets/{id}");
  EXPECT_THAT(pets[0].hints, ElementsAre("One pet"));
  EXPECT_EQ(pets[0].url[1].text, "/pets/a%2Fb?verbose=true");
  EXPECT_THAT(pets[0].statuses, ElementsAre(200));
  EXPECT_EQ(pets[0].headers[0].first, "X-Key");
  EXPECT_THAT(pets[1].body.text[0].text,
              ::testing::StartsWith(
                  R"({"name":"Rex","kind":"dog","born":"2026-01-01","parent":{"name":"Rex")"));
  EXPECT_THAT(pets[1].statuses, ElementsAre(201));
  EXPECT_THAT(recording->left_out, ElementsAre("PUT /pets: a body of the type image/png"));
}

TEST(ReadOpenApi, ReadsSwagger2) {
  const absl::StatusOr<Recording> recording =
      ReadOpenApi(R"({"swagger":"2.0","host":"h:1","basePath":"/api/","schemes":["http"],
      "paths":{"/a":{"post":{"parameters":[{"in":"formData","name":"x","type":"string","required":true},
        {"in":"formData","name":"f","type":"file","required":true}],"responses":{"default":{}}}},
        "/b":{"put":{"parameters":[{"in":"body","name":"b","schema":{"type":"array","items":{"type":"number"}}}]}}}})");
  ASSERT_TRUE(recording.ok()) << recording.status();
  EXPECT_THAT(recording->variables, ElementsAre(Pair("BASE_URL", "http://h:1/api")));
  EXPECT_EQ(recording->groups[0].requests[0].body.kind, RecordedBody::Kind::kForm);
  EXPECT_THAT(recording->groups[0].requests[0].statuses, IsEmpty());
  EXPECT_EQ(recording->groups[1].requests[0].body.text[0].text, "[1]");
  EXPECT_THAT(recording->left_out, ElementsAre("POST /a: the parameter f (formData)"));
}

TEST(ReadOpenApi, ListsWhatLeadsNowhere) {
  const absl::StatusOr<Recording> recording = ReadOpenApi(R"(
openapi: 3.0.3
servers: [ { url: 'http://h' } ]
paths:
  /a:
    post:
      parameters: [ { $ref: 'other.yaml#/P' } ]
      requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/None' } } } }
  /b: 5
components: { schemas: {} })");
  ASSERT_TRUE(recording.ok()) << recording.status();
  EXPECT_THAT(recording->left_out,
              ElementsAre("/b: it is no object with operations",
                          "$ref #/components/schemas/None: it leads to nothing in this file",
                          "$ref other.yaml#/P: it leads to nothing in this file"));
  EXPECT_EQ("OpenAPI 3.0.3", recording->origin);
}

TEST(ReadOpenApi, SaysWhatIsWrongWithAFile) {
  EXPECT_THAT(std::string(ReadOpenApi("openapi: 3.0.0\npaths: [\n").status().message()),
              HasSubstr("line 3, column "));
  EXPECT_THAT(std::string(ReadOpenApi("a: 1").status().message()),
              HasSubstr("it is no description of an API"));
  EXPECT_EQ(ReadOpenApi("openapi: 3.1.0").status().message(),
            "paths: there is no such object in it");
  EXPECT_EQ(ReadOpenApi("openapi: 3.1.0\npaths: {}").status().message(),
            "paths: there is no operation to convert in it");
}

// Each level refers to the next one twice: without a limit that is 2^30 values.
TEST(ReadOpenApi, LimitsWhatSchemasUnfoldTo) {
  std::string text =
      R"({"openapi":"3.0.0","paths":{"/a":{"post":{"requestBody":{"content":{"application/json":{"schema":
      {"$ref":"#/s/a"}}}}}}},"s":{"a":{"type":"object","properties":{)";
  for (int i = 0; i < 40; ++i) {
    text += (i == 0 ? "\"p" : ",\"p") + std::to_string(i) + R"(":{"$ref":"#/s/a"})";
  }
  const absl::StatusOr<Recording> recording = ReadOpenApi(text + "}}}}");
  ASSERT_TRUE(recording.ok()) << recording.status();
  EXPECT_LT(recording->groups[0].requests[0].body.text[0].text.size(), 100'000u);
}

}  // namespace
}  // namespace lockstep::coordinator
