#include "coordinator/convert/openapi_bodies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "coordinator/convert/openapi.h"
#include "coordinator/convert/script_writer.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Recording Read(absl::string_view document) {
  const absl::StatusOr<Recording> recording = ReadOpenApi(document);
  EXPECT_TRUE(recording.ok()) << recording.status();
  return recording.value_or(Recording());
}

Recording Swagger(absl::string_view consumes, absl::string_view parameters) {
  return Read(absl::StrCat(R"({"swagger":"2.0","host":"h","paths":{"/a":{"post":{"consumes":[)",
                           consumes, R"(],"parameters":[)", parameters, "]}}}}"));
}

Recording OpenApi(absl::string_view content) {
  return Read(absl::StrCat(
      R"({"openapi":"3.0.0","servers":[{"url":"http://h"}],"paths":{"/a":{"post":{"requestBody":{"content":)",
      content, "}}}}}"));
}

const RecordedRequest& FirstOf(const Recording& recording) {
  return recording.groups.at(0).requests.at(0);
}

TEST(OpenApiBodies, MakesMultipartFormsOfSwaggersFormData) {
  const Recording recording = Swagger(
      "\"multipart/form-data\"",
      R"({"in":"formData","name":"x","type":"string"},{"in":"formData","name":"f","type":"file"})");
  EXPECT_THAT(WriteScript(recording, "x"),
              HasSubstr("http.post(`${BASE_URL}/a`, {\n      f: http.file('content of the file', "
                        "'f.bin'),\n      x: 'string',\n    });"));
  EXPECT_THAT(recording.left_out, ElementsAre("POST /a: " + FileLeftOut("the file f")));
  const Recording text =
      Swagger("\"multipart/form-data\"", R"({"in":"formData","name":"x","type":"string"})");
  EXPECT_THAT(Joined(FirstOf(text).body.text), HasSubstr("name=\"x\"\r\n\r\nstring\r\n"));
  EXPECT_THAT(Joined(FirstOf(text).headers.at(0).second),
              HasSubstr("multipart/form-data; boundary="));
  EXPECT_THAT(text.left_out, IsEmpty());
}

TEST(OpenApiBodies, MakesUrlEncodedFormsOfSwaggersFormData) {
  for (const char* consumes : {"", "\"application/x-www-form-urlencoded\"",
                               "\"multipart/form-data\",\"application/x-www-form-urlencoded\""}) {
    const Recording recording = Swagger(
        consumes,
        R"({"in":"formData","name":"l","type":"array","items":{"type":"string"},"collectionFormat":"multi"},
           {"in":"formData","name":"x","type":"integer"})");
    EXPECT_EQ(FirstOf(recording).body.kind, RecordedBody::Kind::kForm) << consumes;
    EXPECT_EQ(FirstOf(recording).body.fields.size(), 2u);
    EXPECT_THAT(recording.left_out, IsEmpty());
  }
}

TEST(OpenApiBodies, SaysWhichBodiesOfSwaggerItCannotMake) {
  constexpr char kBody[] = R"({"in":"body","name":"b","schema":{"type":"object"}})";
  EXPECT_THAT(Swagger("\"application/xml\"", kBody).left_out,
              ElementsAre("POST /a: a body of the type application/xml"));
  EXPECT_EQ(Joined(FirstOf(Swagger("\"application/xml\",\"application/json\"", kBody)).body.text),
            "{}");
}

TEST(OpenApiBodies, MakesMultipartForms) {
  const Recording recording =
      OpenApi(R"({"multipart/form-data":{"schema":{"type":"object","properties":{
      "name":{"type":"string"},"meta":{"type":"object","properties":{"n":{"type":"integer"}}},
      "files":{"type":"array","items":{"type":"string","format":"binary"}},"picture":{"type":"string","format":"binary"}}},
      "encoding":{"picture":{"contentType":"image/png"}}}})");
  const std::string script = WriteScript(recording, "x");
  EXPECT_THAT(script, HasSubstr("name: 'string',\n"));
  EXPECT_THAT(script, HasSubstr("meta: http.file('{\"n\":1}', 'meta', 'application/json'),\n"));
  EXPECT_THAT(script, HasSubstr("files: http.file('content of the file', 'files.bin'),\n"));
  EXPECT_THAT(
      script,
      HasSubstr("picture: http.file('content of the file', 'picture.bin', 'image/png'),\n"));
  EXPECT_THAT(recording.left_out,
              ElementsAre("POST /a: " + FileLeftOut("the file files"),
                          "POST /a: " + FileLeftOut("the file picture"),
                          HasSubstr("the field meta of the form has the type application/json")));
}

TEST(OpenApiBodies, RepeatsListsInForms) {
  const Recording recording =
      OpenApi(R"({"application/x-www-form-urlencoded":{"schema":{"type":"object","properties":{
      "a":{"type":"array","example":["x","y"]},"o":{"type":"object","example":{"n":1}}}}}})");
  EXPECT_EQ(Joined(FirstOf(recording).body.text), "a=x&a=y&o=%7B%22n%22%3A1%7D");
}

}  // namespace
}  // namespace lockstep::coordinator
