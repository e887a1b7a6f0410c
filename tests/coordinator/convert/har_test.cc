#include "coordinator/convert/har.h"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

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
  EXPECT_EQ(request.redirects, std::nullopt);
}

TEST(ReadHar, SaysWhatItIsOfAndNoMoreThanItKnows) {
  const auto origin = [](const char* facts) {
    return ReadHar(
               absl::StrCat(
                   R"({"log":{)", facts,
                   R"("entries":[{"request":{"method":"GET","url":"http://h/"},"response":{"status":200}}]}})"))
        .value()
        .origin;
  };
  EXPECT_EQ("a HAR 1.2 of Browser 9",
            origin(R"("version":"1.2","creator":{"name":"Browser","version":"9"},)"));
  EXPECT_EQ("a HAR 1.2 of Browser", origin(R"("version":"1.2","browser":{"name":"Browser"},)"));
  EXPECT_EQ("a HAR 1.2", origin(R"("version":"1.2",)"));
  EXPECT_EQ("a HAR", origin(""));
}

TEST(ReadHar, MakesFormsOfForms) {
  const Recording recording = Har(R"({"request":{"method":"POST","url":"http://h/","headers":[
      {"name":"content-type","value":"application/x-www-form-urlencoded"}],"postData":{
      "mimeType":"application/x-www-form-urlencoded","text":"a=1","params":[{"name":"a","value":"1"}]}},"response":{"status":200}})");
  EXPECT_EQ(FirstEntry(recording).body.kind, RecordedBody::Kind::kForm);
  EXPECT_THAT(FirstEntry(recording).headers, IsEmpty());
}

RecordedRequest Posted(const std::string& post_data, const std::string& headers = "") {
  const Recording recording =
      Har(absl::StrCat(R"({"request":{"method":"POST","url":"http://h/","headers":[)", headers,
                       R"(],"postData":)", post_data, R"(},"response":{"status":200}})"));
  EXPECT_THAT(recording.left_out, IsEmpty());
  return FirstEntry(recording);
}

std::string HeaderOf(const RecordedRequest& request, absl::string_view name) {
  for (const auto& [each, value] : request.headers) {
    if (each == name) {
      return Joined(value);
    }
  }
  return "none";
}

// Chrome leaves params as they were sent, others decode them: the text is what was sent.
TEST(ReadHar, SendsFormsAsTheyWereRecorded) {
  constexpr char kForm[] =
      R"({"mimeType":"application/x-www-form-urlencoded","text":"%s","params":[]})";
  for (const char* text :
       {"a=b%20c&d=e%26f", "z=1&a=2", "a=1&a=2", "a", "a=%c3%a4", "a=b~%zz", "a=%ff"}) {
    SCOPED_TRACE(text);
    const RecordedRequest request = Posted(
        absl::StrReplaceAll(kForm, {{"%s", text}, {"[]", R"([{"name":"a","value":"b%20c"}])"}}));
    ASSERT_EQ(request.body.kind, RecordedBody::Kind::kText);
    EXPECT_EQ(Joined(request.body.text), text);
    EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/x-www-form-urlencoded");
  }
  const RecordedRequest fields = Posted(absl::StrReplaceAll(kForm, {{"%s", "a=b+c%26&d=%C3%A4"}}));
  ASSERT_EQ(fields.body.kind, RecordedBody::Kind::kForm);
  EXPECT_EQ(Joined(fields.body.fields[0].value), "b c&");
  EXPECT_EQ(Joined(fields.body.fields[1].value), "\xC3\xA4");
}

TEST(ReadHar, KeepsTheTypeOfABody) {
  const RecordedRequest form = Posted(
      R"({"mimeType":"application/x-www-form-urlencoded; charset=UTF-8","text":"a=1"})",
      R"({"name":"content-type","value":"application/x-www-form-urlencoded; charset=UTF-8"})");
  EXPECT_EQ(form.body.kind, RecordedBody::Kind::kForm);
  EXPECT_EQ(HeaderOf(form, "content-type"), "application/x-www-form-urlencoded; charset=UTF-8");
  EXPECT_EQ(HeaderOf(Posted(R"({"mimeType":"application/json","text":"{}"})"), "Content-Type"),
            "application/json");
  EXPECT_EQ(Joined(Posted(R"({"mimeType":"a/b","encoding":"base64","text":"aGk="})").body.text),
            "hi");
}

TEST(ReadHar, MakesMultipartFormsOfTheirFields) {
  const Recording recording = Har(R"({"request":{"method":"POST","url":"http://h/","postData":{
      "mimeType":"multipart/form-data; boundary=x","params":[{"name":"a","value":"1"},
      {"name":"f","fileName":"a.png","contentType":"image/png"}]}},"response":{"status":200}})");
  const RecordedBody& body = FirstEntry(recording).body;
  ASSERT_EQ(body.kind, RecordedBody::Kind::kMultipart);
  EXPECT_EQ(body.fields[1].file, "a.png");
  EXPECT_EQ(body.fields[1].type, "image/png");
  EXPECT_EQ(Joined(body.fields[1].value), kFileContent);
  EXPECT_THAT(FirstEntry(recording).headers, IsEmpty());
}

TEST(ReadHar, KeepsAHostThatIsNotTheUrls) {
  const auto headers = [](const std::string& host) {
    return FirstEntry(
               Har(absl::StrCat(
                   R"({"request":{"url":"https://h:443/","headers":[{"name":"Host","value":")",
                   host,
                   R"("},{"name":"Accept-Encoding","value":"gzip"}]},"response":{"status":200}})")))
        .headers.size();
  };
  EXPECT_EQ(headers("H"), 1u);
  EXPECT_EQ(headers("h:443"), 1u);
  EXPECT_EQ(headers("other"), 2u);
}

TEST(ReadHar, ListsWhatItCannotConvert) {
  const Recording recording = Har(R"({"request":{"url":"ws://h/"}},{"request":{"url":"data:x"}},
      {"request":{"method":"POST","url":"http://h/","headers":[{"name":"Cookie","value":"a=b"}],
       "postData":{"mimeType":"multipart/form-data","params":[{"name":"f","fileName":"a.png"}]}},"response":{"status":0}})");
  EXPECT_THAT(recording.left_out,
              ElementsAre(HasSubstr("entry 1: ws://h/ is a WebSocket"),
                          HasSubstr("entry 2: data:x is not an HTTP URL"),
                          HasSubstr("entry 3: cookies that were there"),
                          HasSubstr("entry 3: the content of the form's files"),
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
  EXPECT_EQ(ReadHar("{}").status().message(), "it is not a HAR file: there is no list log.entries");
  EXPECT_EQ(ReadHar(R"({"log":{"entries":[5]}})").status().message(),
            "log.entries: there is no request to convert in it");
}

}  // namespace
}  // namespace lockstep::coordinator
