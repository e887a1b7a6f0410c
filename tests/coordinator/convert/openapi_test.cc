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
  EXPECT_EQ(pets[1].body.text[0].text, R"({"name":"Rex","kind":"dog","born":"2026-01-01"})");
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
  EXPECT_EQ(recording->groups[0].requests[0].body.kind, RecordedBody::Kind::kMultipart);
  EXPECT_THAT(recording->groups[0].requests[0].statuses, IsEmpty());
  EXPECT_EQ(recording->groups[1].requests[0].body.text[0].text, "[1]");
  EXPECT_THAT(recording->left_out, ElementsAre("POST /a: " + FileLeftOut("the file f")));
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
              ElementsAre("/b: it is not an object with operations",
                          "$ref #/components/schemas/None: it leads to nothing in this file",
                          "$ref other.yaml#/P: it leads to nothing in this file"));
  EXPECT_EQ("OpenAPI 3.0.3", recording->origin);
}

TEST(ReadOpenApi, SaysWhatIsWrongWithAFile) {
  EXPECT_THAT(std::string(ReadOpenApi("openapi: 3.0.0\npaths: [\n").status().message()),
              HasSubstr("line 3, column "));
  EXPECT_THAT(std::string(ReadOpenApi("a: 1").status().message()),
              HasSubstr("it is not a description of an API"));
  EXPECT_EQ(ReadOpenApi("openapi: 3.1.0").status().message(),
            "paths: there is no such object in it");
  EXPECT_EQ(ReadOpenApi("openapi: 3.1.0\npaths: {}").status().message(),
            "paths: there is no operation to convert in it");
}

TEST(ReadOpenApi, SendsParametersAsTheyAreDescribed) {
  const absl::StatusOr<Recording> recording = ReadOpenApi(R"(
openapi: 3.0.3
servers: [ { url: 'http://h' } ]
paths:
  /a/{ids}:
    get:
      parameters:
        - { name: ids, in: path, required: true, schema: { type: array }, example: [1, 2] }
        - { name: q, in: query, required: true, schema: { type: array }, example: [a, c] }
        - { name: f, in: query, required: true, style: deepObject, schema: { type: object, properties: { n: { type: integer } } } }
        - { name: j, in: query, required: true, content: { application/json: { schema: { type: object, properties: { n: { type: integer } } } } } }
        - { name: X-L, in: header, required: true, schema: { type: array }, example: [a b, c] }
        - { name: Accept, in: header, required: true, schema: { type: string } }
        - { name: sid, in: cookie, required: true, schema: { type: string } }
        - { name: gone, in: path, required: true, schema: { type: string } }
)");
  ASSERT_TRUE(recording.ok()) << recording.status();
  const RecordedRequest& request = recording->groups[0].requests[0];
  EXPECT_EQ(Joined(request.url), "{BASE_URL}/a/1,2?f[n]=1&j=%7B%22n%22%3A1%7D&q=a&q=c");
  ASSERT_EQ(request.headers.size(), 2u);
  EXPECT_EQ(Joined(request.headers[0].second), "sid=string");
  EXPECT_EQ(Joined(request.headers[1].second), "a b,c");
  EXPECT_THAT(recording->left_out,
              ElementsAre("GET /a/{ids}: the parameter gone (path), which is not in the path"));
}

TEST(ReadOpenApi, MakesVariablesOfPartsOfAPathThatAreNotDescribed) {
  const absl::StatusOr<Recording> recording = ReadOpenApi(R"(
openapi: 3.0.3
servers: [ { url: 'http://{where}' } ]
paths:
  /a/{b}/{TOKEN}:
    get: { servers: [ { url: 'http://i' } ] }
  /c/{b}: { trace: {} }
)");
  ASSERT_TRUE(recording.ok()) << recording.status();
  EXPECT_EQ(Joined(recording->groups[0].requests[0].url), "{BASE_URL}/a/{b}/{path_TOKEN}");
  EXPECT_EQ(recording->groups[1].requests[0].method, "TRACE");
  EXPECT_THAT(recording->variables, ElementsAre(Pair("BASE_URL", "http://{where}"), Pair("b", "1"),
                                                Pair("path_TOKEN", "1")));
  EXPECT_THAT(
      recording->left_out,
      ElementsAre(HasSubstr("servers[0].url: \"http://{where}\" has a variable"),
                  HasSubstr("the value of {b}, which no parameter describes; give one: -e b=..."),
                  HasSubstr("the value of {TOKEN}"), HasSubstr("its own servers"),
                  HasSubstr("TRACE /c/{b}: the value of {b}")));
}

// Each level refers to the next one twice: without a limit that is 2^30 values.
TEST(ReadOpenApi, LimitsWhatSchemasUnfoldTo) {
  std::string text =
      R"({"openapi":"3.0.0","paths":{"/a":{"post":{"requestBody":{"content":{"application/json":{"schema":
      {"$ref":"#/s/a"}}}}}}},"s":{"z":{})";
  for (int i = 0; i < 40; ++i) {
    const std::string next = R"({"$ref":"#/s/)" + std::to_string(i + 1) + "\"}";
    text += ",\"" + (i == 0 ? "a" : std::to_string(i)) +
            R"(":{"type":"object","properties":{"x":)" + next + ",\"y\":" + next + "}}";
  }
  const absl::StatusOr<Recording> recording = ReadOpenApi(text + "}}");
  ASSERT_TRUE(recording.ok()) << recording.status();
  EXPECT_THAT(recording->left_out,
              ::testing::Contains(HasSubstr("all of a value that is made of")));
  EXPECT_LT(recording->groups[0].requests[0].body.text[0].text.size(), 100'000u);
}

}  // namespace
}  // namespace lockstep::coordinator
