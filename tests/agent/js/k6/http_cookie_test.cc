// Cookies of k6/http: the jar, those of a request, those of a response.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/js/k6/http_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

using HttpCookieTest = HttpFixture;

TEST_F(HttpCookieTest, TheJarKeepsCookiesForTheIteration) {
  EXPECT_EQ(R"(["a=b","a=b",{"a":["b"]}])", Run(R"js(
    http.get(`${T}/cookies/set?a=b`);
    return [http.get(`${T}/cookies`).body, http.get(`${T}/cookies`).body.trim(),
      http.cookieJar().cookiesForURL(`${T}/cookies`)]
  )js"));
  js_.vu().BeginIteration();
  EXPECT_EQ(R"("")", Run("return http.get(`${T}/cookies`).body"));
  EXPECT_EQ(R"(["man=x","own=j","p=1; man=x","man=y"])", Run(R"js(
    http.cookieJar().set(T, 'man', 'x');
    const own = new http.CookieJar();
    own.set(T, 'own', 'j');
    const c = p => http.get(`${T}/cookies`, p).body;
    return [c(), c({jar: own}), c({cookies: {p: 1}}),
            c({cookies: {man: {value: 'y', replace: true}}})]
  )js"));
  EXPECT_EQ("[{},{}]", Run(R"js(
    const j = http.cookieJar();
    j.delete(T, 'man');
    const a = j.cookiesForURL(T);
    j.set(T, 'z', '1');
    j.clear(T);
    return [a, j.cookiesForURL(T)]
  )js"));
}

TEST_F(HttpCookieTest, OfAUrlWithoutASchemeAJarHasNothingAndTheLogSaysSo) {
  EXPECT_EQ("[true,{}]", Run(R"js(
    const j = http.cookieJar();
    const set = j.set('example.com', 'a', 'b');
    j.delete('example.com', 'a');
    j.clear('/path');
    return [set, j.cookiesForURL('example.com')]
  )js"));
  ASSERT_THAT(js_.vu().log.records, SizeIs(4));
  EXPECT_THAT(js_.vu().log.records[0].message,
              HasSubstr("a cookie jar has nothing of \"example.com\""));
  EXPECT_THAT(Run("http.cookieJar().set('::bad', 'a', 'b')"),
              HasSubstr("parse \"::bad\": missing protocol scheme"));
}

TEST_F(HttpCookieTest, CookiesOfTheResponseHaveTheirAttributes) {
  EXPECT_EQ(R"(["sid","s1","/x",true,false,60])", Run(R"js(
    const line = encodeURIComponent('sid=s1; Path=/x; HttpOnly; Max-Age=60');
    const k = http.get(`${T}/header?Set-Cookie=${line}`).cookies.sid[0];
    return [k.name, k.value, k.path, k.http_only, k.secure, k.max_age]
  )js"));
}

// Our own arrays do not run a script's setters.
TEST_F(HttpCookieTest, SettersOnArraysPrototypeAreNotCalled) {
  EXPECT_EQ(R"([["b"],"b","k",["T"],true])", Run(R"js(
    const jar = http.cookieJar();
    jar.set(T, 'a', 'b');
    Object.defineProperty(Array.prototype, '0', { set() { throw new Error('no'); }, configurable: true });
    try {
      const answer = http.get(`${T}/header?Set-Cookie=k%3Dv`, { headers: { Q: 'T' } });
      return [jar.cookiesForURL(T).a, answer.request.cookies.a[0].value, answer.cookies.k[0].name, answer.request.headers.Q,
              html.parseHTML('<li>') !== undefined];
    } finally {
      delete Array.prototype[0];
    }
  )js"));
}

TEST_F(HttpCookieTest, MethodsOfAJarNeedNoJarBeforeThem) {
  EXPECT_EQ(R"js([{"a":["1"]},{},{"b":["2"]}])js", Run(R"js(
    const { set, cookiesForURL, clear } = new http.CookieJar();
    set(T, 'a', '1');
    const before = cookiesForURL(T);
    clear(T);
    http.cookieJar().set(T, 'b', '2');
    return [before, cookiesForURL(T), http.cookieJar().cookiesForURL.call(null, T)]
  )js"));
}

TEST_F(HttpCookieTest, CookiesWithoutAValueAreNotSent) {
  EXPECT_EQ(
      "\"a=\\\"x y\\\"\"",
      Run("return http.get(`${T}/cookies`, {cookies: {a: 'x y', b: null, c: undefined}}).body"));
  EXPECT_EQ("[true,\"clear,cookiesForURL,delete,set\",\"z=\"]", Run(R"js(
    const jar = http.CookieJar();
    jar.set(T, 'z');
    return [jar instanceof http.CookieJar, Object.keys(jar).join(),
            http.get(`${T}/cookies`, {jar}).body]
  )js"));
}

}  // namespace
}  // namespace lockstep::agent
