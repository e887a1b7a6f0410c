#include "coordinator/convert/postman.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "coordinator/convert/script_writer.h"

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

Recording WithVariables(const std::string& variables, const std::string& url) {
  return Postman(absl::StrCat(R"({"name":"one","request":")", url, R"("})"),
                 absl::StrCat(R"(,"variable":[)", variables, "]"));
}

TEST(ReadPostman, MakesVariablesOfOtherVariables) {
  const Recording recording = WithVariables(
      R"({"key":"base","value":"{{proto}}://{{host}}"},{"key":"host","value":"h:{{port}}"},
         {"key":"port","value":"1"},{"key":"proto","value":"http"},{"key":"out","value":"","disabled":true})",
      "{{base}}/echo");
  EXPECT_THAT(recording.left_out, ::testing::IsEmpty());
  EXPECT_THAT(recording.variables, ElementsAre(Pair("proto", "http"), Pair("port", "1")));
  ASSERT_EQ(recording.derived.size(), 2u);
  const std::string script = WriteScript(recording, "x");
  EXPECT_THAT(script, HasSubstr("};\nvars.host = __ENV.host || `h:${vars.port}`;\n"
                                "vars.base = __ENV.base || `${vars.proto}://${vars.host}`;\n"));
  EXPECT_THAT(script, HasSubstr("http.get(`${vars.base}/echo`"));
}

TEST(ReadPostman, EndsVariablesThatAreMadeOfThemselves) {
  const Recording recording = WithVariables(
      R"({"key":"a","value":"{{b}}"},{"key":"b","value":"{{a}}"},{"key":"c","value":"{{c}}"})",
      "http://h/{{a}}");
  EXPECT_THAT(recording.left_out,
              ElementsAre(HasSubstr("the variable b: {{a}} in it leads to itself"),
                          HasSubstr("the variable c: {{c}} in it leads to itself")));
  EXPECT_THAT(recording.variables, Contains(Pair("b", "{{a}}")));
}

TEST(ReadPostman, GivesUrlsAScheme) {
  const auto url = [](const char* value, const char* text) {
    return Joined(WithVariables(absl::StrCat(R"({"key":"host","value":")", value, R"("})"), text)
                      .groups[0]
                      .requests[0]
                      .url);
  };
  EXPECT_EQ(url("h:1", "{{host}}/echo"), "http://{host}/echo");
  EXPECT_EQ(url("https://h", "{{host}}/echo"), "{host}/echo");
  EXPECT_EQ(url("h", "api.{{host}}/echo"), "http://api.{host}/echo");
  EXPECT_EQ(url("h", "https://{{host}}/echo"), "https://{host}/echo");
  EXPECT_EQ(url("x", "h/{{host}}"), "{BASE_URL}/{host}");
  EXPECT_THAT(WithVariables("", "{{host}}/echo").left_out,
              ElementsAre(HasSubstr("give it with its scheme: -e host=http://...")));
}

TEST(ReadPostman, KeepsACollectionsOwnBaseUrl) {
  const Recording recording =
      Postman(R"({"name":"a","request":"{{BASE_URL}}/a"},{"name":"b","request":"http://i/b"})",
              R"(,"variable":[{"key":"BASE_URL","value":"http://h"}])");
  EXPECT_THAT(recording.variables, ElementsAre(Pair("BASE_URL", "http://h")));
  EXPECT_EQ(Joined(recording.groups[0].requests[1].url), "http://i/b");
}

std::string GraphQl(const char* graphql) {
  const Recording recording = Postman(absl::StrCat(
      R"({"name":"q","request":{"method":"POST","url":"http://h/","body":{"mode":"graphql","graphql":)",
      graphql, "}}}"));
  return Joined(recording.groups[0].requests[0].body.text);
}

TEST(ReadPostman, SendsVariablesOfGraphQlAsAnObject) {
  EXPECT_EQ(GraphQl(R"({"query":"{a}","variables":"{\n \"id\": 1\n}"})"),
            R"({"query":"{a}","variables":{"id":1}})");
  EXPECT_EQ(GraphQl(R"({"query":"{a}","variables":""})"), R"({"query":"{a}","variables":{}})");
  EXPECT_EQ(GraphQl(R"({"query":"{a}","variables":{"b":2},"operationName":"o"})"),
            R"({"query":"{a}","operationName":"o","variables":{"b":2}})");
  EXPECT_EQ(GraphQl(R"({"query":"{a}","variables":"{\"id\": {{id}}}"})"),
            R"({"query":"{a}","variables":{"id": {id}}})");
}

TEST(ReadPostman, SendsWhatPeopleWrote) {
  const Recording recording = Postman(
      R"({"name":"r","request":{"method":"POST","url":{"raw":"http://h/:idx/:id","variable":[{"key":"id","value":"7"}]},
          "header":[{"key":"Host","value":"x"},{"key":"Cookie","value":"a=b"},{"key":"Content-Length","value":"1"},
                    {"key":"{{name}}","value":"1"}],
          "auth":{"type":"apikey","apikey":[{"key":"in","value":"query"},{"key":"key","value":"k y"},{"key":"value","value":"{{secret}}"}]},
          "body":{"mode":"formdata","formdata":[{"key":"a","value":"1","type":"text"}]}}},
         {"name":"xml","request":{"method":"POST","url":"http://h/","body":{"mode":"raw","raw":"<a/>","options":{"raw":{"language":"xml"}}}}},
         {"name":"file","request":{"method":"POST","url":"http://h/","body":{"mode":"file","file":{"src":"a.bin"}}}})");
  const std::vector<RecordedRequest>& requests = recording.groups[0].requests;
  EXPECT_EQ(Joined(requests[0].url), "{BASE_URL}/:idx/7?k%20y={secret}");
  ASSERT_EQ(requests[0].headers.size(), 3u);
  EXPECT_EQ(requests[0].headers[0].first, "Host");
  EXPECT_EQ(requests[0].headers[1].first, "Cookie");
  EXPECT_THAT(Joined(requests[0].headers[2].second), HasSubstr("multipart/form-data; boundary="));
  EXPECT_EQ(Joined(requests[1].headers[0].second), "application/xml");
  EXPECT_EQ(Joined(requests[2].body.text), kFileContent);
  EXPECT_THAT(recording.left_out, ElementsAre(HasSubstr("r: the header Content-Length"),
                                              HasSubstr("r: the header {{name}}, whose name"),
                                              "file: " + FileLeftOut("a.bin")));
}

TEST(ReadPostman, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(ReadPostman("{\"requests\": []}").status().message(),
            "it is a Postman collection of version 1; export it as version 2.1");
  EXPECT_THAT(std::string(ReadPostman("{}").status().message()),
              HasSubstr("not a Postman collection"));
  EXPECT_THAT(std::string(ReadPostman("[1,]").status().message()), HasSubstr("line 1, column 4: "));
  EXPECT_EQ(ReadPostman(R"({"info":{},"item":[]})").status().message(),
            "item: there is no request to convert in it");
}

}  // namespace
}  // namespace lockstep::coordinator
