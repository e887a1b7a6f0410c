// The module lockstep/socketio against a small server in the test; tests/integration has the real
// ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "tests/agent/js/k6/js_harness.h"
#include "tests/support/fake_http_client.h"

namespace lockstep::agent {
namespace {

using ::lockstep::testing::FakeHttpClient;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

// Accepts WebSockets and namespaces, but /secret and /odd, lets a client into /old as Socket.IO 2
// does, and answers `echo` and whatever wants an acknowledgement, but `silent`. `bye` is answered
// with a disconnect, `drop` with the end of the connection.
class SocketIoTest : public ::testing::Test {
 protected:
  SocketIoTest() {
    js_.vu().UseHttp(client_);
    client_.on_socket = [this](FakeHttpClient::Socket& socket) {
      ++sockets_;
      headers_ = socket.request().headers;
      url_ = socket.request().url.request_url();
      Later([this, &socket] {
        if (refusing_) {
          HttpResponse no;
          no.status = 503;
          no.status_text = "503 Service Unavailable";
          socket.listener().OnRefused(no);
          return;
        }
        socket.listener().OnOpen({});
        Tell(R"(0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000})");
      });
    };
    client_.on_sent = [this](const std::string& text) { Receive(text); };
  }

  std::string Run(absl::string_view body) { return js_.Run(body); }
  std::vector<std::string> Samples(absl::string_view metric) { return js_.vu().samples.Of(metric); }
  const std::vector<std::string>& Errors() { return js_.vu().samples.errors; }

  void Later(ApiVu::Task task) { js_.vu().loop().After(absl::ZeroDuration(), std::move(task)); }
  void Tell(std::string text) {
    if (client_.socket() != nullptr) {
      client_.socket()->listener().OnText(std::move(text));
    }
  }
  void Receive(const std::string& text) {
    received_.push_back(text);
    Later([this, text] { Answer(text); });
  }
  void Answer(const std::string& text) {
    if (client_.socket() == nullptr) {
      return;
    }
    WebSocketListener& listener = client_.socket()->listener();
    if (absl::StartsWith(text, "close")) {
      listener.OnClose(1000, "");
    } else if (absl::StartsWith(text, "40/secret,")) {
      Tell(R"(44/secret,{"message":"not yours","data":{"code":7}})");
    } else if (absl::StartsWith(text, "40/odd,")) {
      Tell(R"(44/odd,{"code":7})");
    } else if (absl::StartsWith(text, "40/old,")) {
      Tell("40/old,");
    } else if (absl::StartsWith(text, "40/")) {
      Tell(absl::StrCat(text.substr(0, text.find(',') + 1), R"({"sid":"n"})"));
    } else if (absl::StartsWith(text, "40")) {
      Tell(R"(40{"sid":"root"})");
    } else if (absl::StrContains(text, "\"bye\"")) {
      Tell("41");
    } else if (absl::StrContains(text, "\"drop\"")) {
      listener.OnClose(1006, "unexpected EOF");
    } else if (absl::StartsWith(text, "bytes:")) {
      Tell(R"(461-0[{"_placeholder":true,"num":0}])");
      listener.OnBinary(text.substr(6));
    } else if (absl::StartsWith(text, "42[\"echo\"")) {
      Tell(text);
    } else if (absl::StartsWith(text, "42") && text.size() > 2 && text[2] != '[' &&
               !absl::StrContains(text, "silent")) {
      Tell(absl::StrCat("43", text.substr(2, text.find('[') - 2), R"(["got it",2])"));
    }
  }

