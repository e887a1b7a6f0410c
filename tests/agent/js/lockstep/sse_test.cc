// The module lockstep/sse against a loopback server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/js/k6/http_fixture.h"
#include "tests/support/fake_http_client.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

using SseTest = HttpFixture;

TEST_F(SseTest, EventsComeWithTypeDataAndId) {
  EXPECT_EQ(
      R"js([["open 200 1","hello POST\n{\"q\":1} 0","tick {\"n\":1} 1","tick {\"n\":2} 2","close 2"],true])js",
      Run(R"js(
    const seen = [];
    const source = new sse.EventSource(`${T}/events/2/1`, { method: 'POST', body: '{"q":1}', tags: { t: 'x' } });
    const note = (e) => seen.push(`${e.type} ${e.data} ${e.lastEventId}`);
    source.onopen = (e) => seen.push(`open ${e.status} ${source.readyState}`);
    source.onmessage = (e) => seen.push('no such message');
    source.onerror = (e) => seen.push(`error ${e.message}`);
    source.onclose = () => seen.push(`close ${source.readyState}`);
    source.addEventListener('hello', note);
    source.addEventListener('tick', note);
    return new Promise((resolve) => source.addEventListener('close', () => resolve([seen, source.url === `${T}/events/2/1`])));
  )js"));
  EXPECT_THAT(Samples("sse_sessions"), SizeIs(1));
  EXPECT_THAT(Samples("sse_sessions")[0], HasSubstr("method:POST"));
  EXPECT_THAT(Samples("sse_sessions")[0], HasSubstr("status:200"));
  EXPECT_THAT(Samples("sse_sessions")[0], HasSubstr("t:x"));
  EXPECT_THAT(Samples("sse_connecting"), SizeIs(1));
  EXPECT_THAT(Samples("sse_time_to_first_event"), SizeIs(1));
  EXPECT_THAT(Samples("sse_time_between_events"), SizeIs(2));
  ASSERT_THAT(Samples("sse_events"), SizeIs(3));
  EXPECT_THAT(Samples("sse_events")[2], HasSubstr("event:tick"));
  EXPECT_THAT(Samples("sse_session_duration"), SizeIs(1));
  EXPECT_THAT(Samples("http_reqs"), SizeIs(0));
  EXPECT_GT(js_.vu().bytes_received, 0);
}

