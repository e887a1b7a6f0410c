// The modules k6/ws and k6/websockets against a loopback server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "agent/http/unsent.h"
#include "tests/agent/js/k6/js_harness.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/http_server.h"

namespace lockstep::agent {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class WsTest : public ::testing::Test {
 protected:
  WsTest() : server_(*lockstep::testing::HttpServer::Start()) {
    Run(absl::StrCat("globalThis.W = '", absl::StrReplaceAll(server_->Url(""), {{"http", "ws"}}),
                     "'"));
  }

  std::string Run(absl::string_view body) { return js_.Run(body); }
  size_t Count(absl::string_view metric) { return js_.vu().samples.Of(metric).size(); }
  // Each WebSocket of `client` opens a moment after it was asked for.
  void OpenSockets(lockstep::testing::FakeHttpClient& client) {
    client.on_socket = [this](auto& socket) {
      js_.vu().loop().After(absl::Milliseconds(1), [&socket] {
        HttpResponse response;
        response.status = 101;
        socket.listener().OnOpen(std::move(response));
      });
    };
  }

  std::unique_ptr<lockstep::testing::HttpServer> server_;
  JsHarness js_;
};

TEST_F(WsTest, ASocketOfAnIterationThatWasCutIsClosed) {
  js_.vu().BeginIteration();
  js_.vu().CutAfter("ws_connecting");
  Run("globalThis.kept = new websockets.WebSocket(`${W}/ws`); kept.onopen = () => { globalThis.was = kept.readyState; }");
  js_.vu().BeginIteration();
  EXPECT_EQ(R"([1,3,"InvalidStateError"])", Run(R"js(
    kept.close();
    try { kept.send('x') } catch (error) { return [was, kept.readyState, error.message] }
  )js"));
}

TEST_F(WsTest, ConnectWaitsForTheEndAndCallsHandlers) {
  EXPECT_EQ(R"([101,["open","one","two","close 1000"]])", Run(R"js(
    const seen = [];
    const r = ws.connect(`${W}/ws`, {tags: {t: 'x'}}, s => {
      s.on('open', () => { seen.push('open'); s.send('one') });
      s.on('message', m => { seen.push(m); if (m === 'one') s.send('two'); else s.close(1000) });
      s.on('close', c => seen.push('close ' + c))
    });
    return [r.status, seen]
  )js"));
  EXPECT_EQ(2u, Count("ws_msgs_sent"));
  EXPECT_EQ(2u, Count("ws_msgs_received"));
  EXPECT_EQ(1u, Count("ws_sessions"));
  EXPECT_EQ(1u, Count("ws_connecting"));
  EXPECT_EQ(1u, Count("ws_session_duration"));
  EXPECT_THAT(js_.vu().samples.Of("ws_sessions")[0],
              HasSubstr("status:101,subproto:,t:x,url:ws://"));
  EXPECT_THAT(js_.vu().samples.Of("ws_sessions")[0], Not(HasSubstr("name:")));
  EXPECT_GT(js_.vu().bytes_sent, 0);
}

TEST_F(WsTest, MethodsOfASocketNeedNoSocketBeforeThem) {
  EXPECT_EQ(R"([["one","close 1001"],[],"undefined"])", Run(R"js(
    const seen = [];
    let after;
    ws.connect(`${W}/ws`, s => {
      const { on, send, setTimeout } = s;
      after = s.ping;
      on('open', () => send('one'));
      on('message', m => { seen.push(m); setTimeout(s.close, 1) });
      on('close', c => seen.push('close ' + c))
    });
    return [seen, Object.keys(after), typeof after()]
  )js"));
  Run(R"js(
    globalThis.log = [];
    class Mine extends websockets.WebSocket {
      send(data) { super.send(`my ${data}`) }
    }
    const s = new Mine(`${W}/ws`), { addEventListener, close } = s;
    addEventListener('open', () => s.send('one'));
    addEventListener('message', e => { log.push(e.data, s instanceof websockets.WebSocket); close() });
    s.onclose = e => log.push(e.code)
  )js");
  EXPECT_EQ(R"(["my one",true,1000])", Run("return log"));
  EXPECT_EQ(R"("ab")", Run("const { text } = new websockets.Blob(['ab']); return text()"));
}

TEST_F(WsTest, BinaryPingsAndTimers) {
  EXPECT_EQ("[[1,2,255],true,3]", Run(R"js(
    let bytes, pong = false, ticks = 0;
    ws.connect(`${W}/ws`, s => {
      s.on('open', () => { s.sendBinary(new Uint8Array([1, 2, 255]).buffer); s.ping() });
      s.on('binaryMessage', b => { bytes = Array.from(new Uint8Array(b)) });
      s.on('pong', () => { pong = true });
      s.setInterval(() => { if (++ticks === 3) s.close() }, 20)
    });
    return [bytes, pong, ticks]
  )js"));
  EXPECT_EQ(1u, Count("ws_ping"));
}

TEST_F(WsTest, AHandlerThatThrowsEndsTheConnection) {
  EXPECT_EQ("Error: oops",
            Run("ws.connect(`${W}/ws`, s => s.on('open', () => { throw new Error('oops') }))"));
  EXPECT_EQ(1u, Count("ws_session_duration"));
}

TEST_F(WsTest, UnusualCloseCodesAreErrorsToo) {
  EXPECT_EQ(R"(["websocket: close 3001",3001])", Run(R"js(
    const seen = [];
    ws.connect(`${W}/ws/close/3001`, s => {
      s.on('error', e => seen.push(e.error().slice(0, 21)));
      s.on('close', c => seen.push(c))
    });
    return seen
  )js"));
}

TEST_F(WsTest, ARefusalIsAnAnswerAndAWarning) {
  EXPECT_EQ(
      R"([404,"",""])",
      Run("const r = ws.connect(`${W}/status/404`, () => {}); return [r.status, r.url, r.error]"));
  ASSERT_THAT(js_.vu().log.records, SizeIs(1));
  EXPECT_THAT(js_.vu().log.records[0].fields[0].second, HasSubstr("websocket: bad handshake: 404"));
  EXPECT_EQ(server_->requests(), 1);
  js_.vu().settings.throw_on_error = true;
  EXPECT_THAT(Run("ws.connect(`${W}/status/404`, () => {})"), HasSubstr("bad handshake"));
}

TEST_F(WsTest, UserMistakes) {
  EXPECT_THAT(Run("ws.connect(W)"), HasSubstr("invalid number of arguments to ws.connect"));
  EXPECT_THAT(Run("ws.connect(W, {})"), HasSubstr("must be a function"));
  EXPECT_THAT(Run("ws.connect(W, {compression: 'rar'}, () => {})"),
              HasSubstr("unsupported compression algorithm 'rar'"));
  EXPECT_THAT(Run("new websockets.WebSocket(W, null, {nope: 1})"),
              HasSubstr("unknown WebSocket's option nope"));
  EXPECT_THAT(Run("new websockets.WebSocket(W, null, {tags: {a: {}}})"),
              HasSubstr("invalid WebSocket tags option: invalid value for metric tag 'a'"));
  EXPECT_THAT(Run("new websockets.WebSocket('http://h/')"),
              HasSubstr("requires url with scheme ws or wss, but got \"http\""));
  EXPECT_THAT(Run("new websockets.WebSocket('/rel')"), HasSubstr("but got \"\""));
  EXPECT_THAT(Run("new websockets.WebSocket('blob:x')"), HasSubstr("but got \"blob\""));
  EXPECT_THAT(Run("new websockets.WebSocket('::bad')"),
              HasSubstr("WebSocket requires valid url, but got \"::bad\" which resulted in parse "
                        "\"::bad\": missing protocol scheme"));
  EXPECT_THAT(Run("new websockets.WebSocket(W + '/#part')"),
              HasSubstr("WebSocket requires no url fragment, but got \"part\""));
  EXPECT_THAT(Run("new websockets.WebSocket()"), HasSubstr("requires a url"));
  EXPECT_THAT(Run("new websockets.WebSocket(W).send('early')"), HasSubstr("InvalidStateError"));
  js_.vu().init = true;
  EXPECT_THAT(Run("ws.connect(W, () => {})"),
              HasSubstr("using websockets in the init context is not supported"));
}

TEST_F(WsTest, TheWebsClassDeliversEventsAndCountsTheClosingFrame) {
  EXPECT_EQ("undefined", Run(R"js(
    globalThis.log = [];
    const s = new websockets.WebSocket(`${W}/ws`);
    s.binaryType = 'arraybuffer';
    log.push(s.readyState);
    s.onopen = () => { log.push(s.readyState); s.send('hi') };
    s.addEventListener('message', e => {
      if (typeof e.data === 'string') {
        log.push(e.data);
        s.send(new Uint8Array([1, 2]))
      } else {
        log.push(Array.from(new Uint8Array(e.data)));
        s.close(1000, 'done')
      }
    });
    s.onclose = e => log.push([s.readyState, e.code, e.reason])
  )js"));
  EXPECT_EQ(R"([0,1,"hi",[1,2],[3,1000,"done"]])", Run("return log"));
  EXPECT_EQ(3u, Count("ws_msgs_sent"));
  EXPECT_EQ(2u, Count("ws_msgs_received"));
}

TEST_F(WsTest, SoMuchMayWaitToBeSent) {
  lockstep::testing::FakeHttpClient client;
  js_.vu().UseHttp(client);
  client.unsent_bytes = kMostUnsentBytes - 1;
  OpenSockets(client);
  std::vector<std::string> sent;
  client.on_sent = [&](const std::string& message) {
    sent.push_back(message);
    if (message == "close 1000") {
      js_.vu().loop().After(absl::Milliseconds(1),
                            [&] { client.socket()->listener().OnClose(1000, ""); });
    }
  };
  Run(R"js(
    globalThis.log = [];
    const attempt = (call) => { try { call(); } catch (e) { log.push(`${e.name}: ${e.message}`); } };
    const s = new websockets.WebSocket('ws://h/');
    s.onopen = () => {
      s.send('x');
      attempt(() => s.send('xx'));
      attempt(() => s.send(new Uint8Array(2)));
      s.close();
    };
  )js");
  EXPECT_EQ("[2,true]", Run(R"js(
    const why = 'Error: websocket: more than 67108864 bytes would wait to be sent: the server has not taken them yet';
    return [log.length, log.every((each) => each === why)]
  )js"));
  EXPECT_THAT(sent, ::testing::ElementsAre("x", "close 1000"));
}

// k6/ws, whose calls wait.
TEST_F(WsTest, ASendWaitsUntilTheServerHasTakenEnough) {
  lockstep::testing::FakeHttpClient client;
  js_.vu().UseHttp(client);
  OpenSockets(client);
  std::vector<std::string> sent;
  client.on_sent = [&](const std::string& message) {
    sent.push_back(message);
    if (message == "one") {  // the server takes part of it, and then all
      client.unsent_bytes = kMostUnsentBytes;
      for (const int64_t left : {kMostUnsentBytes - 1, int64_t{0}}) {
        js_.vu().loop().After(absl::Milliseconds(1), [&, left] {
          sent.push_back(absl::StrCat(left, " left"));
          client.unsent_bytes = left;
          client.socket()->listener().OnSent();
        });
      }
    } else if (message == "two") {  // the server is gone before it has taken it
      client.unsent_bytes = kMostUnsentBytes;
      js_.vu().loop().After(absl::Milliseconds(1), [&] {
        sent.push_back("gone");
        client.socket()->listener().OnClose(1006, "reset");
      });
    }
  };
  EXPECT_EQ("[\"close 1006\"]", Run(R"js(
    const seen = [];
    ws.connect('ws://h/', (s) => {
      s.on('open', () => {
        s.send('one');
        s.send('two');
        s.send('three');
      });
      s.on('close', (code) => seen.push(`close ${code}`));
    });
    return seen;
  )js"));
  EXPECT_THAT(sent,
              ::testing::ElementsAre("one", "67108863 left", "0 left", "two", "gone", "three"));
}

TEST_F(WsTest, BlobsAreTheDefaultOfTheWebsClass) {
  Run(R"js(
    globalThis.log = [];
    const s = new websockets.WebSocket(`${W}/ws`);
    s.onopen = () => s.send(new websockets.Blob(['a', new Uint8Array([98])]));
    s.onmessage = async e => { log.push(e.data.size, await e.data.text()); s.close() }
  )js");
  EXPECT_EQ(R"([2,"ab"])", Run("return log"));
}

TEST_F(WsTest, ARefusalOfTheWebsClassSaysWhy) {
  Run(R"js(
    globalThis.log = [];
    const s = new websockets.WebSocket(`${W}/status/403`);
    s.onerror = e => log.push(e.error);
    s.onclose = e => log.push(e.code)
  )js");
  const std::string log = Run("return log");
  EXPECT_EQ(R"(["websocket: bad handshake",null])", log);  // a close without a code
  EXPECT_THAT(js_.vu().log.records[0].fields[0].second, HasSubstr("websocket: bad handshake: 403"));
  ASSERT_THAT(js_.vu().samples.Of("ws_sessions"), SizeIs(1));
  EXPECT_THAT(js_.vu().samples.Of("ws_sessions")[0], HasSubstr("status:403,subproto:,url:"));
  EXPECT_THAT(js_.vu().samples.Of("ws_sessions")[0], HasSubstr("name:ws://"));
}

TEST_F(WsTest, ABadUrlIsAnAnswerAndAConnectionThatFailed) {
  EXPECT_EQ(R"(["","malformed ws or wss URL",0])", Run(R"js(
    const r = ws.connect('http://h/', () => {});
    return [r.url, r.error, r.status]
  )js"));
  EXPECT_EQ(R"("parse \"::bad\": missing protocol scheme")",
            Run("return ws.connect('::bad', () => {}).error"));
  EXPECT_EQ(2u, Count("ws_sessions"));
  EXPECT_EQ(2u, Count("ws_connecting"));
  EXPECT_EQ(0u, Count("ws_session_duration"));
  EXPECT_THAT(js_.vu().samples.Of("ws_sessions")[0], HasSubstr("status:0,url:http://h/"));
  Run("ws.connect('ws://127.0.0.1:1', () => {})");
  EXPECT_THAT(js_.vu().samples.Of("ws_sessions")[2], HasSubstr("status:0,url:ws://127.0.0.1:1"));
  EXPECT_THAT(js_.vu().samples.Of("ws_sessions")[2], Not(HasSubstr("127.0.0.1:1/")));
}

TEST_F(WsTest, OfHeadersThatDifferInCaseTheLastIsSent) {
  EXPECT_EQ(R"js(["X-A: 2"])js", Run(R"js(
    return ws.connect(`${W}/request`, {headers: {'X-A': '1', 'x-a': '2'}}, () => {}).body.match(/x-a: .*/gi)
  )js"));
}

TEST_F(WsTest, NoHeaderBeginsAnother) {
  EXPECT_EQ(R"js(["value for \"X-A\"","name \"X A\"","value for \"Sec-WebSocket-Protocol\""])js",
            Run(R"js(
    return [{'x-a': 'a\r\nX-Evil: 1'}, {'X A': '1'}, {'Sec-WebSocket-Protocol': 'a\nb'}].map(
      headers => ws.connect(`${W}/ws`, {headers}, () => {}).error.replace(/.*header field /, ''))
  )js"));
  Run(R"js(
    globalThis.log = [];
    const chat = new websockets.WebSocket(`${W}/ws`, ['chat', 'a\r\nX-Evil: 1']);
    const other = new websockets.WebSocket(`${W}/ws`, null, {headers: {'x-a': 'a\nb'}});
    chat.onerror = other.onerror = e => log.push(e.error);
  )js");
  EXPECT_EQ(
      R"js(["net/http: invalid header field value for \"Sec-WebSocket-Protocol\"","net/http: invalid header field value for \"X-A\""])js",
      Run("return log"));
  EXPECT_EQ(5u, Count("ws_sessions"));
  EXPECT_EQ(server_->requests(), 0);
  // The break at the end of a file that a value is read from.
  EXPECT_EQ("101", Run(R"js(
    return ws.connect(`${W}/ws`, {headers: {Authorization: 'Bearer x\n'}}, s => s.close()).status
  )js"));
}

// As in k6: RFC 6455 has no user and password in a URL, and without them nobody would be logged in.
TEST_F(WsTest, CredentialsOfAUrlAreRefusedAndShownNowhere) {
  EXPECT_THAT(Run(R"js(
    const r = ws.connect(W.replace('//', '//user:secret@') + '/ws', () => {});
    return [r.status, r.url, r.error]
  )js"),
              HasSubstr(R"([0,"","malformed ws or wss URL: a user and a password belong)"));
  EXPECT_THAT(Run("new websockets.WebSocket('ws://user:secret@h/')"),
              HasSubstr("malformed ws or wss URL: a user and a password"));
  Run("ws.connect('ws://user:secret@[::/', () => {})");
  ASSERT_EQ(2u, Count("ws_sessions"));
  for (const std::string& sample : js_.vu().samples.Of("ws_sessions")) {
    EXPECT_THAT(sample, AllOf(HasSubstr("url:ws://****:****@"), Not(HasSubstr("secret"))));
  }
  EXPECT_THAT(js_.vu().samples.errors, Each(Not(HasSubstr("secret"))));
  EXPECT_EQ(server_->requests(), 0);
}

TEST_F(WsTest, SendBinaryTakesOnlyAnArrayBuffer) {
  EXPECT_EQ(R"(["missing argument, expected ArrayBuffer",)"
            R"("expected ArrayBuffer as argument, received: Uint8Array",)"
            R"("expected ArrayBuffer as argument, received: String"])",
            Run(R"js(
    const seen = [];
    ws.connect(`${W}/ws`, s => {
      for (const data of [undefined, new Uint8Array([1]), 'x']) {
        try { s.sendBinary(data) } catch (e) { seen.push(e.message) }
      }
      s.close()
    });
    return seen
  )js"));
}

TEST_F(WsTest, SendingAfterTheCloseIsAnErrorEvent) {
  EXPECT_EQ(R"(["close 0","error websocket: close sent"])", Run(R"js(
    const seen = [];
    ws.connect(`${W}/ws`, s => {
      s.on('error', e => seen.push('error ' + e.error()));
      s.on('close', c => seen.push('close ' + c));
      s.on('open', () => { s.close(undefined); s.send('x') })
    });
    return seen
  )js"));
  EXPECT_EQ(0u, Count("ws_msgs_sent"));
}

// As in k6, whose connect() returns without the peer's answer.
TEST_F(WsTest, ClosingWaitsForNoAnswer) {
  EXPECT_EQ(R"(["close 1000"])", Run(R"js(
    const seen = [];
    ws.connect(`${W}/ws/mute`, s => {
      s.on('close', c => seen.push('close ' + c));
      s.on('open', () => { s.send('x'); s.close(1000) })
    });
    return seen
  )js"));
  EXPECT_EQ(1u, Count("ws_msgs_sent"));
}

TEST_F(WsTest, TimersSayWhatTheyWereGiven) {
  EXPECT_EQ("TypeError: setTimeout requires a >0 timeout parameter, received -1.00",
            Run("ws.connect(`${W}/ws`, s => s.setTimeout(() => {}, -1))"));
}

TEST_F(WsTest, TheWebsClassSendsOnlyTextAndBytes) {
  Run(R"js(
    globalThis.log = [];
    const s = new websockets.WebSocket(`${W}/ws`);
    s.onopen = () => {
      for (const data of [undefined, null, 5, {}, [1]]) {
        try { s.send(data) } catch (e) { log.push(e.message) }
      }
      s.close();
      try { s.send('late') } catch (e) { log.push(e.message) }
    }
  )js");
  EXPECT_EQ(R"(["unsupported send type <nil>","unsupported send type <nil>",)"
            R"("unsupported send type int64","unsupported send type map[string]interface {}",)"
            R"("unsupported send type []interface {}","InvalidStateError"])",
            Run("return log"));
}

TEST_F(WsTest, TheWebsClassChecksWhatItClosesWith) {
  Run(R"js(
    globalThis.log = [];
    const s = new websockets.WebSocket(`${W}/ws`);
    s.onclose = e => log.push([e.code, e.reason]);
    s.onopen = () => {
      for (const end of [[1001], [5000], [2999], [1000, 'z'.repeat(124)], [1000, 'ü'.repeat(62)]]) {
        try { s.close(...end) } catch (e) { log.push(e.message.split(':')[0], s.readyState) }
      }
      s.close('x')
    }
  )js");
  EXPECT_EQ(R"(["InvalidAccessError",1,"InvalidAccessError",1,"InvalidAccessError",1,)"
            R"("SyntaxError",1,"SyntaxError",1,[1000,""]])",
            Run("return log"));
}

TEST_F(WsTest, AnAbnormalEndOfTheWebsClassIsAnErrorToo) {
  Run(R"js(
    globalThis.log = {};
    for (const end of ['close/1000', 'close/1001', 'close/1011', 'close/4001', 'drop']) {
      const s = new websockets.WebSocket(`${W}/ws/${end}`);
      const seen = log[end] = [];
      s.onerror = e => seen.push(e.error);
      s.onclose = e => seen.push(e.code, e.reason)
    }
  )js");
  EXPECT_EQ(R"([1000,"bye"])", Run("return log['close/1000']"));
  EXPECT_EQ(R"([1001,"bye"])", Run("return log['close/1001']"));
  EXPECT_EQ(R"(["websocket: close 1011 (internal server error): bye",1011,"bye"])",
            Run("return log['close/1011']"));
  EXPECT_EQ(R"(["websocket: close 4001: bye",4001,"bye"])", Run("return log['close/4001']"));
  EXPECT_EQ(R"(["websocket: close 1006 (abnormal closure): unexpected EOF",1006,"unexpected EOF"])",
            Run("return log.drop"));
  EXPECT_THAT(js_.vu().samples.errors,
              UnorderedElementsAre(
                  HasSubstr(": websocket: close 1011 (internal server error): bye"),
                  HasSubstr(": websocket: close 1006 (abnormal closure): unexpected EOF")));
}

TEST_F(WsTest, AWebsClassClosedBeforeItIsOpenClosesNormally) {
  Run(R"js(
    globalThis.log = [];
    const s = new websockets.WebSocket(`${W}/ws`);
    s.onopen = () => log.push('open');
    s.onerror = e => log.push(e.error);
    s.onclose = e => log.push([e.code, e.reason, Object.keys(e).sort()]);
    s.close();
    log.push(s.readyState, s.extensions)
  )js");
  EXPECT_EQ(R"([2,[],[1000,"",["code","reason","target","timestamp","type"]]])", Run("return log"));
}

TEST_F(WsTest, AListenerOfAnEventThatDoesNotExistIsWarnedOf) {
  EXPECT_THAT(Run("new websockets.WebSocket(W).addEventListener('mesage', () => {})"),
              ::testing::Not(HasSubstr("Error")));
  ASSERT_FALSE(js_.vu().log.records.empty());
  EXPECT_THAT(js_.vu().log.records[0].message, HasSubstr("has no event \"mesage\""));
  EXPECT_THAT(Run("new websockets.WebSocket(W).addEventListener('open', 5)"),
              HasSubstr("the handler for the event \"open\" is not a function"));
}

TEST_F(WsTest, BlobsSayTheirNameAndTypeAndStream) {
  EXPECT_THAT(Run("new websockets.Blob('ab')"), HasSubstr("an array of parts is expected"));
  EXPECT_EQ(R"(["[object Blob]","Text/Plain"])", Run(R"js(
    const blob = new websockets.Blob([5], {type: 'Text/Plain'});
    return [String(blob), blob.type]
  )js"));
  Run(R"js(
    globalThis.log = [];
    const reader = new websockets.Blob(['ab']).stream().getReader();
    reader.read().then(async first => {
      log.push(Array.from(first.value), first.done, (await reader.read()).done)
    })
  )js");
  EXPECT_EQ("[[97,98],false,true]", Run("return log"));
}

}  // namespace
}  // namespace lockstep::agent
