// The modules k6/ws and k6/websockets against a loopback server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "tests/agent/js/k6/js_harness.h"
#include "tests/support/http_server.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class WsTest : public ::testing::Test {
 protected:
  WsTest() : server_(*lockstep::testing::HttpServer::Start()) {
    Run(absl::StrCat("globalThis.W = '", absl::StrReplaceAll(server_->Url(""), {{"http", "ws"}}),
                     "'"));
  }

  std::string Run(absl::string_view body) { return js_.Run(body); }
  size_t Count(absl::string_view metric) { return js_.vu().samples.Of(metric).size(); }

  std::unique_ptr<lockstep::testing::HttpServer> server_;
  JsHarness js_;
};

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
  EXPECT_THAT(js_.vu().samples.Of("ws_sessions")[0], HasSubstr("status:101,t:x,url:ws://"));
  EXPECT_GT(js_.vu().bytes_sent, 0);
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
  EXPECT_EQ(R"([404,""])",
            Run("const r = ws.connect(`${W}/status/404`, () => {}); return [r.status, r.error]"));
  ASSERT_THAT(js_.vu().log.records, SizeIs(1));
  EXPECT_THAT(js_.vu().log.records[0].fields[0].second, HasSubstr("websocket: bad handshake: 404"));
  EXPECT_EQ(server_->requests(), 1);
  js_.vu().settings.throw_on_error = true;
  EXPECT_THAT(Run("ws.connect(`${W}/status/404`, () => {})"), HasSubstr("bad handshake"));
}

TEST_F(WsTest, UserMistakes) {
  EXPECT_THAT(Run("ws.connect(W)"), HasSubstr("must be a function"));
  EXPECT_THAT(Run("ws.connect('http://h/', () => {})"), HasSubstr("malformed ws or wss URL"));
  EXPECT_THAT(Run("ws.connect(W, {compression: 'rar'}, () => {})"),
              HasSubstr("unsupported compression algorithm 'rar'"));
  EXPECT_THAT(Run("new websockets.WebSocket(W, null, {nope: 1})"),
              HasSubstr("unknown WebSocket's option nope"));
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
  EXPECT_THAT(log, HasSubstr("websocket: bad handshake: 403"));
  EXPECT_THAT(log, HasSubstr("1006"));
}

}  // namespace
}  // namespace lockstep::agent
