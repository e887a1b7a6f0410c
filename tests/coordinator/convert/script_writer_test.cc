#include "coordinator/convert/script_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/convert/convert.h"
#include "coordinator/convert/forms.h"
#include "tests/support/golden.h"

namespace lockstep::coordinator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Recording Of(RecordedRequest request) {
  Recording recording{.origin = "a test"};
  recording.groups.push_back({"g", {std::move(request)}});
  return recording;
}

TEST(JsString, KeepsTextInsideItsQuotes) {
  EXPECT_EQ(JsString("it's \"so\""), R"('it\'s "so"')");
  EXPECT_EQ(JsString("a\\'b\n\r\t"), R"('a\\\'b\n\r\t')");
  EXPECT_EQ(JsString(absl::string_view("\0\x1f", 2)), R"('\u0000\u001f')");
  EXPECT_EQ(JsString("\xff"), "'\xEF\xBF\xBD'");
  EXPECT_EQ(JsString("\\"), R"('\\')");
}

TEST(JsComment, IsOneLineOfReadableLength) {
  EXPECT_EQ(JsComment("a\nb\r\nc\xE2\x80\xA8"
                      "d"),
            "a b  c d");
  EXPECT_EQ(JsComment(std::string(500, 'x')).size(), 163u);
  EXPECT_EQ(JsComment(std::string(500, 'x') + "\n alert(1)").find('\n'), std::string::npos);
}

TEST(WriteScript, KeepsVariablesAndHostileTextApart) {
  RecordedRequest request{.name = "*/ a::b `${x}`\nnext"};
  request.url = {{.variable = true, .text = kBaseUrl},
                 {.variable = false, .text = "/`${evil}\\"},
                 {.variable = true, .text = "a-b"}};
  Recording recording = Of(request);
  recording.groups[0].name = "g::h";
  recording.variables = {{kBaseUrl, "http://h"}, {"a-b", "it's"}, {"__proto__", ""}};
  const std::string script = WriteScript(recording, "lockstep new");
  EXPECT_THAT(script, HasSubstr(R"(`${BASE_URL}/\`\${evil}\\${vars['a-b']}`)"));
  EXPECT_THAT(script, HasSubstr("    // */ a::b `${x}` next\n"));
  EXPECT_THAT(script, HasSubstr("group('g: :h'"));
  EXPECT_THAT(script, HasSubstr("'*/ a: :b `${x}` next: status is below 400'"));
  EXPECT_THAT(script, HasSubstr(R"(  'a-b': __ENV['a-b'] || 'it\'s',)"));
  EXPECT_THAT(script, HasSubstr("  ['__proto__']: __ENV.__proto__ || '',"));
}

TEST(WriteScript, WritesJsonAsAnObjectWhereThatIsTheSame) {
  const auto body = [](const char* text) {
    RecordedRequest request{.method = "POST", .url = Plain("http://h/")};
    request.body = {RecordedBody::Kind::kText, Plain(text), {}};
    return WriteScript(Of(request), "x");
  };
  EXPECT_THAT(body(R"({"a":[1,"it's"]})"), HasSubstr("JSON.stringify({\n      \"a\": [\n"));
  for (const char* text :
       {R"({"a":12345678901234567890})", R"({"__proto__":1})", "{\"a\":1", "{\"a\":1,\"a\":2}"}) {
    EXPECT_THAT(body(text), Not(HasSubstr("JSON.stringify"))) << text;
  }
}

TEST(WriteScript, TakesExpectedFailuresForNone) {
  RecordedRequest request{.method = "DELETE", .url = Plain("http://h/x"), .statuses = {404}};
  const std::string script = WriteScript(Of(request), "x");
  EXPECT_THAT(script, HasSubstr("http.request('DELETE', 'http://h/x', null, {"));
  EXPECT_THAT(script, HasSubstr("responseCallback: http.expectedStatuses(404)"));
  EXPECT_THAT(script, HasSubstr("status is 404': (r) => r.status === 404 }"));
}

TEST(WriteScript, SendsFormsWhoseNamesAreTwiceAsText) {
  RecordedRequest request{.method = "POST", .url = Plain("http://h/")};
  SetForm({{Plain("a"), Plain("1")},
           {Plain("b c"), {{.variable = true, .text = "v"}}},
           {Plain("a"), Plain("&")}},
          &request);
  const std::string script = WriteScript(Of(request), "x");
  EXPECT_THAT(script, HasSubstr("`a=1&b%20c=${vars.v}&a=%26`"));
  EXPECT_THAT(script, HasSubstr("'Content-Type': 'application/x-www-form-urlencoded'"));
}

TEST(WriteScript, SendsHeadersWhoseNamesAreTwiceInOne) {
  RecordedRequest request{.method = "GET", .url = Plain("http://h/")};
  request.headers = {
      {"A", Plain("1")}, {"Cookie", Plain("a=1")}, {"a", Plain("2")}, {"Cookie", Plain("b=2")}};
  const std::string script = WriteScript(Of(request), "x");
  EXPECT_THAT(script, HasSubstr("A: '1, 2',\n        Cookie: 'a=1; b=2',\n      },"));
}

TEST(WriteScript, SendsAnEmptyBodyAsNone) {
  RecordedRequest request{.method = "POST", .url = Plain("http://h/")};
  request.body = {RecordedBody::Kind::kText, Plain(""), {}};
  EXPECT_THAT(WriteScript(Of(request), "x"), HasSubstr("http.post('http://h/', null);"));
}

TEST(WriteScript, SaysHowManyRedirectsAreFollowed) {
  RecordedRequest request{.method = "GET", .url = Plain("http://h/"), .redirects = 3};
  EXPECT_THAT(WriteScript(Of(request), "x"), HasSubstr("redirects: 3,\n"));
}

TEST(Templates, AreThere) {
  for (const std::string& name : TemplateNames()) {
    EXPECT_THAT(std::string(ScriptTemplate(name)), HasSubstr("export const options = {"));
  }
  EXPECT_EQ(ScriptTemplate("none"), "");
}

// The whole of one, to be read by people.
TEST(WriteScript, WritesReadableScripts) {
  const Recording recording =
      ReadRecording(RecordingFormat::kHar,
                    R"({"log": {"version": "1.2", "creator": {"name": "Browser", "version": "1"},
    "pages": [{"id": "p1", "title": "Shop's front"}, {"id": "p2", "title": "Login"}],
    "entries": [
      {"pageref": "p1", "request": {"method": "GET", "url": "https://shop.test/?a=1#top",
        "headers": [{"name": "Accept", "value": "text/html"}, {"name": "Host", "value": "shop.test"}]},
       "response": {"status": 200}},
      {"pageref": "p1", "request": {"method": "GET", "url": "wss://shop.test/live", "headers": []}},
      {"pageref": "p2", "request": {"method": "POST", "url": "https://shop.test/login",
        "headers": [{"name": "Content-Type", "value": "application/json"}],
        "postData": {"mimeType": "application/json", "text": "{\"user\":\"ada\"}"}},
       "response": {"status": 201, "content": {"mimeType": "application/json", "text": "{\"session\":{\"token\":\"secret-token-1\"}}"}}},
      {"pageref": "p2", "request": {"method": "GET", "url": "https://shop.test/me",
        "headers": [{"name": "X-Token", "value": "secret-token-1"}]},
       "response": {"status": 302}}
    ]}})")
          .value();
  ExpectGolden("convert/har.js", WriteScript(recording, "lockstep new --from-har session.har"));
}

}  // namespace
}  // namespace lockstep::coordinator
