// What k6 ignores or misreads without a word in the parameters of calls: the same is done, and the
// log says what was meant to be there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"

#include "tests/agent/js/k6/http_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class WarningsTest : public HttpFixture {
 protected:
  WarningsTest() {
    js_.Run(absl::StrCat("globalThis.W = '",
                         absl::StrReplaceAll(server_->Url(""), {{"http", "ws"}}), "'"));
  }
  // What the log says of running `body`, whose result must be `result`.
  std::vector<std::string> Warnings(absl::string_view result, absl::string_view body) {
    js_.vu().log.records.clear();
    EXPECT_EQ(Run(body), result) << body;
    std::vector<std::string> messages;
    for (const LogRecord& record : js_.vu().log.records) {
      messages.push_back(record.message);
    }
    return messages;
  }
};

TEST_F(WarningsTest, ParametersOfRequests) {
  for (
      const auto& [params, warning] :
      {std::pair(
           "{ auth: 'digset' }",
           "k6/http: auth has no effect as \"digset\"; did you mean \"digest\"? Allowed: basic, digest, ntlm"),
       std::pair("{ auth: 'user:secret' }",
                 "k6/http: auth has no effect; allowed: basic, digest, ntlm"),
       std::pair("{ jar: 5 }", "k6/http: jar is 5: no CookieJar, so that the VU's own is used"),
       std::pair("{ redirects: 'x' }",
                 "k6/http: redirects is \"x\": no whole number, so that no redirect is followed"),
       std::pair("{ throw: 'no' }", "k6/http: throw is \"no\": taken as true"),
       std::pair("{ headers: { A: undefined } }",
                 "k6/http: the header \"A\" is undefined: the text \"undefined\" is sent"),
       std::pair("{ headers: { A: {} } }",
                 "k6/http: the header \"A\" is object: the text \"[object Object]\" is sent"),
       std::pair("{ headers: 5 }",
                 "k6/http: headers is 5: without effect, as an object is expected"),
       std::pair(
           "{ headers: 'Authorization: secret' }",
           "k6/http: headers is a text, each letter of which becomes one; an object is expected"),
       std::pair("{ cookies: { a: null } }", "k6/http: the cookie \"a\" is null: not sent"),
       std::pair(
           "{ cookies: { a: [{}] } }",
           "k6/http: the cookie \"a\" is object: the text \"[object Object]\" is sent; a text or { value, replace } is expected"),
       std::pair("{ cookies: { a: { Value: 'x', replace: 'x' } } }",
                 "k6/http: replace of the cookie \"a\" is \"x\": taken as true"),
       std::pair("{ cookies: { a: { replace: true } } }",
                 "k6/http: the cookie \"a\" is object: it has no value, so that \"\" is sent"),
       std::pair(
           "'json'",
           "k6/http: params is \"json\": without effect, as an object such as { headers: {} } is expected")}) {
    EXPECT_THAT(
        Warnings("200", absl::StrCat("return http.get(`${T}/status/200`, ", params, ").status")),
        ElementsAre(warning));
  }
  EXPECT_THAT(
      Warnings("200", "return http.get(`${T}/status/200`, { timeOut: 5 }).status"),
      ElementsAre(StartsWith(
          "k6/http: unknown parameter of a request \"timeOut\" has no effect; did you mean \"timeout\"? Allowed: auth, compression,")));
  EXPECT_THAT(Warnings("200", R"js(
    return http.get(`${T}/status/200`, { auth: 'basic', headers: { A: 1 }, cookies: { a: { value: 'x', replace: false }, b: { value: 'x', replace: undefined } }, tags: {}, jar: null,
      throw: undefined, timeout: '5s', redirects: '3', compression: '', responseType: 'text', responseCallback: undefined }).status
  )js"),
              IsEmpty());
}

