// Redirects of k6/http: what is followed, counted and shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/js/k6/http_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using HttpRedirectTest = HttpFixture;

TEST_F(HttpRedirectTest, RedirectsAreFollowedHopByHop) {
  EXPECT_EQ("[200,true]",
            Run("const r = http.get(`${T}/redirect/3`); return [r.status, r.url === `${T}/`]"));
  EXPECT_EQ(4u, Count("http_reqs"));
  EXPECT_THAT(Tag("status"), ElementsAre("302", "302", "302", "200"));
  EXPECT_EQ("[302,true]", Run(R"js(
    const r = http.get(`${T}/redirect/3`, {redirects: 0});
    return [r.status, r.headers.Location.endsWith('/redirect/2')]
  )js"));
  EXPECT_THAT(js_.vu().log.records, IsEmpty());
  EXPECT_EQ("302", Run("return http.get(`${T}/redirect/15`).status"));
  ASSERT_THAT(js_.vu().log.records, SizeIs(1));
  EXPECT_THAT(js_.vu().log.records[0].message, HasSubstr("10 redirects"));
  js_.vu().settings.max_redirects_given = true;
  EXPECT_EQ("302", Run("return http.get(`${T}/redirect/15`).status"));
  EXPECT_THAT(js_.vu().log.records, SizeIs(1)) << "who limits them is told nothing";
}

TEST_F(HttpRedirectTest, NobodyReadsTheBodyOfOneThatIsFollowed) {
  EXPECT_EQ(R"([200,"hello\n",["1"]])", Run(R"js(
    const r = http.get(`${T}/short-redirect`);
    return [r.status, r.body, http.cookieJar().cookiesForURL(T).hop]
  )js"));
  EXPECT_THAT(Tag("status"), ElementsAre("302", "200"));
  EXPECT_THAT(Tag("expected_response"), ElementsAre("true", "true"));
  EXPECT_EQ("[0,1000]", Run(R"js(
    const r = http.get(`${T}/short-redirect`, {redirects: 0});
    return [r.status, r.error_code]
  )js"));
}

TEST_F(HttpRedirectTest, ABodyThatStreamsMayHaveComeByAShortRedirect) {
  EXPECT_EQ("200", Run("return http.get(`${T}/short-redirect`, {responseType: 'stream'}).status"));
}

// To the script and to the metrics alike.
TEST_F(HttpRedirectTest, ALocationThatCannotBeReadIsAFailure) {
  EXPECT_EQ("[0,1000,true]", Run(R"js(
    const r = http.get(`${T}/redirect-to?http://a%20b/`);
    return [r.status, r.error_code, r.error.startsWith('failed to parse Location header')]
  )js"));
  EXPECT_THAT(Tag("status"), ElementsAre("0"));
  EXPECT_THAT(Tag("expected_response"), ElementsAre("false"));
  EXPECT_THAT(Tag("error_code"), ElementsAre("1000"));
}

TEST_F(HttpRedirectTest, ALocationThatNobodyCanBeAskedForIsAFailureOfItsOwn) {
  EXPECT_EQ(R"([0,1210,"dial tcp: address 99999: invalid port","http://127.0.0.1:99999/"])",
            Run(R"js(
    const r = http.get(`${T}/redirect-to?http://127.0.0.1:99999/`);
    return [r.status, r.error_code, r.error, r.url]
  )js"));
  EXPECT_THAT(Tag("status"), ElementsAre("302", "0"));
  EXPECT_THAT(Tag("expected_response"), ElementsAre("true", "false"));
  EXPECT_THAT(Tag("error_code"), ElementsAre("-", "1210"));
}

TEST_F(HttpRedirectTest, TheRequestIsTheFirstOfAChain) {
  EXPECT_EQ(R"js(["POST",true,true,"body",["1"],"p"])js", Run(R"js(
    const r = http.post(`${T}/redirect/2`, 'body', {headers: {a: 1}, cookies: {c: 'p'}});
    const q = r.request;
    return [q.method, q.url === `${T}/redirect/2`, r.url === `${T}/`, q.body, q.headers.A,
            q.cookies.c[0].value]
  )js"));
  EXPECT_EQ(R"js(["hello hello",200])js", Run(R"js(
    const r = http.post(`${T}/echo`, 'hello hello', {compression: 'gzip'});
    return [r.request.body, r.status]
  )js"));
}

TEST_F(HttpRedirectTest, ARedirectThatCannotBeReadHasNoStatus) {
  EXPECT_EQ("[0,1000,null,{}]", Run(R"js(
    const r = http.get(`${T}/redirect-to?http://[::`);
    return [r.status, r.error_code, r.body, r.headers]
  )js"));
}

}  // namespace
}  // namespace lockstep::agent
