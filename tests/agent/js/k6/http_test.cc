// The module k6/http against a loopback server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/agent/js/k6/http_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

using HttpTest = HttpFixture;

TEST_F(HttpTest, AResponseHasAllItsFields) {
  EXPECT_EQ("[200,\"200 OK\",\"HTTP/1.1\",\"hello\\n\",\"\",0,\"127.0.0.1\",true,\"\",\"\"]",
            Run(R"js(
    const r = http.get(`${T}/`);
    return [r.status, r.status_text, r.proto, r.body, r.error, r.error_code, r.remote_ip,
      r.url === `${T}/`, r.tls_version, r.tls_cipher_suite]
  )js"));
  EXPECT_EQ(
      "[\"blocked\",\"connecting\",\"duration\",\"looking_up\",\"receiving\",\"sending\",\"tls_"
      "handshaking\",\"waiting\"]",
      Run("return Object.keys(http.get(`${T}/`).timings).sort()"));
  EXPECT_EQ("true", Run(R"js(
    const t = http.get(`${T}/`).timings;
    return Math.abs(t.duration - t.sending - t.waiting - t.receiving) < 0.01
  )js"));
  EXPECT_EQ(R"(["POST","hello",["1"],["probe/1"]])", Run(R"js(
    const q = http.post(`${T}/echo`, 'hello', {headers: {'x-one': 1}}).request;
    return [q.method, q.body, q.headers['X-One'], q.headers['User-Agent']]
  )js"));
}

TEST_F(HttpTest, FieldsArePropertiesAndStayTheSame) {
  EXPECT_EQ("[true,true,true,true]", Run(R"js(
    const r = http.get(`${T}/`);
    return [Object.keys(r).includes('body'), JSON.parse(JSON.stringify(r)).status === 200,
      r.headers === r.headers, ({...r}).status === 200]
  )js"));
}

// http.get(url, null, {headers}) sends no headers.
TEST_F(HttpTest, WhatFollowsTheParamsIsTold) {
  Run("http.get(`${T}/`, {}); http.request('GET', `${T}/`, null, {})");
  EXPECT_THAT(js_.vu().log.records, ::testing::SizeIs(0));
  Run("for (let i = 0; i < 3; i++) http.get(`${T}/`, null, {headers: {a: '1'}})");
  ASSERT_THAT(js_.vu().log.records, ::testing::SizeIs(1)) << "once a place";
  EXPECT_THAT(js_.vu().log.records[0].message,
              HasSubstr("http.get() takes a URL and params; what follows them is ignored"));
}

TEST_F(HttpTest, EveryMethodIsSent) {
  EXPECT_EQ(R"(["GET","POST","PUT","PATCH","DELETE","OPTIONS","propfind","GET"])", Run(R"js(
    const u = `${T}/request`, m = r => r.body.split(' ')[0];
    return [http.get(u), http.post(u, 'b'), http.put(u, 'b'), http.patch(u, 'b'),
            http.del(u, 'b'), http.options(u, 'b'), http.request('propfind', u, 'b'), http.request('', u)].map(m)
  )js"));
  EXPECT_EQ("[200,null]", Run("const h = http.head(`${T}/`); return [h.status, h.body || null]"));
}

TEST_F(HttpTest, AGetterOfTheParamsMayMakeRequestsOfItsOwn) {
  EXPECT_EQ(R"(["inner","outer"])", Run(R"js(
    let inner;
    const outer = http.post(`${T}/echo`, 'outer', {
      get headers() { inner = http.post(`${T}/echo`, 'inner'); return {} },
    });
    return [inner.body, outer.body]
  )js"));
}

TEST_F(HttpTest, ResponsesSubmitTheirFormsAndFollowTheirLinks) {
  Run(R"(globalThis.page = (text) => http.post(`${T}/echo`, text);
         globalThis.line = (response) => response.body.split('\r\n')[0];
         globalThis.form = (method) => page(`<form ${method} action="request?old=1#top"><select name="m" multiple><option selected>1<option selected>2
</select><input name="a" value="x y"><keygen name="k"><input type="submit" name="s" value="go"></form>`))");
  EXPECT_EQ(
      R"(["POST /request?old=1 HTTP/1.1",true])",
      Run("const r = form('method=post').submitForm(); return [line(r), r.body.endsWith('\\r\\n\\r\\na=x+y&m=1&m=2&s=go')]"));
  EXPECT_EQ(
      "true",
      Run("return form('method=post').submitForm({fields: {a: 'new', z: 1}}).body.endsWith('a=new&m=1&m=2&s=go&z=1')"));
  // A form that is got has its fields for a query, as in browsers.
  EXPECT_EQ(R"("GET /request?a=x+y&m=1&m=2&s=go HTTP/1.1")",
            Run("return line(form('').submitForm())"));
  EXPECT_EQ(R"("GET /request?x=1 HTTP/1.1")",
            Run("return line(page('<a href=\"./a/../request?x=1#y\">z</a>').clickLink())"));
  EXPECT_EQ(
      "true",
      Run("const a = page('<a href=\"/b?c#d\">z</a>').html('a').get(0); return a.href() === `${T}/b?c#d` && a.pathname() === '/b'"));
  EXPECT_EQ("true", Run("return page('<p>').html() instanceof html.Selection"));
  EXPECT_THAT(Run("page('<p>').submitForm()"), HasSubstr("no form found for selector 'form'"));
  EXPECT_THAT(Run("page('<p>').clickLink()"), HasSubstr("no element found for selector 'a[href]'"));
}

TEST_F(HttpTest, HeadersArePassedAndTheUserAgentIsADefault) {
  const std::string head = Run(R"js(
    return http.get(`${T}/request`, {headers: {Host: 'other.test', 'User-Agent': 'mine'}}).body
  )js");
  EXPECT_THAT(head, HasSubstr("Host: other.test"));
  EXPECT_THAT(head, HasSubstr("User-Agent: mine"));
  EXPECT_THAT(head, Not(HasSubstr("probe/1")));
  EXPECT_THAT(Run("return http.get(`${T}/request`).body"), HasSubstr("User-Agent: probe/1"));
  EXPECT_THAT(Run("return http.get(`${T}/request`, {headers: {'User-Agent': ''}}).body"),
              Not(HasSubstr("User-Agent")));
}

TEST_F(HttpTest, JsonTakesSelectorsAndExplainsWhatIsNoJson) {
  EXPECT_EQ(R"([{"a":[1,2]},2,true,null])", Run(R"js(
    const r = http.post(`${T}/echo`, '{"a":[1,2]}');
    return [r.json(), r.json('a.1'), r.json() === r.json(), r.json('x') ?? null]
  )js"));
  EXPECT_THAT(
      Run("return http.get(`${T}/`).json()"),
      HasSubstr("cannot parse json due to an error at line 1, character 1: invalid character 'h'"));
  EXPECT_EQ("true", Run("return http.get(`${T}/`).json('a') === undefined"));
}

TEST_F(HttpTest, FailuresAreResponsesUnlessTheScriptWantsExceptions) {
  EXPECT_EQ(
      "[0,1000,null]",
      Run("const r = http.get('ftp://127.0.0.1/x'); return [r.status, r.error_code, r.body]"));
  EXPECT_EQ("[0,1020]", Run("const r = http.get('http://a b/'); return [r.status, r.error_code]"));
  EXPECT_EQ("[0,1020]", Run("const r = http.get(); return [r.status, r.error_code]"));
  EXPECT_EQ(R"([0,1050,"request timeout"])", Run(R"js(
    const r = http.get(`${T}/delay/5000`, {timeout: 50});
    return [r.status, r.error_code, r.error]
  )js"));
  EXPECT_EQ("1404", Run("return http.get(`${T}/status/404`).error_code"));
  EXPECT_EQ(absl::StrCat("Error: Get \"", server_->Url("/close"), "\": EOF"),
            Run("http.get(`${T}/close`, {throw: true})"));
  js_.vu().settings.throw_on_error = true;
  EXPECT_THAT(Run("http.get('http://a b/')"), HasSubstr("invalid"));
}

// A variable that was not set must turn a threshold on failures red.
TEST_F(HttpTest, UrlsThatNoRequestCanBeSentToAreFailedRequests) {
  EXPECT_EQ(R"js([0,1000,"unsupported protocol scheme \"\"","undefined/api"])js", Run(R"js(
    const r = http.get('undefined/api');
    return [r.status, r.error_code, r.error, r.url]
  )js"));
  EXPECT_EQ("[0,1000]", Run("const r = http.get(''); return [r.status, r.error_code]"));
  EXPECT_EQ("[0,1000]", Run("const r = http.get('http:///x'); return [r.status, r.error_code]"));
  EXPECT_EQ("[0,1210]",
            Run("const r = http.get('http://h:99999/'); return [r.status, r.error_code]"));
  EXPECT_EQ("[0,1050]",
            Run("const r = http.get(T, {timeout: 0}); return [r.status, r.error_code]"));
  EXPECT_EQ(5u, Count("http_reqs"));
  EXPECT_EQ(5u, Count("http_req_failed"));
  EXPECT_THAT(Tag("expected_response"), ElementsAre("false", "false", "false", "false", "false"));
  EXPECT_EQ("undefined/api", Tag("name")[0]);
}

// What HTTP has no place for is a failed request, too, with the script's URL in its tags.
TEST_F(HttpTest, MethodsAndHeadersThatCannotBeSentAreFailedRequests) {
  EXPECT_EQ(R"js([0,1000,"net/http: invalid method \"BAD METHOD\""])js", Run(R"js(
    const r = http.request('BAD METHOD', T);
    return [r.status, r.error_code, r.error]
  )js"));
  EXPECT_EQ(R"js([0,1000,"net/http: invalid header field name \"a b\""])js", Run(R"js(
    const r = http.get(T, {headers: {'a b': 1}});
    return [r.status, r.error_code, r.error]
  )js"));
  EXPECT_EQ(R"js([0,1000,"net/http: invalid header field value for \"A\""])js", Run(R"js(
    const r = http.get(T, {headers: {a: 'x\ny'}});
    return [r.status, r.error_code, r.error]
  )js"));
  EXPECT_EQ(R"js([0,"the value of the header X-A is too large: 300 KiB at most"])js", Run(R"js(
    const r = http.get(T, {headers: {'X-A': 'a'.repeat(300 * 1024 + 1)}});
    return [r.status, r.error]
  )js"));
  EXPECT_EQ(4u, Count("http_req_failed"));
  EXPECT_EQ(0, server_->requests());
  EXPECT_EQ("200", Run("return http.get(T, {headers: {'X-A': 'a'.repeat(300 * 1024)}}).status"));
}

// Scripts compare these texts with k6's, and the log says what is allowed.
TEST_F(HttpTest, PairsOfAMapOrAnotherClassAreAsGoodAsProperties) {
  EXPECT_EQ(R"js([["1"],"c=2",["3"]])js", Run(R"js(
    class Headers { *[Symbol.iterator]() { yield ['x-two', '3'] } }
    const r = http.get(`${T}/echo`, {headers: new Map([['X-One', '1']]), cookies: new Map([['c', '2']]),
                                     tags: new Map([['k', 'v']])});
    return [r.request.headers['X-One'], r.request.headers['Cookie'][0],
            http.get(T, {headers: new Headers()}).request.headers['X-Two']]
  )js"));
  EXPECT_EQ("v", Tag("k")[0]);
}

TEST_F(HttpTest, WhatAScriptsOwnFunctionsThrowRejectsThePromise) {
  EXPECT_EQ(R"js(["mine","mine"])js", Run(R"js(
    const bad = {toString() { throw new Error('mine') }}, why = (error) => error.message;
    return Promise.all([http.asyncRequest('GET', bad),
                        http.asyncRequest('GET', T, null, {headers: {a: bad}})].map((p) => p.catch(why)))
  )js"));
}

TEST_F(HttpTest, WhatIsNoUrlAndNoDurationIsRefusedInTheWordsOfK6) {
  EXPECT_EQ(R"js(["invalid URL: '#<nil>'",1020,true])js", Run(R"js(
    const errors = [null, undefined, 5, [1], {}].map((url) => http.get(url));
    return [errors[0].error, errors[0].error_code, errors.every((r) => r.error === errors[0].error)]
  )js"));
  EXPECT_EQ(
      R"js(["time: invalid duration \"abc\"","time: unknown unit \"x\" in duration \"1x\"","time: missing unit in duration \"1s5\"","unable to use type <nil> as a duration value","unable to use type []interface {} as a duration value","unable to use type []interface {} as a duration value"])js",
      Run(R"js(
        return ['abc', '1x', '1s5', null, [1, 2], [1]].map((timeout) =>
          http.get(T, {timeout}).error.replace('invalid timeout value: ', ''))
      )js"));
  EXPECT_EQ(0, server_->requests());
}

TEST_F(HttpTest, ATextIsAnObjectOfItsLettersAndTheLogSaysSo) {
  EXPECT_EQ(R"js([200,"X",200,"0=y"])js", Run(R"js(
    const r = http.get(T, {headers: 'X'}), c = http.get(`${T}/cookies`, {cookies: 'y', tags: 'z'});
    return [r.status, r.request.headers['0'][0], c.status, c.body]
  )js"));
  EXPECT_THAT(js_.vu().log.records, SizeIs(3));
}

TEST_F(HttpTest, ACopyOfAResponseHasItsMethods) {
  EXPECT_EQ(R"js([{"a":[1]},1,"clickLink,html,json,submitForm","function"])js", Run(R"js(
    const r = http.post(`${T}/echo`, '{"a": [1]}'), copy = {...r};
    return [copy.json(), copy.json('a.0'),
      Object.keys(r).filter((key) => typeof r[key] === 'function').sort().join(), typeof copy.html]
  )js"));
  EXPECT_EQ(R"js(["request","json","html","submitForm","clickLink",true])js", Run(R"js(
    const r = http.get(T), keys = Object.keys(r);
    return [keys[0], ...keys.slice(-4), r.json === r.json]
  )js"));
}

TEST_F(HttpTest, MethodsOfAResponseNeedNoResponseBeforeThem) {
  EXPECT_EQ(R"js([1,1,1,{"a":[1]},1])js", Run(R"js(
    const r = http.post(`${T}/echo`, '{"a": [1]}'), { json } = r, { body, ...rest } = r;
    return [json('a.0'), r.json.call(null, 'a.0'), ...[r].map(({ json }) => json('a.0')), rest.json(),
      ({ ...r, body: JSON.parse(r.body) }).json('a.0')]
  )js"));
  EXPECT_EQ(R"js([3,"n=v",200])js", Run(R"js(
    const page = '<li><li><li><form method="post" action="/echo"><input name="n" value="v"></form><a href="/">x</a>';
    const { html, submitForm, clickLink } = http.post(`${T}/echo`, page);
    return [html('li').size(), submitForm().body, clickLink().status]
  )js"));
}

TEST_F(HttpTest, ThereIsNoHtmlInNothing) {
  for (const char* response : {"http.get('http://127.0.0.1:1')", "http.get('http://[::')",
                               "(() => { const r = http.get(T); delete r.body; return r })()"}) {
    EXPECT_THAT(Run(absl::StrCat("return ", response, ".html('li').size()")),
                HasSubstr("Error: the body is null so we can't transform it to HTML"))
        << response;
  }
  EXPECT_EQ("TypeError: the body is not text, so there is no HTML in it",
            Run("const r = http.get(T); r.body = 5; r.html()"));
}

TEST_F(HttpTest, NamesOfHeadersThatDifferInCaseAreOne) {
  EXPECT_EQ(R"js(["X-A: 2"])js", Run(R"js(
    return http.get(`${T}/request`, {headers: {'X-A': 1, 'x-a': 2}}).body
      .split('\r\n').filter(l => /x-a/i.test(l))
  )js"));
}

TEST_F(HttpTest, HtmlReadsBodiesOfBytes) {
  EXPECT_EQ(R"("ü")", Run(R"js(
    return http.post(`${T}/echo`, '<p>ü</p>', {responseType: 'binary'}).html('p').text()
  )js"));
}

TEST_F(HttpTest, TagsKeepTheUrlAsTheScriptWroteIt) {
  Run("http.get(T); http.get(`${T}/?`)");
  EXPECT_THAT(Tag("name"), ElementsAre(server_->Url(""), server_->Url("/?")));
}

TEST_F(HttpTest, BodiesThatCannotBeReadHaveNoStatus) {
  EXPECT_EQ("[0,1701,null]", Run(R"js(
    const r = http.get(`${T}/bad-gzip`);
    return [r.status, r.error_code, r.body]
  )js"));
  EXPECT_THAT(Tag("status"), ElementsAre("0"));
  EXPECT_THAT(Tag("expected_response"), ElementsAre("false"));
  EXPECT_EQ("[null,null]",
            Run("return [204, 304].map((status) => http.get(`${T}/status/${status}`).body)"));
}

TEST_F(HttpTest, UserMistakesInParameters) {
  EXPECT_THAT(Run("return http.post(`${T}/`, 'x', {compression: 'rar'}).error"), HasSubstr("rar"));
  EXPECT_THAT(Run("return http.get(`${T}/`, {timeout: 'soon'}).error"), HasSubstr("soon"));
  EXPECT_THAT(Run("return http.get(`${T}/`, {responseType: 'xml'}).error"), HasSubstr("xml"));
  EXPECT_THAT(Run("return http.get(`${T}/`, {tags: {a: {}}}).error"), HasSubstr("metric tag 'a'"));
  for (const char* params :
       {"{timeout: null}", "{timeout: undefined}", "{responseType: null}", "{compression: null}"}) {
    EXPECT_EQ("[0,0,null,[]]",
              Run(absl::StrCat("const r = http.post(T, '', ", params, ");",
                               "return [r.status, r.error_code, r.request, r.body]")))
        << params;
  }
  EXPECT_THAT(Run("http.expectedStatuses('x')"), HasSubstr("argument number 1"));
  EXPECT_THAT(Run("http.expectedStatuses(200, 1e300)"), HasSubstr("argument number 2"));
  EXPECT_THAT(Run("http.setResponseCallback(5)"), HasSubstr("expected http.expectedStatuses"));
  EXPECT_THAT(Run("http.file({})"), HasSubstr("must be a string, an ArrayBuffer or a Blob"));
  for (const char* body :
       {"http.batch('x')", "http.batch(new Map([['a', T]]))", "http.batch(new Set([T]))",
        "http.batch((async () => [T])())", "http.batch(() => [T])"}) {
    EXPECT_THAT(Run(body), HasSubstr("an array or an object")) << body;
  }
  EXPECT_EQ(0u, Count("http_reqs"));
  js_.vu().init = true;
  EXPECT_THAT(Run("http.get(T)"),
              HasSubstr("Making http requests in the init context is not supported"));
  EXPECT_THAT(Run("http.batch([T])"),
              HasSubstr("Making http requests in the init context is not supported"));
}

TEST_F(HttpTest, WrongTypesAndUnknownParametersDoNoHarm) {
  EXPECT_EQ("[200,200,200]", Run(R"js(
    const params = [{frobnicate: 1}, 5, {headers: null, tags: undefined, cookies: null}];
    return params.map(p => http.get(`${T}/`, p).status)
  )js"));
  EXPECT_THAT(Run("http.get(`${T}/`, {get headers() { throw new Error('mine') }})"),
              HasSubstr("mine"));
  EXPECT_THAT(Run("http.get(`${T}/`, {headers: {a: {toString() { throw new Error('own') }}}})"),
              HasSubstr("own"));
  for (const char* url : {"undefined", "null", "''", "5", "{}", "'http://'", "'nothing'"}) {
    EXPECT_EQ("[0,true]",
              Run(absl::StrCat("const r = http.get(", url, "); return [r.status, r.error !== '']")))
        << url;
  }
}

TEST_F(HttpTest, BatchKeepsOrderAndKeys) {
  EXPECT_EQ(R"(["GET","POST","PUT","GET"])", Run(R"js(
    const u = `${T}/request`;
    return http.batch([u, ['POST', u, 'x'], {method: 'PUT', url: u, body: 'y'},
                       ['GET', u, null, {tags: {a: '1'}}]]).map(r => r.body.split(' ')[0])
  )js"));
  EXPECT_EQ(R"([["one","two"],"d1",200,0])", Run(R"js(
    const o = http.batch({one: {method: 'POST', url: `${T}/echo`, body: 'd1'}, two: T, [Symbol('three')]: 'x'});
    const bad = http.batch([T, 'http://a b/']);
    return [Object.keys(o), o.one.body, o.two.status, bad[1].status]
  )js"));
  EXPECT_EQ("[]", Run("return http.batch([])"));
}

// A SharedArray, for one.
TEST_F(HttpTest, AProxyOfAnArrayIsAnArray) {
  EXPECT_EQ("[true,200,200,\"a=1&a=2\",\"unknown request body type []interface {}\"]", Run(R"js(
    const list = items => new Proxy(items, {});
    const r = http.batch(list([T, list(['GET', T])]));
    return [Array.isArray(r), r[0].status, r[1].status,
            http.post(`${T}/echo`, {a: list([1, 2])}).body, http.post(T, list([1])).error]
  )js"));
}

TEST_F(HttpTest, ABatchTakesOneArgument) {
  EXPECT_THAT(Run("http.batch(['GET', T], ['GET', T])"),
              HasSubstr("TypeError: http.batch(): the requests are one argument"));
  EXPECT_EQ(0, server_->requests());
}

TEST_F(HttpTest, AnObjectOfABatchHasNoBodyWithGet) {
  EXPECT_EQ(R"(["","b","b"])", Run(R"js(
    const url = `${T}/echo`;
    return http.batch([{method: 'get', url, body: 'b'}, {method: 'post', url, body: 'b'}, ['GET', url, 'b']])
      .map(r => r.request.body)
  )js"));
}

TEST_F(HttpTest, BatchStartsNoMoreThanTheLimit) {
  js_.vu().settings.batch = 3;
  js_.vu().settings.batch_per_host = 0;
  EXPECT_EQ("true", Run(R"js(
    const t = Date.now();
    http.batch(Array(6).fill(`${T}/delay/40`));
    return Date.now() - t >= 79
  )js"));
}

TEST_F(HttpTest, AsyncRequestsArePromises) {
  EXPECT_EQ("[200,404]", Run(R"js(
    const requests = [http.asyncRequest('GET', T), http.asyncRequest('get', `${T}/status/404`)];
    return Promise.all(requests).then(l => l.map(r => r.status))
  )js"));
  EXPECT_EQ("0", Run("return http.asyncRequest('GET', 'http://a b/').then(r => r.status)"));
  EXPECT_EQ(R"("rejected")", Run(R"js(
    return http.asyncRequest('GET', 'http://a b/', null, {throw: true}).catch(() => 'rejected')
  )js"));
}

TEST_F(HttpTest, TagsNamesAndCallbacksShapeTheSamples) {
  Run(R"js(
    const id = 7;
    http.get(http.url`${T}/status/200?id=${id}`, {tags: {mine: 'x'}});
    http.get(T, {tags: {name: 'n'}})
  )js");
  EXPECT_THAT(Tag("name"), ElementsAre("${}/status/200?id=${}", "n"));
  EXPECT_THAT(Tag("url"), ElementsAre("${}/status/200?id=${}", "n"));
  EXPECT_THAT(Tag("mine"), ElementsAre("x", "-"));
  js_.vu().samples.samples.clear();
  Run("http.get(`${T}/status/404`, {responseCallback: http.expectedStatuses(404, {min: 500, max: "
      "599})});http.get(`${T}/status/404`, {responseCallback: null}); http.get(`${T}/status/404`);"
      "http.setResponseCallback(http.expectedStatuses(200)); http.get(`${T}/status/201`)");
  EXPECT_THAT(Tag("expected_response"), ElementsAre("true", "-", "false", "false"));
  EXPECT_EQ(3u, Count("http_req_failed"));
}

TEST_F(HttpTest, CredentialsBecomeAHeaderAndNeverATag) {
  EXPECT_THAT(Run("return http.get(`${T}/request`.replace('http://', 'http://u:sekret@')).body"),
              HasSubstr("Authorization: Basic dTpzZWtyZXQ="));
  EXPECT_THAT(Tag("url")[0], HasSubstr("http://****:****@"));
  Run("http.get(http.url`http://u:sekret@h:99999/${1}`); http.get('http://u:sekret@h:99999')");
  EXPECT_EQ(Tag("url")[1], "http://****:****@h:99999/${}");
  EXPECT_EQ(Tag("name")[2], "http://****:****@h:99999");
  Run("http.get('http://u:sekret@h:99999/d', {auth: 'digest'})");
  EXPECT_EQ(Tag("url")[3], "http://h:99999/d");
  EXPECT_THAT(Run(R"js(
    return http.get(`${T}/request`.replace('http://', 'http://u:p@'),
      {headers: {Authorization: 'Bearer x'}}).body
  )js"),
              HasSubstr("Authorization: Bearer x"));
}

TEST_F(HttpTest, BytesAreCounted) {
  Run("http.get(T)");
  EXPECT_GT(js_.vu().bytes_sent, 40);
  EXPECT_GT(js_.vu().bytes_received, 40);
}

}  // namespace
}  // namespace lockstep::agent
