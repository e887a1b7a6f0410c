// Bodies that are read while they come (responseType: 'stream') against a loopback server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/numbers.h"

#include "tests/agent/js/k6/http_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class HttpStreamTest : public HttpFixture {
 protected:
  HttpStreamTest() {
    js_.Run(R"js(
      globalThis.textOf = (bytes) => String.fromCharCode(...bytes);
      globalThis.allOf = async (body) => {
        let text = '';
        for await (const piece of body) text += textOf(piece);
        return text;
      };
    )js");
  }
};

TEST_F(HttpStreamTest, TheAnswerIsThereBeforeItsBody) {
  EXPECT_EQ(R"js([200,"begin","-end.",true,true])js", Run(R"js(
    const answer = http.get(`${T}/slow-body/50`, { responseType: 'stream' });
    return (async () => {
      const reader = answer.body.getReader();
      const first = await reader.read();
      const second = await reader.read();
      const { done } = await reader.read();
      return [answer.status, textOf(first.value), textOf(second.value), done, answer.body.locked];
    })();
  )js"));
  ASSERT_THAT(Samples("http_req_receiving"), SizeIs(1));
  double receiving = 0;
  ASSERT_TRUE(absl::SimpleAtod(
      Samples("http_req_receiving")[0].substr(0, Samples("http_req_receiving")[0].find('{')),
      &receiving));
  EXPECT_GT(receiving, 0);
  EXPECT_THAT(Samples("http_reqs"), SizeIs(1));
}

TEST_F(HttpStreamTest, AsynchronousRequestsStreamToo) {
  EXPECT_EQ(R"js(["onetwothree","POST"])js", Run(R"js(
    return (async () => {
      const answer = await http.asyncRequest('POST', `${T}/chunked`, 'x', { responseType: 'stream' });
      return [await allOf(answer.body), answer.request.method];
    })();
  )js"));
}

TEST_F(HttpStreamTest, RedirectsAreFollowedAndCodingsUndone) {
  EXPECT_EQ(R"js([200,"unpacked"])js", Run(R"js(
    const answer = http.get(`${T}/redirect-to?/gzip`, { responseType: 'stream' });
    return (async () => [answer.status, await allOf(answer.body)])();
  )js"));
  EXPECT_THAT(Samples("http_reqs"), SizeIs(2));
  EXPECT_EQ(R"js([302,"moved"])js", Run(R"js(
    const answer = http.get(`${T}/redirect-to?/gzip`, { responseType: 'stream', redirects: 0 });
    return (async () => [answer.status, await allOf(answer.body)])();
  )js"));
}

TEST_F(HttpStreamTest, ABodyThatIsNotReadIsOneRequestAllTheSame) {
  Run("http.get(`${T}/slow-body/60000`, { responseType: 'stream' })");
  EXPECT_THAT(Samples("http_reqs"), SizeIs(0));
  js_.vu().EndIteration();
  ASSERT_THAT(Samples("http_reqs"), SizeIs(1));
  EXPECT_THAT(Samples("http_reqs")[0], HasSubstr("status:200"));
}

TEST_F(HttpStreamTest, CancellingEndsItWithWhatHasCome) {
  EXPECT_EQ(R"js(["begin",true])js", Run(R"js(
    const answer = http.get(`${T}/slow-body/60000`, { responseType: 'stream' });
    return (async () => {
      let text;
      for await (const piece of answer.body) { text = textOf(piece); break; }
      return [text, (await answer.body.getReader().read()).done];
    })();
  )js"));
  EXPECT_THAT(Samples("http_reqs"), SizeIs(1));
  EXPECT_EQ("[true]", Run(R"js(
    const answer = http.get(`${T}/slow-body/60000`, { responseType: 'stream' });
    return (async () => {
      await answer.body.cancel();
      return [(await answer.body.getReader().read()).done];
    })();
  )js"));
  EXPECT_THAT(Samples("http_reqs"), SizeIs(2));
}

TEST_F(HttpStreamTest, AServerIsHeldUpByAScriptThatDoesNotRead) {
  EXPECT_EQ("20000000", Run(R"js(
    const answer = http.get(`${T}/bytes/20000000`, { responseType: 'stream' });
    for (let i = 0; i < 50; ++i) http.get(`${T}/`);  // turns in which the body could come
    return (async () => {
      let bytes = 0;
      for await (const piece of answer.body) bytes += piece.length;
      return bytes;
    })();
  )js"));
}

TEST_F(HttpStreamTest, ABrokenBodyRejectsTheReader) {
  EXPECT_THAT(Run(R"js(
    const answer = http.get(`${T}/truncated`, { responseType: 'stream' });
    return (async () => {
      const seen = [answer.status];
      try { for await (const piece of answer.body) seen.push(textOf(piece)); } catch (e) { seen.push(e.message); }
      return seen;
    })();
  )js"),
              HasSubstr(R"js([200,"short","unexpected EOF)js"));
  EXPECT_THAT(Samples("http_reqs")[0], HasSubstr("status:0"));
  EXPECT_THAT(Run(R"js(
    const answer = http.get(`${T}/bad-gzip`, { responseType: 'stream' });
    return allOf(answer.body).catch((e) => e.message);
  )js"),
              HasSubstr("error decompressing response body (gzip: invalid data)"));
}

TEST_F(HttpStreamTest, WithoutAnAnswerThereIsNoBody) {
  EXPECT_EQ(R"js([0,null,1101])js", Run(R"js(
    const answer = http.get('http://no.such.host.invalid/', { responseType: 'stream' });
    return [answer.status, answer.body, answer.error_code];
  )js"));
}

TEST_F(HttpStreamTest, MistakesAreNamed) {
  EXPECT_THAT(Run("return http.get(`${T}/`, { responseType: 'streams', throw: true })"),
              HasSubstr("responseType: must be text, binary, none or stream, got streams"));
  EXPECT_THAT(
      Run("return http.batch([['GET', `${T}/`, null, { responseType: 'stream', throw: true }]])"),
      HasSubstr("responseType: stream is for single requests, not for batches"));
  EXPECT_EQ("Error: the body is a stream (responseType: 'stream'), which json() does not read",
            Run("return http.get(`${T}/`, { responseType: 'stream' }).json()"));
  EXPECT_EQ("TypeError: the stream is locked to another reader", Run(R"js(
    const { body } = http.get(`${T}/`, { responseType: 'stream' });
    body.getReader();
    body.getReader();
  )js"));
}

}  // namespace
}  // namespace lockstep::agent