  FakeHttpClient client_;
  JsHarness js_;
  int sockets_ = 0;
  bool refusing_ = false;
  std::string url_;
  HeaderList headers_;
  std::vector<std::string> received_;
};

constexpr char kOpen[] =
    "const socket = socketio.io('http://h', { transports: ['websocket'], tags: { t: 'x' } });";

TEST_F(SocketIoTest, EventsGoBothWays) {
  EXPECT_EQ(
      R"js(["connect root true","any echo","echo ä 1","disconnect io client disconnect false"])js",
      Run(absl::StrCat(kOpen, R"js(
    const seen = [];
    socket.on('connect', () => seen.push(`connect ${socket.id} ${socket.connected}`));
    socket.onAny((event) => seen.push(`any ${event}`));
    socket.on('echo', (text, more) => { seen.push(`echo ${text} ${more.n}`); socket.disconnect(); });
    socket.emit('echo', 'ä', { n: 1 });
    return new Promise((resolve) => socket.on('disconnect', (why) => {
      seen.push(`disconnect ${why} ${socket.connected}`);
      resolve(seen);
    }));
  )js")));
  EXPECT_EQ("http://h/socket.io/?EIO=4&transport=websocket", url_);
  EXPECT_THAT(received_, ElementsAre("40", "42[\"echo\",\"ä\",{\"n\":1}]", "41", "close 1000"));
  ASSERT_THAT(Samples("socketio_sessions"), SizeIs(1));
  EXPECT_THAT(Samples("socketio_sessions")[0], HasSubstr("namespace:/"));
  EXPECT_THAT(Samples("socketio_sessions")[0], HasSubstr("t:x"));
  EXPECT_THAT(Samples("socketio_sessions")[0], HasSubstr("url:http://h/socket.io/"));
  EXPECT_THAT(Samples("socketio_connecting"), SizeIs(1));
  EXPECT_THAT(Samples("socketio_session_duration"), SizeIs(1));
  ASSERT_THAT(Samples("socketio_msgs_sent"), SizeIs(1));
  EXPECT_THAT(Samples("socketio_msgs_sent")[0], HasSubstr("event:echo"));
  ASSERT_THAT(Samples("socketio_msgs_received"), SizeIs(1));
  EXPECT_THAT(Samples("socketio_msgs_received")[0], HasSubstr("event:echo"));
  EXPECT_THAT(Samples("ws_sessions"), SizeIs(0));
}

TEST_F(SocketIoTest, AcknowledgementsComeBackOrTimeOut) {
  EXPECT_EQ(R"js([["got it",2],"got it",[null,"got it"],"operation has timed out"])js",
            Run(absl::StrCat(kOpen, R"js(
    return (async () => {
      const seen = [];
      seen.push(await new Promise((resolve) => socket.emit('ask', 1, (...answer) => resolve(answer))));
      seen.push(await socket.emitWithAck('ask'));
      seen.push(await new Promise((resolve) => socket.timeout(10000).emit('ask', (error, answer) => resolve([error, answer]))));
      try { await socket.timeout(1).emitWithAck('silent'); } catch (error) { seen.push(error.message); }
      socket.disconnect();
      return seen;
    })();
  )js")));
  ASSERT_THAT(Samples("socketio_ack_duration"), SizeIs(3));
  EXPECT_THAT(Samples("socketio_ack_duration")[0], HasSubstr("event:ask"));
  EXPECT_THAT(
      Errors(),
      ElementsAre("SOCKETIO http://h/socket.io/: no acknowledgement of \"silent\" in time"));
}

TEST_F(SocketIoTest, BytesAreAttachments) {
  EXPECT_EQ("[[1,2,255],true]", Run(absl::StrCat(kOpen, R"js(
    return (async () => {
      const answer = await socket.emitWithAck('ask', new Uint8Array([1, 2, 255]));
      socket.disconnect();
      return [Array.from(new Uint8Array(answer)), answer instanceof ArrayBuffer];
    })();
  )js")));
  EXPECT_THAT(received_, ::testing::Contains(R"(451-0["ask",{"_placeholder":true,"num":0}])"));
}

TEST_F(SocketIoTest, NamespacesShareAConnection) {
  EXPECT_EQ(R"js(["n","root",true])js", Run(R"js(
    const { io } = socketio;
    const options = { transports: ['websocket'], auth: { token: 'k' } };
    const a = io('http://h/a', options), root = io('http://h', { ...options, auth: (tell) => tell({ lazy: 1 }) });
    return Promise.all([a, root].map((s) => new Promise((resolve) => s.on('connect', () => resolve(s.id)))))
      .then((ids) => { a.disconnect(); root.disconnect(); return [...ids, a.io === root.io]; });
  )js"));
  EXPECT_EQ(1, sockets_);
  EXPECT_THAT(received_, ::testing::Contains(R"(40/a,{"token":"k"})"));
  EXPECT_THAT(received_, ::testing::Contains(R"(40{"lazy":1})"));
  EXPECT_EQ("[true,false,false,false]", Run(R"js(
    const connect = (url, options) => socketio.io(url, { autoConnect: false, ...options }).io;
    const first = connect('http://other/a');
    return [connect('http://other/b'), connect('http://other/a'), connect('http://other/c', { forceNew: true }),
      connect('http://other/d', { path: '/live' })].map((manager) => manager === first);
  )js"));
  EXPECT_EQ(1, sockets_);
}

TEST_F(SocketIoTest, ARefusedNamespaceSaysWhy) {
  EXPECT_EQ(R"js(["not yours",7,false])js", Run(R"js(
    const socket = socketio.io('http://h/secret', { transports: ['websocket'] });
    return new Promise((resolve) => socket.on('connect_error', (e) => resolve([e.message, e.data.code, socket.active])));
  )js"));
  EXPECT_THAT(Samples("socketio_sessions")[0], HasSubstr("error:connect_error"));
  EXPECT_THAT(Samples("socketio_connecting"), SizeIs(0));
  EXPECT_THAT(Errors(), ElementsAre("SOCKETIO http://h/socket.io/ /secret: not yours"));
  EXPECT_THAT(js_.vu().log.records, SizeIs(0));
  Run("socketio.io('http://h/secret', { transports: ['websocket'] })");
  ASSERT_THAT(js_.vu().log.records, SizeIs(1));
  EXPECT_EQ(LogLevel::kWarn, js_.vu().log.records[0].level);
  EXPECT_EQ("Socket.IO", js_.vu().log.records[0].message);
}

TEST_F(SocketIoTest, ARefusalThatIsNoMessageIsShownAsItIs) {
  EXPECT_EQ(R"js(["the server refused the connection: {\"code\":7}",7])js", Run(R"js(
    const socket = socketio.io('http://h/odd', { transports: ['websocket'] });
    return new Promise((resolve) => socket.on('connect_error', (e) => resolve([e.message, e.data.code])));
  )js"));
}

TEST_F(SocketIoTest, WhatTheScriptEndsHasNotFailed) {
  Run(absl::StrCat(
      kOpen,
      "socket.on('connect', () => { socket.emit('silent', () => {}); socket.disconnect(); })"));
  EXPECT_THAT(Samples("socketio_sessions"), SizeIs(1));
  EXPECT_THAT(Errors(), SizeIs(0));
}

TEST_F(SocketIoTest, AServerOfTheOldVersionIsNamed) {
  EXPECT_EQ(R"js(["the server speaks Socket.IO 2: set `version: 2`",false,false])js", Run(R"js(
    const socket = socketio.io('http://h/old', { transports: ['websocket'] });
    return new Promise((resolve) => socket.on('connect_error', (e) => resolve([e.message, socket.active, socket.connected])));
  )js"));
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("/old: the server speaks Socket.IO 2")));
}

TEST_F(SocketIoTest, WhatIsNoJsonIsRefusedWhereItIsEmitted) {
  EXPECT_EQ(
      R"js(["Do not know how to serialize a BigInt","Do not know how to serialize a BigInt",["after"]])js",
      Run(absl::StrCat(kOpen, R"js(
    const seen = [];
    try { socket.emit('echo', 1n); } catch (error) { seen.push(error.message); }  // there is no connection yet
    return socket.emitWithAck('echo', 1n).catch((error) => seen.push(error.message)).then(() => {
      socket.emit('echo', 'after');
      return new Promise((resolve) => socket.on('echo', (...args) => { seen.push(args); socket.disconnect(); resolve(seen); }));
    });
  )js")));
}

TEST_F(SocketIoTest, WhatLooksLikeAnAttachmentIsNoneInText) {
  EXPECT_EQ(R"js({"_placeholder":true,"num":5})js", Run(absl::StrCat(kOpen, R"js(
    socket.emit('echo', { _placeholder: true, num: 5 });
    return new Promise((resolve) => socket.on('echo', (got) => { socket.disconnect(); resolve(got); }));
  )js")));
}

TEST_F(SocketIoTest, ALostConnectionIsMadeAnewAndTheServersGoodbyeIsNot) {
  EXPECT_EQ(
      R"js(["connect","disconnect transport close","attempt 1","reconnect 1","connect","disconnect io server disconnect"])js",
      Run(R"js(
    const socket = socketio.io('http://h', { transports: ['websocket'], reconnectionDelay: 1 });
    const seen = [];
    socket.io.on('reconnect_attempt', (n) => seen.push(`attempt ${n}`));
    socket.io.on('reconnect', (n) => seen.push(`reconnect ${n}`));
    socket.on('connect', () => { seen.push('connect'); socket.emit(seen.length === 1 ? 'drop' : 'bye'); });
    return new Promise((resolve) => socket.on('disconnect', (why) => {
      seen.push(`disconnect ${why}`);
      if (why === 'io server disconnect') resolve(seen);
    }));
  )js"));
  EXPECT_EQ(2, sockets_);
  EXPECT_THAT(Samples("socketio_session_duration"), SizeIs(2));
  EXPECT_THAT(Errors(),
              ElementsAre("SOCKETIO http://h/socket.io/: transport close: unexpected EOF"));
}

TEST_F(SocketIoTest, ItGivesUpAfterSoManyAttempts) {
  refusing_ = true;
  EXPECT_EQ(R"js([["the server answered 503 Service Unavailable",503],3,true])js", Run(R"js(
    const socket = socketio.io('http://h', {
      transports: ['websocket'], reconnectionDelay: 1, reconnectionDelayMax: 2, reconnectionAttempts: 2,
    });
    let why, failures = 0;
    socket.on('connect_error', (error) => { why = [error.message, error.status]; failures += 1; });
    return new Promise((resolve) => socket.io.on('reconnect_failed', () => resolve([why, failures, socket.active])));
  )js"));
  ASSERT_THAT(Samples("socketio_sessions"), SizeIs(3));
  EXPECT_THAT(Samples("socketio_sessions")[0], HasSubstr("error:transport error"));
  EXPECT_THAT(Samples("socketio_session_duration"), SizeIs(0));
  EXPECT_THAT(Samples("socketio_connecting"), SizeIs(0));
  const char* const row =
      "SOCKETIO http://h/socket.io/: the server answered 503 Service Unavailable";
  EXPECT_THAT(Errors(), ElementsAre(row, row, row));
}

TEST_F(SocketIoTest, AnIterationsConnectionsEndWithIt) {
  js_.vu().BeginIteration();
  Run("globalThis.s = socketio.io('http://h', { transports: ['websocket'] });"
      "return new Promise((resolve) => s.on('connect', () => { globalThis.was = s; resolve(); s.disconnect(); }))");
  js_.vu().EndIteration();
  EXPECT_EQ(nullptr, client_.socket());
  js_.vu().BeginIteration();
  EXPECT_EQ("false", Run(R"js(
    const socket = socketio.io('http://h', { transports: ['websocket'] });
    return new Promise((resolve) => socket.on('connect', () => { socket.disconnect(); resolve(socket.io === was.io); }));
  )js"));
}

TEST_F(SocketIoTest, ASocketOfAnIterationThatWasCutIsOverAndSaysSo) {
  js_.vu().BeginIteration();
  js_.vu().CutAfter("socketio_connecting");
  Run("globalThis.kept = socketio.io('http://h', { transports: ['websocket'] });"
      "kept.on('connect', () => { globalThis.was = kept.connected; })");
  js_.vu().BeginIteration();
  EXPECT_EQ(
      R"([true,false,true,"emit(): the connection has ended with its iteration: each iteration makes its own"])",
      Run(R"js(
    const state = [was, kept.connected, kept.disconnected];
    try { kept.emit('hello'); } catch (error) { return [...state, error.message]; }
  )js"));
}

TEST_F(SocketIoTest, ComesBackAtOnceAfterADisconnect) {
  EXPECT_EQ("2", Run(absl::StrCat(kOpen, R"js(
    let connects = 0;
    return new Promise((resolve) => socket.on('connect', () => {
      connects += 1;
      socket.disconnect();
      if (connects === 2) resolve(connects); else socket.connect();
    }));
  )js")));
}

TEST_F(SocketIoTest, AFloodOfSmallEventsEndsTheConnection) {
  client_.on_sent = [this](const std::string& text) {
    if (absl::StrContains(text, "flood")) {
      Later([this] {
        for (int i = 0; i < 300'000; ++i) {
          Tell("42[1]");
        }
      });
    } else {
      Receive(text);
    }
  };
  EXPECT_EQ(R"js("transport error")js", Run(R"js(
    const socket = socketio.io('http://h', { transports: ['websocket'], reconnection: false });
    socket.on('connect', () => socket.emit('flood'));
    return new Promise((resolve) => socket.on('disconnect', resolve));
  )js"));
}

TEST_F(SocketIoTest, OptionsReachTheServer) {
  js_.vu().settings.user_agent = "probe/1";
  Run(R"js(
    const socket = socketio.io('wss://h:8443/?a=b', {
      transports: ['websocket'], path: '/live', query: { token: 'a b' }, extraHeaders: { 'x-key': '1' }, version: 2, autoConnect: true,
    });
    return new Promise((resolve) => socket.io.on('open', () => { socket.disconnect(); resolve(); }));
  )js");
  EXPECT_EQ("https://h:8443/live/?token=a+b&EIO=3&transport=websocket", url_);
  EXPECT_THAT(headers_, ElementsAre(std::pair<std::string, std::string>("X-Key", "1"),
                                    std::pair<std::string, std::string>("User-Agent", "probe/1")));
}

TEST_F(SocketIoTest, MistakesAreNamed) {
  EXPECT_EQ("TypeError: io(): the URL of a server is expected", Run("socketio.io()"));
  EXPECT_THAT(Run("socketio.io('ftp://h')"),
              HasSubstr("a URL with the scheme http, https, ws or wss is expected, got \"ftp\""));
  EXPECT_THAT(
      Run("socketio.io('http://h', { transport: ['websocket'] })"),
      StartsWith("TypeError: io(): unknown option \"transport\"; there are ackTimeout, auth, "));
  EXPECT_EQ(
      "TypeError: io(): transports: a list of \"polling\" and \"websocket\" is expected, with at least one of them",
      Run("socketio.io('http://h', { transports: ['webtransport'], forceNew: true })"));
  EXPECT_EQ("TypeError: io(): version: must be that of Socket.IO: 2, 3 or 4",
            Run("socketio.io('http://h', { version: 5, forceNew: true })"));
  EXPECT_EQ("TypeError: io(): path: must begin with \"/\", got \"live\"",
            Run("socketio.io('http://h', { path: 'live', forceNew: true })"));
  EXPECT_EQ("TypeError: io(): the options must be an object", Run("socketio.io('http://h', null)"));
  EXPECT_EQ("TypeError: io(): reconnectionDelay: a number from 0 on is expected, got soon",
            Run("socketio.io('http://h', { reconnectionDelay: 'soon', forceNew: true })"));
  EXPECT_EQ(
      "TypeError: io(): extraHeaders: net/http: invalid header field value for \"a\"",
      Run("socketio.io('http://h', { forceNew: true, extraHeaders: { a: 'x\\r\\nX-Evil: 1' } })"));
  EXPECT_EQ("TypeError: io(): auth: an object or a function is expected, got number",
            Run("socketio.io('http://h', { auth: 5, forceNew: true })"));
  EXPECT_EQ("TypeError: socket(): the namespace must be a string, got null",
            Run("new socketio.Manager('http://h', { autoConnect: false }).socket(null)"));
  EXPECT_EQ("TypeError: emit(): the name of an event is expected first",
            Run("socketio.io('http://h', { autoConnect: false }).emit()"));
  EXPECT_EQ("TypeError: timeout(): milliseconds are expected, got soon",
            Run("socketio.io('http://h', { autoConnect: false }).timeout('soon')"));
  EXPECT_EQ("Error: \"connect\" is a reserved event name",
            Run("socketio.io('http://h', { autoConnect: false }).emit('connect')"));
  EXPECT_EQ("TypeError: on(\"x\"): a function is expected, got undefined",
            Run("socketio.io('http://h', { autoConnect: false }).on('x')"));
  js_.vu().init = true;
  EXPECT_EQ("Error: connecting to a Socket.IO server in the init context is not supported",
            Run("socketio.io('http://h', { forceNew: true })"));
}

}  // namespace
}  // namespace lockstep::agent