TEST_F(WarningsTest, ACookieObjectWithoutAValueIsAnEmptyOneAndItsNamesAreInAnyCase) {
  EXPECT_EQ(R"(["a=","a=x"])", Run(R"js(
    const sent = (a) => http.get(`${T}/cookies`, { cookies: { a } }).request.headers.Cookie[0];
    return [sent({ replace: true }), sent({ VALUE: 'x' })]
  )js"));
}

// Once a place, however often it is called.
TEST_F(WarningsTest, TagsThatAreNoObject) {
  EXPECT_THAT(
      Warnings("true", R"js(
    for (let i = 0; i < 3; i++) {
      http.get(`${T}/status/200`, { tags: 'ab' });
      k6.check(1, { one: () => true }, 'ab');
      k6.check(1, { one: () => true }, 5);
    }
    k6.check(1, { one: () => true }, 'ab');
    return k6.check(1, { one: () => true }, { a: 'b' })
  )js"),
      ElementsAre(
          "k6/http: tags is a text, each letter of which becomes one; an object is expected",
          "check(): tags is a text, each letter of which becomes one; an object is expected",
          "check(): tags is 5: without effect, as an object is expected",
          "check(): tags is a text, each letter of which becomes one; an object is expected"));
}

// Where many calls at one place brought nothing new, places are looked up now and then only.
TEST_F(WarningsTest, APlaceThatComesLaterIsFound) {
  EXPECT_THAT(Warnings("200", R"js(
    for (let i = 0; i < 1000; i++) encoding.b64encode('x', 'rawrul');
    for (let i = 0; i < 61; i++) encoding.b64encode('x', 'rawrul');
    return 200
  )js"),
              ElementsAre(HasSubstr("unknown encoding \"rawrul\""),
                          HasSubstr("unknown encoding \"rawrul\"")));
}

// Each once a place, however often a request is made there.
TEST_F(WarningsTest, BodiesAndWhatIsSaidOfThem) {
  EXPECT_THAT(
      Warnings("200", R"js(
    class Empty {}
    for (let i = 0; i < 3; i++) {
      http.post(`${T}/status/200`, { a: {} });
      http.post(`${T}/status/200`, new Empty());
      http.post(`${T}/status/200`, 'x'.repeat(i + 1), { headers: { 'Content-Length': '9' } });
      http.post(`${T}/status/200`, 'x', { compression: 'gzip', headers: { 'Content-Encoding': 'br' } });
      k6.check(1, { promised: () => Promise.resolve(false) });
    }
    return http.get(`${T}/status/200`).status
  )js"),
      ElementsAre(HasSubstr("the field \"a\" of a form is an object"),
                  HasSubstr("the body of a request is a Empty"),
                  HasSubstr("the header Content-Length of a request is not the length of its body"),
                  HasSubstr("the header Content-Encoding of a request says \"br\""),
                  HasSubstr("the check \"promised\" is given a promise")));
}

TEST_F(WarningsTest, MembersOfABatch) {
  EXPECT_THAT(
      Warnings(
          "200",
          "return http.batch([{ method: 'GET', url: `${T}/status/200`, headers: {} }])[0].status"),
      ElementsAre(HasSubstr(
          "unknown member of a batch's request \"headers\" has no effect; allowed: method, url, body, params")));
}

TEST_F(WarningsTest, OptionsOfCookiesAndForms) {
  EXPECT_THAT(
      Warnings("true", "return http.cookieJar().set(T, 'a', 'b', { maxAge: 5, Path: '/x' })"),
      ElementsAre(HasSubstr(
          "CookieJar.set(): unknown option \"maxage\" has no effect; did you mean \"max_age\"?")));
  EXPECT_THAT(
      Warnings("\"none\"", R"js(
    const page = http.get(`${T}/status/200`);
    const tried = (call) => { try { return call().status; } catch { return 'none'; } };
    tried(() => page.submitForm({ selector: 'form' }));
    return tried(() => page.clickLink('a'))
  )js"),
      ElementsAre(HasSubstr("Response.submitForm(): unknown option \"selector\" has no effect"),
                  HasSubstr("Response.clickLink(): \"a\" has no effect: an object is expected")));
}

TEST_F(WarningsTest, ParametersOfWebSockets) {
  const auto connect = [](absl::string_view params) {
    return absl::StrCat("return ws.connect(`${W}/ws`, ", params,
                        ", s => s.on('open', () => s.close())).status");
  };
  EXPECT_THAT(Warnings("101", connect("{ header: {} }")),
              ElementsAre(StartsWith(
                  "k6/ws: unknown parameter \"header\" has no effect; did you mean \"headers\"?")));
  EXPECT_THAT(Warnings("101", connect("{ jar: {}, headers: { A: undefined } }")),
              ElementsAre("k6/ws: jar is object: no CookieJar, so that the VU's own is used",
                          "k6/ws: the header \"A\" is undefined: the text \"undefined\" is sent"));
  EXPECT_THAT(
      Warnings("101", connect("{ headers: 'Authorization: secret' }")),
      ElementsAre(
          "k6/ws: headers is a text, each letter of which becomes one; an object is expected"));
  EXPECT_THAT(Warnings("101", connect("'x'")),
              ElementsAre(HasSubstr("k6/ws: params is \"x\": without effect")));
  EXPECT_THAT(Run(connect("{ tags: { a: {} } }")), HasSubstr("invalid ws.connect() metric tags: "));
  EXPECT_THAT(
      Warnings("true", R"js(
    const socket = new websockets.WebSocket(`${W}/ws`, { headers: {} });
    return new Promise((resolve) => { socket.onopen = () => socket.close(); socket.onclose = () => resolve(true); })
  )js"),
      ElementsAre(HasSubstr(
          "k6/websockets: protocols are object: without effect, as a text or a list of texts is expected; params are the third argument")));
}

TEST_F(WarningsTest, HandlersOfWebSockets) {
  EXPECT_THAT(
      Warnings("101", R"js(
    return ws.connect(`${W}/ws`, (s) => { s.on('open', 5); s.on('mesage', () => {}); s.on('open', () => s.close()); }).status
  )js"),
      ElementsAre(
          "k6/ws: the handler of \"open\" is 5: without effect, as a function is expected",
          HasSubstr("k6/ws: unknown event \"mesage\" has no effect; did you mean \"message\"?")));
  EXPECT_EQ("GoError: unknown WebSocket's option 0",
            Run("new websockets.WebSocket(`${W}/ws`, null, 'x')"));
}

TEST_F(WarningsTest, HandlersOfABlockingWebSocketThatWaitForAPromise) {
  const std::string connect = R"js(
    return ws.connect(`${W}/ws`, (s) => {
      s.on('close', () => {});
      s.on('open', async () => { BODY });
      s.setTimeout(async () => s.close(), 1);
    }).status
  )js";
  const auto with = [&](absl::string_view body) {
    return absl::StrReplaceAll(connect, {{"BODY", body}});
  };
  EXPECT_THAT(Warnings("101", with("s.ping()")), IsEmpty());
  EXPECT_THAT(Warnings("101", with("await null; s.ping()")),
              ElementsAre(HasSubstr("k6/ws: a handler waits for a promise")));
  EXPECT_THAT(Warnings("101", R"js(
    return ws.connect(`${W}/ws`, async (s) => {
      s.setTimeout(() => s.close(), 1);
      await null;
      await null;
    }).status
  )js"),
              ElementsAre(HasSubstr("k6/ws: a handler waits for a promise")));
}

