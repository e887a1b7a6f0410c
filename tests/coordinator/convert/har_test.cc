#include "coordinator/convert/har.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Recording Har(const std::string& entries) {
  absl::StatusOr<Recording> recording =
      ReadHar(absl::StrCat(R"({"log":{"entries":[)", entries, "]}}"));
  EXPECT_TRUE(recording.ok()) << recording.status();
  return recording.value_or(Recording());
}

const RecordedRequest& FirstEntry(const Recording& recording) {
  return recording.groups.at(0).requests.at(0);
}

TEST(ReadHar, TakesMethodUrlHeadersAndStatus) {
  const Recording recording =
      Har(R"({"request":{"method":"PUT","url":"http://h:1/a?b=c#d","headers":[
      {"name":"X-A","value":"1"},{"name":":authority","value":"h"},{"name":"Content-Length","value":"3"},
      {"name":"If-None-Match","value":"x"}]},"response":{"status":304}})");
  const RecordedRequest& request = FirstEntry(recording);
  EXPECT_EQ(request.method, "PUT");
  ASSERT_EQ(request.url.size(), 2u);
  EXPECT_TRUE(request.url[0].variable);
  EXPECT_EQ(request.url[1].text, "/a?b=c");
  EXPECT_THAT(recording.variables, ElementsAre(::testing::Pair("BASE_URL", "http://h:1")));
  ASSERT_EQ(request.headers.size(), 1u);
  EXPECT_EQ(request.headers[0].first, "X-A");
  EXPECT_THAT(request.statuses, ElementsAre(200, 304));
  EXPECT_FALSE(request.redirected);
}

TEST(ReadHar, MakesFormsOfForms) {
  const Recording recording = Har(R"({"request":{"method":"POST","url":"http://h/","headers":[
      {"name":"content-type","value":"application/x-www-form-urlencoded"}],"postData":{
      "mimeType":"application/x-www-form-urlencoded","text":"a=1","params":[{"name":"a","value":"1"}]}},"response":{"status":200}})");
  EXPECT_EQ(FirstEntry(recording).body.kind, RecordedBody::Kind::kForm);
  EXPECT_THAT(FirstEntry(recording).headers, IsEmpty());
}

TEST(ReadHar, ListsWhatItCannotConvert) {
  const Recording recording = Har(R"({"request":{"url":"ws://h/"}},{"request":{"url":"data:x"}},
      {"request":{"method":"POST","url":"http://h/","headers":[{"name":"Cookie","value":"a=b"}],
       "postData":{"mimeType":"multipart/form-data","params":[{"name":"f"}]}},"response":{"status":0}})");
  EXPECT_THAT(recording.left_out,
              ElementsAre(HasSubstr("entry 1: ws://h/ is a WebSocket"),
                          HasSubstr("entry 2: data:x is no URL of HTTP"),
                          HasSubstr("entry 3: cookies that were there"),
                          HasSubstr("entry 3: a form with files"),
                          HasSubstr("entry 3: the answer, which was not recorded")));
  EXPECT_THAT(FirstEntry(recording).statuses, IsEmpty());
}

TEST(ReadHar, HintsAtValuesOfEarlierAnswers) {
  const Recording recording =
      Har(R"({"request":{"url":"http://h/login"},"response":{"status":200,"content":{
      "mimeType":"application/json; charset=utf-8","text":"{\"a\":[{\"id\":123456,\"short\":\"x\"}]}"}}},
      {"request":{"url":"http://h/things/123456"},"response":{"status":200}})");
  EXPECT_THAT(recording.groups[0].requests[0].hints, IsEmpty());
  EXPECT_THAT(
      recording.groups[0].requests[1].hints,
      Contains("correlate: '123456' was in the answer of GET http://h/login: res.json('a.0.id')"));
}

TEST(ReadHar, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(ReadHar("{\"log\": }").status().message(),
            "line 1, column 9: unexpected '}'; expected '[', '{', or a literal");
  EXPECT_EQ(ReadHar("{}").status().message(), "it is no HAR: there is no list log.entries");
  EXPECT_EQ(ReadHar(R"({"log":{"entries":[5]}})").status().message(),
            "log.entries: there is no request to convert in it");
}

}  // namespace
}  // namespace lockstep::coordinator