TEST_F(SseTest, ASourceOfAnIterationThatWasCutIsClosed) {
  js_.vu().BeginIteration();
  js_.vu().CutAfter("sse_connecting");
  Run("globalThis.kept = new sse.EventSource(`${T}/events/1/60000`);"
      "kept.onopen = () => { globalThis.was = kept.readyState; }");
  js_.vu().BeginIteration();
  EXPECT_EQ("[1,2,0,2]", Run(R"js(
    return (async () => {
      const state = kept.readyState;
      let events = 0;
      for await (const event of kept) events += 1;
      kept.close();
      return [was, state, events, kept.readyState];
    })()
  )js"));
}

TEST_F(SseTest, AGetComesBackWithTheLastIdUntilTheServerWantsNoMore) {
  EXPECT_EQ(R"js([[0,1,2,3,4,5],[0,0,0,2],204])js", Run(R"js(
    const ids = [], states = [];
    const source = new sse.EventSource(`${T}/events/5/1?each=2`, { retry: '1h' });  // the server says 20 ms
    for (const type of ['hello', 'tick']) source.addEventListener(type, (e) => ids.push(Number(e.lastEventId)));
    let status;
    source.onerror = (e) => { states.push(source.readyState); status = e.status; };
    return new Promise((resolve) => { source.onclose = () => resolve([ids, states, status]); });
  )js"));
  EXPECT_THAT(Samples("sse_sessions"), SizeIs(4));
  EXPECT_THAT(Samples("sse_session_duration"), SizeIs(3));
}

TEST_F(SseTest, AnEventOfTheServerMayBeCalledClose) {
  EXPECT_EQ(R"js(["close:a","message:b"])js", Run(R"js(
    return (async () => {
      const seen = [];
      const body = 'event: close\ndata: a\n\ndata: b\n\n';
      const source = new sse.EventSource(`${T}/echo`, { method: 'POST', body, headers: { 'Content-Type': 'text/event-stream' } });
      for await (const event of source) seen.push(`${event.type}:${event.data}`);
      return seen;
    })();
  )js"));
}

TEST_F(SseTest, SourcesAreAsyncIterators) {
  EXPECT_EQ(R"js([["hello:GET\n","tick:{\"n\":1}"],2])js", Run(R"js(
    return (async () => {
      const seen = [];
      const source = new sse.EventSource(`${T}/events/1000/1`);
      for await (const event of source) {
        seen.push(`${event.type}:${event.data}`);
        if (seen.length === 2) break;
      }
      return [seen, source.readyState];
    })();
  )js"));
  EXPECT_EQ(R"js(["the server answered 429 Too Many Requests instead of 200",429,"status 429"])js",
            Run(R"js(
    return (async () => {
      try {
        for await (const event of new sse.EventSource(`${T}/status/429`)) return event;
      } catch (e) { return [e.message, e.status, e.body]; }
    })();
  )js"));
}

TEST_F(SseTest, AnythingButAnEventStreamIsAnErrorForGood) {
  const std::string listen = R"js(
    source.onerror = (e) => { seen.push(e.message, e.status, e.body, source.readyState); };
    return new Promise((resolve) => { source.onclose = () => resolve(seen); });
  )js";
  EXPECT_EQ(
      R"js(["the server's answer is not text/event-stream, but text/plain; charset=utf-8",200,"hello\n",2])js",
      Run(absl::StrCat("const seen = []; const source = new sse.EventSource(`${T}/`);", listen)));
  EXPECT_EQ(
      R"js(["unsupported protocol scheme \"ftp\"",0,"",2])js",
      Run(absl::StrCat(
          "const seen = []; const source = new sse.EventSource('ftp://h/', { reconnect: false });",
          listen)));
  EXPECT_EQ(
      R"js(["request timeout",0,"",2])js",
      Run(absl::StrCat("const seen = []; const source = new sse.EventSource(`${T}/delay/60000`, "
                       "{ reconnect: false, timeout: 10 });",
                       listen)));
  EXPECT_THAT(Samples("sse_sessions"), SizeIs(3));
  EXPECT_THAT(Samples("sse_sessions")[2], HasSubstr("error_code:1050"));
  EXPECT_THAT(Samples("sse_connecting"), SizeIs(1));  // to the head of an answer
  EXPECT_THAT(
      js_.vu().samples.errors,
      ElementsAre(HasSubstr("/: the server's answer is not text/event-stream, but text/plain"),
                  StartsWith("SSE ftp://h/: unsupported protocol scheme"),
                  HasSubstr("/delay/60000: request timeout")));
  EXPECT_THAT(Samples("sse_session_duration"), SizeIs(0));
}

