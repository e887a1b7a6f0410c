// Bodies of requests of k6/http: what becomes which bytes, and what is none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/js/bind/text.h"
#include "tests/agent/js/k6/http_fixture.h"
#include "tests/support/fake_http_client.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

using HttpBodyTest = HttpFixture;

TEST_F(HttpBodyTest, BodiesOfAllKinds) {
  EXPECT_EQ(
      R"("a=1&b+c=x%26y&l=p&l=q&t=true")",
      Run("return http.post(`${T}/echo`, {a: 1, 'b c': 'x&y', l: ['p', 'q'], t: true}).body"));
  EXPECT_EQ(R"("application/x-www-form-urlencoded")",
            Run("return http.post(`${T}/echo`, {a: 1}).headers['Content-Type']"));
  EXPECT_EQ("[0,1,255]", Run(R"js(
    const r = http.post(`${T}/echo`, new Uint8Array([0, 1, 255]).buffer,
      {responseType: 'binary'});
    return Array.from(new Uint8Array(r.body))
  )js"));
  const std::string multipart = Run(
      "return http.post(`${T}/request`, {f: http.file('data', 'n.txt', 'text/x'), k: 'v'}).body");
  EXPECT_THAT(multipart, HasSubstr("multipart/form-data; boundary="));
  EXPECT_THAT(multipart, HasSubstr(R"(name=\"f\"; filename=\"n.txt\")"));
  EXPECT_THAT(multipart, HasSubstr("text/x"));
}

// What is longer would be an empty text, as if the server had sent none.
TEST_F(HttpBodyTest, ATextIsAtMostAsLongAsAStringMayBe) {
  lockstep::testing::FakeHttpClient client;
  js_.vu().UseHttp(client);
  std::vector<int64_t> limits;
  js_.vu().loop().After(absl::Milliseconds(1), [&] {
    for (const auto& exchange : client.exchanges) {
      limits.push_back(exchange.request.max_body_bytes);
    }
    while (client.Answer("GET", 200, "x")) {
    }
  });
  Run("['text', 'binary', 'none'].forEach((responseType) => http.asyncRequest('GET', 'http://h/', null, { responseType }))");
  EXPECT_THAT(limits, ::testing::ElementsAre(kMostTextBytes, kMaxBodyBytes, kMaxBodyBytes));
}

TEST_F(HttpBodyTest, WhatIsNoBodyIsRefusedInTheWordsOfK6) {
  EXPECT_EQ(
      R"js(["int64","float64","bool","[]interface {}","func(sobek.FunctionCall) sobek.Value","time.Time","[]uint16","*http.FileData","[][2]interface {}","*sobek.Promise","*big.Int"])js",
      Run(R"js(
        const all = [5, 1.5, true, [1], () => 1, new Date(), new Uint16Array(1), http.file('x'),
          new Map([[1, 2]]), Promise.resolve(1), 1n];
        return all.map((body) => http.post(T, body).error.replace('unknown request body type ', ''))
      )js"));
  EXPECT_EQ(0, server_->requests());
  ASSERT_THAT(js_.vu().log.records, SizeIs(11));
  EXPECT_EQ("hint", js_.vu().log.records[0].fields[1].first);
  EXPECT_THAT(js_.vu().log.records[0].fields[1].second, HasSubstr("JSON.stringify()"));
  EXPECT_THAT(Run("http.post(T, 5, {throw: true})"),
              HasSubstr("Error: unknown request body type int64: a body is a string"));
  EXPECT_EQ("[200,200,200]", Run("return ['x', new Uint8Array(2), new DataView(new ArrayBuffer(2))]"
                                 ".map((body) => http.post(T, body).status)"));
}

// Their own fields would be a form of inner workings, or an empty one.
TEST_F(HttpBodyTest, ObjectsThatNoScriptHasMadeAreRefusedByName) {
  EXPECT_EQ(R"(["Error","CookieJar","[]interface {}","Generator","RegExp"])", Run(R"js(
        const all = [new TypeError('x'), new http.CookieJar(), new Proxy([1], {}), (function* () {})(), /x/];
        return all.map((body) => http.post(T, body).error.replace('unknown request body type ', ''))
      )js"));
  EXPECT_EQ(0, server_->requests());
  EXPECT_EQ(R"("a=1&b=")", Run(R"js(
    class Point { a = 1; b = ''; #c = 3 }
    return http.post(`${T}/echo`, new Point()).body
  )js"));
}

TEST_F(HttpBodyTest, ABodyOfAClassIsItsTextOrWarnedOf) {
  EXPECT_EQ(R"js(["user=bob&b=2",["application/x-www-form-urlencoded;charset=UTF-8"],200])js",
            Run(R"js(
    class URLSearchParams { toString() { return 'user=bob&b=2' } }
    class Nothing {}
    const r = http.post(`${T}/echo`, new URLSearchParams());
    return [r.body, r.request.headers['Content-Type'], http.post(`${T}/echo`, new Nothing()).status]
  )js"));
  ASSERT_THAT(js_.vu().log.records, SizeIs(1));
  EXPECT_THAT(js_.vu().log.records[0].message,
              HasSubstr("the body of a request is a Nothing without fields of its own"));
  EXPECT_EQ("\"a=1\"", Run("return http.post(`${T}/echo`, new class { a = 1 }).body"));
  EXPECT_EQ("200", Run("return http.post(`${T}/echo`, {}).status"));
  EXPECT_THAT(js_.vu().log.records, SizeIs(1));
}

TEST_F(HttpBodyTest, ALengthThatIsNotTheBodysIsSaidAndNotSent) {
  EXPECT_EQ("\"abc\"",
            Run("return http.post(`${T}/echo`, 'abc', {headers: {'content-length': 9}}).body"));
  ASSERT_THAT(js_.vu().log.records, SizeIs(1));
  EXPECT_THAT(js_.vu().log.records[0].message,
              HasSubstr("Content-Length of a request is not the length of its body"));
  Run("http.post(`${T}/echo`, 'abc', {headers: {'Content-Length': 3}})");
  EXPECT_THAT(js_.vu().log.records, SizeIs(1));
}

TEST_F(HttpBodyTest, FormsHoldNothingNested) {
  EXPECT_EQ(
      R"("a=x&list=1&list=&none=&o=")",
      Run("return http.post(`${T}/echo`, {a: 'x', o: {b: 1}, none: null, list: [1, null]}).body"));
  ASSERT_THAT(js_.vu().log.records, SizeIs(1));
  EXPECT_THAT(js_.vu().log.records[0].message, HasSubstr("the field \"o\" of a form"));
}

TEST_F(HttpBodyTest, BodiesCanBeDroppedAndCompressed) {
  EXPECT_EQ("[null,200]",
            Run("const r = http.get(T, {responseType: 'none'}); return [r.body, r.status]"));
  js_.vu().settings.discard_response_bodies = true;
  EXPECT_EQ("[null,\"hello\\n\"]",
            Run("return [http.get(T).body, http.get(T, {responseType: 'text'}).body]"));
  EXPECT_THAT(Run(R"js(
    return http.post(`${T}/request`, 'x'.repeat(99), {compression: 'gzip',
      responseType: 'text'}).body
  )js"),
              HasSubstr("Content-Encoding: gzip"));
  EXPECT_TRUE(js_.vu().log.records.empty());
  EXPECT_THAT(Run(R"js(
    return http.post(`${T}/request`, 'x', {compression: 'gzip', headers: {'content-encoding': 'br'},
      responseType: 'text'}).body
  )js"),
              HasSubstr("Content-Encoding: br"));
  ASSERT_THAT(js_.vu().log.records, SizeIs(1));
  EXPECT_THAT(js_.vu().log.records[0].message,
              HasSubstr("says \"br\", but its body is compressed with \"gzip\""));
}

}  // namespace
}  // namespace lockstep::agent
