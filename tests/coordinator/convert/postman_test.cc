#include "coordinator/convert/postman.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Recording Postman(const std::string& items, const std::string& more = "") {
  absl::StatusOr<Recording> recording =
      ReadPostman(absl::StrCat(R"({"info":{"name":"c"},"item":[)", items, "]", more, "}"));
  EXPECT_TRUE(recording.ok()) << recording.status();
  return recording.value_or(Recording());
}

TEST(ReadPostman, MakesGroupsOfFoldersAndVariablesOfVariables) {
  const Recording recording = Postman(
      R"({"name":"Users","item":[{"name":"one","request":{"method":"GET","url":{"raw":"{{host}}/users/:id?x={{x}}",
          "variable":[{"key":"id","value":"7"}]},"header":[{"key":"A","value":"{{x}}"},{"key":"B","value":"","disabled":true}]},
          "event":[{"listen":"test","script":{"exec":["pm.test('x', () => pm.response.to.have.status(201));"]}}]}]},
          {"name":"two","request":"http://h/two"})",
      R"(,"variable":[{"key":"host","value":"http://h"}])");
  ASSERT_EQ(recording.groups.size(), 2u);
  EXPECT_EQ(recording.groups[0].name, "Users");
  const RecordedRequest& one = recording.groups[0].requests.at(0);
  ASSERT_EQ(one.url.size(), 3u);
  EXPECT_EQ(one.url[0].text, "host");
  EXPECT_EQ(one.url[1].text, "/users/7?x=");
  EXPECT_EQ(one.headers.size(), 1u);
  EXPECT_THAT(one.statuses, ElementsAre(201));
  EXPECT_THAT(recording.variables,
              ElementsAre(Pair("BASE_URL", "http://h"), Pair("host", "http://h"), Pair("x", "")));
  EXPECT_THAT(recording.left_out,
              ElementsAre("one: its script of the kind test, but for the status"));
}

TEST(ReadPostman, TakesBodiesAndAuthorisation) {
  const Recording recording = Postman(
      R"({"name":"json","request":{"method":"POST","url":"http://h/","auth":{"type":"bearer","bearer":[{"key":"token","value":"{{t}}"}]},
          "body":{"mode":"raw","raw":"{}","options":{"raw":{"language":"json"}}}}},
         {"name":"form","request":{"method":"POST","url":"http://h/","body":{"mode":"urlencoded","urlencoded":[{"key":"a","value":"1"}]}}},
         {"name":"files","request":{"method":"POST","url":"http://h/","body":{"mode":"formdata","formdata":[
           {"key":"f","type":"file","src":"a.png"}]}}},
         {"name":"oauth","request":{"method":"GET","url":"http://h/","auth":{"type":"oauth2"}}})");
  const std::vector<RecordedRequest>& requests = recording.groups.at(0).requests;
  EXPECT_EQ(requests[0].headers[0].first, "Authorization");
  EXPECT_EQ(requests[0].headers[1].second[0].text, "application/json");
  EXPECT_EQ(requests[1].body.kind, RecordedBody::Kind::kForm);
  EXPECT_EQ(requests[2].body.fields[0].file, "a.png");
  EXPECT_THAT(recording.left_out, ElementsAre(HasSubstr("files: the content of a.png"),
                                              "oauth: authorisation of the kind oauth2"));
}

TEST(ReadPostman, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(ReadPostman("{\"requests\": []}").status().message(),
            "it is a Postman collection of version 1; export it as version 2.1");
  EXPECT_THAT(std::string(ReadPostman("{}").status().message()),
              HasSubstr("it is no Postman collection"));
  EXPECT_THAT(std::string(ReadPostman("[1,]").status().message()), HasSubstr("line 1, column 4: "));
  EXPECT_EQ(ReadPostman(R"({"info":{},"item":[]})").status().message(),
            "item: there is no request to convert in it");
}

}  // namespace
}  // namespace lockstep::coordinator