TEST_F(WarningsTest, WhatDoesNotWaitAndWhatFindsNothing) {
  EXPECT_THAT(Warnings("undefined", "k6.sleep(undefined)"),
              ElementsAre("sleep(): undefined is not a number of seconds: it does not wait"));
  EXPECT_THAT(Warnings("undefined", "k6.sleep(-1); k6.sleep('0')"), IsEmpty());
  EXPECT_THAT(Warnings("[0,0]", R"js(
    return [html.parseHTML('<p>x').find('p[').size(), html.parseHTML('<p>x').find('p[').size()]
  )js"),
              ElementsAre("k6/html: the selector \"p[\" cannot be read: it finds nothing"));
}

TEST_F(WarningsTest, Encodings) {
  EXPECT_THAT(
      Warnings(R"("YQ==")", "return encoding.b64encode('a', 'urlsafe')"),
      ElementsAre(
          "k6/encoding: unknown encoding \"urlsafe\" has no effect; allowed: rawstd, rawurl, std, url"));
  EXPECT_THAT(
      Warnings("1", "return encoding.b64decode('YQ==', 'std', 'text').byteLength"),
      ElementsAre("k6/encoding: unknown format of a result \"text\" has no effect; allowed: s"));
  EXPECT_THAT(Warnings(R"("a")", "return encoding.b64decode('YQ', 'rawstd', 's')"), IsEmpty());
}

}  // namespace
}  // namespace lockstep::agent