TEST_F(SseTest, ALostConnectionIsMadeAnew) {
  EXPECT_EQ("[0,0]", Run(R"js(
    const states = [];
    const source = new sse.EventSource(`${T}/close`, { retry: 1 });
    source.onerror = () => { states.push(source.readyState); if (states.length === 2) source.close(); };
    return new Promise((resolve) => { source.onclose = () => resolve(states); });
  )js"));
  ASSERT_THAT(js_.vu().samples.errors, SizeIs(2));
  EXPECT_THAT(js_.vu().samples.errors[1], StartsWith("SSE http://127.0.0.1:"));
}

TEST_F(SseTest, AStreamThatItsServerEndsHasNotFailed) {
  Run(R"js(
    const source = new sse.EventSource(`${T}/events/2/1`, { retry: 1 });  // until 204
    return new Promise((resolve) => { source.onclose = () => resolve(); });
  )js");
  Run("new sse.EventSource(`${T}/events/2/1`, { reconnect: false })");
  EXPECT_THAT(js_.vu().samples.errors, SizeIs(0));
}

TEST_F(SseTest, RedirectsAreFollowedAndCookiesKept) {
  EXPECT_EQ(R"js(["tick","1"])js", Run(R"js(
    return (async () => {
      for await (const e of new sse.EventSource(`${T}/redirect-to?/events/1/1`)) {
        if (e.type === 'tick') return [e.type, http.cookieJar().cookiesForURL(T).stream[0]];
      }
    })();
  )js"));
}

TEST_F(SseTest, TheServerOfAFloodOfSmallEventsWaits) {
  lockstep::testing::FakeHttpClient client;
  js_.vu().UseHttp(client);
  bool held = false;
  js_.vu().loop().After(absl::Milliseconds(1), [&] {
    HttpResponse head;
    head.status = 200;
    head.headers = {{"Content-Type", "text/event-stream"}};
    ResponseListener& listener = *client.exchanges.front().request.listener;
    listener.OnHead(head);
    std::string events;
    for (int i = 0; i < 20'000; ++i) {
      events += "data: x\n\n";
    }
    listener.OnBody(std::move(events));
    held = client.held;
  });
  Run(R"js(
    const source = new sse.EventSource('http://h/');
    let count = 0;
    source.onmessage = () => { if (++count === 20000) source.close(); };
  )js");
  EXPECT_TRUE(held);
  EXPECT_FALSE(client.held);
  EXPECT_THAT(Samples("sse_events"), SizeIs(20'000));
}

TEST_F(SseTest, TheServerWaitsForALoopThatIsSlow) {
  lockstep::testing::FakeHttpClient client;
  js_.vu().UseHttp(client);
  constexpr int kEvents = 6000;
  bool held = false;
  int looks = 0;
  absl::AnyInvocable<void()> look = [&] {
    held = client.held;
    if (held || ++looks == 1000) {
      client.exchanges.front().request.listener->OnBody("event: go\ndata: x\n\n");
    } else {
      js_.vu().loop().After(absl::Milliseconds(1), [&] { look(); });
    }
  };
  js_.vu().loop().After(absl::Milliseconds(1), [&] {
    HttpResponse head;
    head.status = 200;
    head.headers = {{"Content-Type", "text/event-stream"}};
    ResponseListener& listener = *client.exchanges.front().request.listener;
    listener.OnHead(head);
    std::string events;
    for (int i = 0; i < kEvents; ++i) {
      events += "data: x\n\n";
    }
    listener.OnBody(std::move(events));
    look();
  });
  EXPECT_EQ("6001", Run(R"js(
    return (async () => {
      const source = new sse.EventSource('http://h/');
      const go = new Promise((resolve) => source.addEventListener('go', resolve));
      let count = 0;
      for await (const event of source) {
        if (++count === 1) await go;
        if (event.type === 'go') break;
      }
      return count;
    })()
  )js"));
  EXPECT_TRUE(held);
  EXPECT_FALSE(client.held);
}

TEST_F(SseTest, MistakesAreNamed) {
  EXPECT_EQ("TypeError: EventSource requires a URL", Run("new sse.EventSource()"));
  EXPECT_THAT(
      Run("new sse.EventSource('http://h/', { header: {} })"),
      HasSubstr("TypeError: EventSource: unknown parameter \"header\"; there are auth, body, "));
  EXPECT_EQ("TypeError: EventSource: the parameters must be an object, got string",
            Run("new sse.EventSource('http://h/', 'POST')"));
  EXPECT_EQ("TypeError: EventSource: invalid retry value: must not be negative",
            Run("new sse.EventSource('http://h/', { retry: -1 })"));
  EXPECT_THAT(Run("new sse.EventSource('http://h/', { timeout: 'soon' })"),
              HasSubstr("TypeError: EventSource: invalid timeout value: "));
  EXPECT_THAT(Run("new sse.EventSource(7)"),
              HasSubstr("TypeError: EventSource: a URL is expected, got number"));
  EXPECT_EQ("TypeError: a value for 'onopen' should be callable", Run(R"js(
    const source = new sse.EventSource(`${T}/events/1/1`);
    try { source.onopen = 1; } finally { source.close(); }
  )js"));
  js_.vu().init = true;
  EXPECT_EQ("Error: opening an event source in the init context is not supported",
            Run("new sse.EventSource('http://h/')"));
}

}  // namespace
}  // namespace lockstep::agent
