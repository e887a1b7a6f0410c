#include "coordinator/convert/openapi_security.h"

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
using ::testing::Pair;

Recording Secured(absl::string_view security, absl::string_view schemes) {
  const absl::StatusOr<Recording> recording = ReadOpenApi(
      absl::StrCat(R"({"openapi":"3.0.0","servers":[{"url":"http://h"}],"security":)", security,
                   R"(,"paths":{"/a":{"get":{"parameters":[{"name":"q","in":"query","required":true,
                   "schema":{"type":"integer"}}]}}},"components":{"securitySchemes":)",
                   schemes, "}}"));
  EXPECT_TRUE(recording.ok()) << recording.status();
  return recording.value_or(Recording());
}

const RecordedRequest& OnlyRequest(const Recording& recording) {
  return recording.groups.at(0).requests.at(0);
}

TEST(OpenApiSecurity, TakesKeysFromVariables) {
  const Recording query =
      Secured(R"([{"k":[]}])", R"({"k":{"type":"apiKey","in":"query","name":"a key"}})");
  EXPECT_EQ(Joined(OnlyRequest(query).url), "{BASE_URL}/a?q=1&a%20key={API_KEY}");
  EXPECT_THAT(query.variables, ElementsAre(Pair("BASE_URL", "http://h"), Pair("API_KEY", "")));
  EXPECT_THAT(query.left_out, IsEmpty());
  EXPECT_THAT(WriteScript(query, "x"), HasSubstr("`${BASE_URL}/a?q=1&a%20key=${vars.API_KEY}`"));
  const Recording cookie =
      Secured(R"([{"k":[]}])", R"({"k":{"type":"apiKey","in":"cookie","name":"sid"}})");
  EXPECT_THAT(WriteScript(cookie, "x"), HasSubstr("Cookie: `sid=${vars.API_KEY}`"));
  EXPECT_THAT(cookie.left_out, IsEmpty());
}

TEST(OpenApiSecurity, TakesAllThatAreWantedTogether) {
  const Recording recording = Secured(
      R"([{"id":[],"key":[],"bearer":[]},{"other":[]}])",
      R"({"id":{"type":"apiKey","in":"header","name":"X-Id"},"key":{"type":"apiKey","in":"cookie","name":"c"},
                  "bearer":{"type":"http","scheme":"Bearer"},"other":{"type":"mutualTLS"}})");
  const auto& headers = OnlyRequest(recording).headers;
  ASSERT_EQ(headers.size(), 3u);
  EXPECT_EQ(Joined(headers[0].second), "{API_KEY}");
  EXPECT_EQ(Joined(headers[1].second), "c={API_KEY_KEY}");
  EXPECT_EQ(Joined(headers[2].second), "Bearer {TOKEN}");
  EXPECT_THAT(recording.left_out, IsEmpty());
}

TEST(OpenApiSecurity, NamesWhatItCannotConvert) {
  EXPECT_THAT(Secured(R"([{"m":[],"b":[],"none":[],"odd":[]}])",
                      R"({"m":{"type":"mutualTLS"},"b":{"type":"http","scheme":"basic"},
                          "odd":{"type":"apiKey","in":"body","name":"k"}})")
                  .left_out,
              ElementsAre("GET /a: authorisation of the kind mutualTLS",
                          "GET /a: authorisation of the kind http basic",
                          "GET /a: the authorisation none, which is not described",
                          "GET /a: the key k in the body"));
  EXPECT_THAT(Secured(R"([{},{"m":[]}])", "{}").left_out, IsEmpty());
}

}  // namespace
}  // namespace lockstep::coordinator
