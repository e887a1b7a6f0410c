// The module k6/net/grpc against a server in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "tests/agent/js/k6/js_harness.h"
#include "tests/support/grpc_server.h"
#include "tests/support/raw_grpc_server.h"

namespace lockstep::agent {
namespace {

using lockstep::testing::GrpcServer;
using lockstep::testing::RawGrpcServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class GrpcJsTest : public ::testing::Test {
 protected:
  explicit GrpcJsTest(GrpcServer::Options options = {})
      : server_(GrpcServer::Start(std::move(options))) {
    js_.files["p/desk.proto"] = lockstep::testing::kDeskProto;
    js_.vu().init = true;
    EXPECT_EQ(R"([{"package":"suite","service":"Desk","full_method":"/suite.Desk/Greet"},4])",
              Run("globalThis.c = new grpc.Client(); const m = c.load(['p'], 'desk.proto'); "
                  "return [m[0], m.length]"));
    js_.vu().init = false;
    Run(absl::StrCat("globalThis.A = '", server_->address(),
                     "'; globalThis.connect = (p) => c.connect(A, {plaintext: true, ...p})"));
  }

  std::string Run(absl::string_view body) { return js_.Run(body); }
  std::vector<std::string> Samples(absl::string_view metric) { return js_.vu().samples.Of(metric); }

  std::unique_ptr<GrpcServer> server_;
  JsHarness js_;
};

TEST_F(GrpcJsTest, InvokeHasMessageStatusHeadersAndTrailers) {
  EXPECT_EQ(R"([true,0,true,{"text":"hello ada","meta":"m"},null,["m"],["end"],[1,255]])", Run(R"js(
    const connected = connect();
    const r = c.invoke('suite.Desk/Greet', {name: 'ada', times: 1},
                       {metadata: {'X-Client': 'm', 'x-client-bin': new Uint8Array([1, 255])}});
    c.close();
    return [connected, r.status, r.status === grpc.StatusOK, r.message, r.error, r.headers['x-srv'],
            r.trailers['x-trail'], Array.from(new Uint8Array(r.headers['x-srv-bin'][0]))]
  )js"));
}

TEST_F(GrpcJsTest, ACallIsMeasuredWithK6sTags) {
  Run(R"js(connect(); c.invoke('/suite.Desk/Greet', {name: 'nobody'}, {tags: {t: 'x'}}))js");
  ASSERT_THAT(Samples("grpc_req_duration"), SizeIs(1));
  const std::string tags =
      absl::StrCat("{method:Greet,name:/suite.Desk/Greet,service:suite.Desk,status:5,t:x,url:",
                   server_->address(), "/suite.Desk/Greet}");
  EXPECT_THAT(Samples("grpc_req_duration")[0], HasSubstr(tags));
  EXPECT_GT(js_.vu().bytes_sent, 0);
  Run("c.invoke('/suite.Desk/Greet', {}, {tags: {name: 'mine'}})");
  EXPECT_THAT(Samples("grpc_req_duration")[1], HasSubstr("name:mine,"));
  EXPECT_GT(js_.vu().bytes_received, 0);
}

TEST_F(GrpcJsTest, AStatusIsAResultWithItsDetails) {
  EXPECT_EQ(
      R"js([5,null,{"code":5,"message":"no such person","details":[{"@type":"t/google.protobuf.Duration","value":"1.500s"}]}])js",
      Run(R"js(
    connect();
    const r = c.invoke('suite.Desk/Greet', {name: 'nobody'});
    return [r.status, r.message, r.error]
  )js"));
}

TEST_F(GrpcJsTest, AnAnswerThatCannotBeReadIsAFailure) {
  RawGrpcServer raw;
  raw.Say({.data = RawGrpcServer::Framed("\x0a\x63\x01")});
  Run(absl::StrCat("c.connect('", raw.address(), "', {plaintext: true})"));
  const char* const seen =
      R"js([13,null,{"code":13,"message":"grpc: failed to unmarshal the received message: these 3 bytes are not a suite.Answer","details":[]}])js";
  EXPECT_EQ(
      seen,
      Run("const r = c.invoke('suite.Desk/Greet', {}); return [r.status, r.message, r.error]"));
  EXPECT_EQ(
      seen,
      Run("return c.asyncInvoke('suite.Desk/Greet', {}).then(r => [r.status, r.message, r.error])"));
  EXPECT_EQ("[\"error 13\",\"end\"]", Run(R"js(
    const seen = [];
    return new Promise(resolve => {
      const s = new grpc.Stream(c, 'suite.Desk/Count');
      s.on('data', () => seen.push('data'));
      s.on('error', e => seen.push(`error ${e.code}`));
      s.on('end', () => { seen.push('end'); resolve(seen) });
      s.end()
    })
  )js"));
  ASSERT_THAT(Samples("grpc_req_duration"), SizeIs(3));
  for (const std::string& sample : Samples("grpc_req_duration")) {
    EXPECT_THAT(sample, HasSubstr("status:13"));
  }
  EXPECT_THAT(Samples("grpc_streams_msgs_received"), IsEmpty());
  EXPECT_THAT(js_.vu().samples.errors,
              ElementsAre("GRPC /suite.Desk/Greet: INTERNAL", "GRPC /suite.Desk/Greet: INTERNAL",
                          "GRPC /suite.Desk/Count: INTERNAL"));
}

TEST_F(GrpcJsTest, AStreamOfTheClientNeedsItsAnswer) {
  RawGrpcServer raw;
  Run(absl::StrCat("c.connect('", raw.address(), "', {plaintext: true})"));
  EXPECT_EQ("13", Run(R"js(
    return new Promise(resolve => {
      const s = new grpc.Stream(c, 'suite.Desk/Sum');
      s.on('error', e => resolve(e.code));
      s.end()
    })
  )js"));
  Run("const s = new grpc.Stream(c, 'suite.Desk/Count'); s.end()");
  EXPECT_THAT(Samples("grpc_req_duration")[1], HasSubstr("status:0"));
}

TEST_F(GrpcJsTest, AStatusWithoutANameIsNamedAsInGo) {
  RawGrpcServer raw;
  Run(absl::StrCat("c.connect('", raw.address(), "', {plaintext: true})"));
  for (const char* status : {"17", "99"}) {
    raw.Say({.trailers = {{"grpc-status", status}}});
    EXPECT_EQ(status, Run("return c.invoke('suite.Desk/Greet', {}).status"));
  }
  EXPECT_THAT(js_.vu().samples.errors,
              ElementsAre("GRPC /suite.Desk/Greet: Code(17)", "GRPC /suite.Desk/Greet: Code(99)"));
}

TEST_F(GrpcJsTest, ACallThatItsServerCancelsIsAFailureAndOneOfTheScriptIsNot) {
  RawGrpcServer raw;
  raw.Say({.trailers = {{"grpc-status", "1"}}});
  const std::string connect = absl::StrCat("c.connect('", raw.address(), "', {plaintext: true});");
  Run(connect);
  EXPECT_EQ("1", Run("return c.invoke('suite.Desk/Greet', {}).status"));
  EXPECT_EQ("1", Run(R"js(
    return new Promise(resolve => {
      const s = new grpc.Stream(c, 'suite.Desk/Count');
      s.on('error', e => resolve(e.code));
      s.end()
    })
  )js"));
  const std::vector<std::string> errors = {"GRPC /suite.Desk/Greet: CANCELLED",
                                           "GRPC /suite.Desk/Count: CANCELLED"};
  EXPECT_EQ(errors, js_.vu().samples.errors);
  EXPECT_EQ("[1,1]", Run(R"js(
    connect();
    const call = c.asyncInvoke('suite.Desk/Greet', {name: 'slow'}).then(r => r.status);
    const stream = new Promise(resolve => {
      const s = new grpc.Stream(c, 'suite.Desk/Chat');
      s.on('error', e => resolve(e.code));
      s.on('data', () => c.close());
      s.write({name: 'a'});
    });
    return Promise.all([call, stream])
  )js"));
  EXPECT_EQ(errors, js_.vu().samples.errors);
}

TEST_F(GrpcJsTest, ATimeoutIsAStatus) {
  EXPECT_EQ(R"([4,"context deadline exceeded"])", Run(R"js(
    connect();
    const r = c.invoke('suite.Desk/Greet', {name: 'slow'}, {timeout: '50ms'});
    return [r.status === grpc.StatusDeadlineExceeded ? 4 : r.status, r.error.message]
  )js"));
}

TEST_F(GrpcJsTest, MessagesCanBeDiscarded) {
  EXPECT_EQ("[0,null]", Run(R"js(
    connect();
    const r = c.invoke('suite.Desk/Greet', {name: 'a'}, {discardResponseMessage: true});
    return [r.status, r.message]
  )js"));
}

TEST_F(GrpcJsTest, AsyncCallsRunSideBySide) {
  EXPECT_EQ(R"js(["hello a","hello b","no such person"])js", Run(R"js(
    connect();
    const call = (name) => c.asyncInvoke('suite.Desk/Greet', {name, times: 1});
    return Promise.all([call('a'), call('b'), call('nobody')])
        .then(all => all.map(r => r.error === null ? r.message.text : r.error.message))
  )js"));
  EXPECT_THAT(Samples("grpc_req_duration"), SizeIs(3));
  EXPECT_EQ(
      "Error: method \"/suite.Desk/Nope\" not found in file descriptors; there are /suite.Desk/Greet, "
      "/suite.Desk/Count, /suite.Desk/Sum, /suite.Desk/Chat",
      Run("return c.asyncInvoke('suite.Desk/Nope', {})"));
}

TEST_F(GrpcJsTest, MethodsNeedNoClientAndNoStreamBeforeThem) {
  EXPECT_EQ(R"(["hello ada","mine","n1","end"])", Run(R"js(
    const { connect, invoke, close } = c;
    class Mine extends grpc.Client {
      close() { super.close(); return 'mine' }
    }
    connect(A, {plaintext: true});
    const seen = [invoke('suite.Desk/Greet', {name: 'ada', times: 1}).message.text, new Mine().close()];
    return new Promise(resolve => {
      const { on, write, end } = new grpc.Stream(c, 'suite.Desk/Count');
      on('data', m => seen.push(m.text));
      on('end', () => { seen.push('end'); close(); resolve(seen) });
      write({times: 1});
      end()
    })
  )js"));
}

TEST_F(GrpcJsTest, AServersStream) {
  EXPECT_EQ(R"js(["n1","n2","n3","end"])js", Run(R"js(
    connect();
    const seen = [];
    return new Promise(resolve => {
      const s = new grpc.Stream(c, 'suite.Desk/Count', {tags: {t: 'x'}});
      s.on('data', (m, about) => { seen.push(m.text); if (!(about.ts > 1e12)) seen.push('no time') });
      s.on('error', e => seen.push(e));
      s.on('end', () => { seen.push('end'); resolve(seen) });
      s.write({times: 3});
      s.end()
    })
  )js"));
  ASSERT_THAT(Samples("grpc_streams"), SizeIs(1));
  EXPECT_THAT(Samples("grpc_streams")[0],
              HasSubstr("{method:Count,name:/suite.Desk/Count,service:suite.Desk,t:x,url:"));
  EXPECT_THAT(Samples("grpc_streams_msgs_sent"), SizeIs(1));
  EXPECT_THAT(Samples("grpc_streams_msgs_received"), SizeIs(3));
  ASSERT_THAT(Samples("grpc_req_duration"), SizeIs(1));
  EXPECT_THAT(Samples("grpc_req_duration")[0], HasSubstr("status:0"));
}

TEST_F(GrpcJsTest, AClientsStreamAndOneOfBothSides) {
  EXPECT_EQ(R"js([["6"],["re:a","re:bye"]])js", Run(R"js(
    connect();
    const run = (method, messages, close) => new Promise(resolve => {
      const seen = [];
      const s = new grpc.Stream(c, method);
      s.on('data', m => seen.push(m.text));
      s.on('end', () => resolve(seen));
      messages.forEach(m => s.write(m));
      if (close) s.end()
    });
    return Promise.all([run('suite.Desk/Sum', [{times: 1}, {times: 2}, {times: 3}], true),
                        run('suite.Desk/Chat', [{name: 'a'}, {name: 'bye'}], false)])
  )js"));
  EXPECT_EQ(5, server_->messages());
}

TEST_F(GrpcJsTest, AStreamKeepsSoMuchThatItsServerDoesNotTake) {
  EXPECT_EQ(
      R"("Error: grpc: more than 67108864 bytes of the stream would wait to be sent: the server has not taken them yet")",
      Run(R"js(
    connect();
    const s = new grpc.Stream(c, 'suite.Desk/Chat');
    const name = 'x'.repeat(33 << 20);
    s.on('error', () => {});
    s.write({ name });
    try { s.write({ name }); } catch (e) { return `${e.name}: ${e.message}`; } finally { c.close(); }
  )js"));
}

TEST_F(GrpcJsTest, AStreamsErrorComesBeforeItsEnd) {
  EXPECT_EQ(R"js([{"text":"n1","meta":""},{"code":10,"message":"enough","details":[]},10,"end"])js",
            Run(R"js(
    connect();
    const seen = [];
    return new Promise(resolve => {
      const s = new grpc.Stream(c, 'suite.Desk/Count');
      s.on('data', m => seen.push(m));
      s.on('error', e => seen.push(e));
      s.on('status', e => seen.push(e.code));
      s.on('end', () => { seen.push('end'); resolve(seen) });
      s.write({name: 'abort', times: 1})
    })
  )js"));
  EXPECT_THAT(js_.vu().log.records, IsEmpty());
  Run("new grpc.Stream(c, 'suite.Desk/Count').write({name: 'abort'})");
  ASSERT_THAT(js_.vu().log.records, SizeIs(1));
  EXPECT_THAT(js_.vu().log.records[0].message,
              HasSubstr("/suite.Desk/Count ended with status 10: enough; no handler"));
}

TEST_F(GrpcJsTest, CloseEndsRunningStreams) {
  EXPECT_EQ("[1]", Run(R"js(
    connect();
    const seen = [];
    return new Promise(resolve => {
      const s = new grpc.Stream(c, 'suite.Desk/Chat');
      s.on('data', () => c.close());
      s.on('error', e => seen.push(e.code));
      s.on('end', () => resolve(seen));
      s.write({name: 'a'})
    })
  )js"));
}

// Arguments are read by the script's own code, which may do anything.
TEST_F(GrpcJsTest, AClientThatItsOwnArgumentsCloseIsNotConnected) {
  const char* const why = "\"Error: no gRPC connection, you must call connect first\"";
  const char* const kMessage = "{toJSON() { c.close(); return {name: 'ada'}; }}";
  const char* const kParams = "{get tags() { c.close(); return {}; }}";
  for (const std::string& call :
       {absl::StrCat("c.invoke('suite.Desk/Greet', ", kMessage, ")"),
        absl::StrCat("c.invoke('suite.Desk/Greet', {}, ", kParams, ")"),
        absl::StrCat("c.asyncInvoke('suite.Desk/Greet', ", kMessage, ")"),
        absl::StrCat("c.asyncInvoke('suite.Desk/Greet', {}, ", kParams, ")"),
        std::string("c.healthCheck({toJSON() { c.close(); return ''; }})"),
        absl::StrCat("c.healthCheck('', ", kParams, ")"),
        absl::StrCat("new grpc.Stream(c, 'suite.Desk/Chat', ", kParams, ")")}) {
    Run(absl::StrCat("connect(); globalThis.seen = null; try { ", call,
                     ".catch?.((e) => { seen = String(e) }) } catch (e) { seen = String(e) }"));
    EXPECT_EQ(Run("return seen"), why) << call;
    // A client that they close and connect anew makes the call.
    EXPECT_EQ(Run(absl::StrCat("connect(); ",
                               absl::StrReplaceAll(call, {{"c.close();", "c.close(); connect();"}}),
                               "; c.close(); return 'made'")),
              "\"made\"")
        << call;
  }
}

TEST_F(GrpcJsTest, WritingToAClosedStreamIsAWarning) {
  Run("connect(); const s = new grpc.Stream(c, 'suite.Desk/Sum'); s.end(); s.write({times: 1})");
  ASSERT_THAT(js_.vu().log.records, SizeIs(1));
  EXPECT_THAT(js_.vu().log.records[0].message, HasSubstr("it is not sent"));
}

TEST_F(GrpcJsTest, HealthChecks) {
  EXPECT_EQ(R"js([true,true,5])js", Run(R"js(
    connect();
    const r = c.healthCheck();
    return [r.status === grpc.StatusOK, r.message.status === grpc.HealthCheckServing, c.healthCheck('no').status]
  )js"));
}

TEST_F(GrpcJsTest, UserMistakes) {
  EXPECT_EQ("Error: no gRPC connection, you must call connect first",
            Run("c.invoke('suite.Desk/Greet', {})"));
  EXPECT_EQ("Error: load must be called in the init context", Run("c.load([], 'x.proto')"));
  EXPECT_EQ("Error: loadProtoset must be called in the init context", Run("c.loadProtoset('x')"));
  Run("connect()");
  EXPECT_EQ("Error: method to invoke cannot be empty", Run("c.invoke('', {})"));
  EXPECT_EQ("Error: request cannot be nil", Run("c.invoke('suite.Desk/Greet')"));
  EXPECT_EQ(
      "Error: unable to serialise request object to protocol buffer: unknown field \"nmae\" of suite.Ask; "
      "did you mean \"name\"?",
      Run("c.invoke('suite.Desk/Greet', {nmae: 1})"));
  EXPECT_THAT(Run("c.invoke('suite.Desk/Count', {})"), HasSubstr("use new grpc.Stream"));
  EXPECT_THAT(Run("c.invoke('suite.Desk/Greet', {}, {void: true})"),
              HasSubstr("invalid GRPC's client.invoke() parameters: unknown param: \"void\""));
  EXPECT_THAT(Run("new grpc.Stream(c, 'suite.Desk/Chat', {void: true})"),
              HasSubstr("invalid GRPC Stream's parameters: unknown param: \"void\""));
  EXPECT_THAT(Run("c.invoke('suite.Desk/Greet', {}, {metadata: 'x'})"),
              HasSubstr("metadata must be an object with key-value pairs"));
  EXPECT_THAT(Run("c.invoke('suite.Desk/Greet', {}, {metadata: {a: 1}})"),
              HasSubstr("metadata \"a\" value must be a string"));
  EXPECT_THAT(Run("c.invoke('suite.Desk/Greet', {}, {metadata: {'a-bin': 1}})"),
              HasSubstr("metadata \"a-bin\" value must be binary"));
  EXPECT_THAT(Run("c.invoke('suite.Desk/Greet', {}, {timeout: true})"),
              HasSubstr("invalid timeout value"));
  EXPECT_THAT(Run("connect({reflect: 1})"),
              HasSubstr("invalid reflect value: '1', it needs to be boolean"));
  EXPECT_THAT(Run("connect({maxReceiveSize: -1})"), HasSubstr("it needs to be a positive integer"));
  EXPECT_THAT(Run("connect({tls: 1})"), HasSubstr("cert, key, password, and cacerts"));
  EXPECT_THAT(Run("connect({nope: 1})"),
              HasSubstr("invalid grpc.connect() parameters: unknown connect param: \"nope\""));
  EXPECT_THAT(Run("c.connect()"), HasSubstr("must be a string"));
  EXPECT_THAT(Run("c.connect('127.0.0.1:1', {plaintext: true})"), HasSubstr("connection refused"));
  EXPECT_THAT(Run("new grpc.Stream({}, 'a/b')"), HasSubstr("a Client of k6/net/grpc is expected"));
  EXPECT_THAT(Run("connect(); const s = new grpc.Stream(c, 'suite.Desk/Sum'); "
                  "try { s.on('dta', () => {}) } catch (e) { s.end(); return e.message }"),
              HasSubstr("event type: dta; there are data, error, end"));
  js_.vu().init = true;
  EXPECT_EQ("Error: connecting to a gRPC server in the init context is not supported",
            Run("connect()"));
  EXPECT_EQ("Error: invoking RPC methods in the init context is not supported",
            Run("c.invoke('suite.Desk/Greet', {})"));
  EXPECT_THAT(Run("c.load(['p'], 'none.proto')"), HasSubstr("none.proto: the file cannot be read"));
  js_.files["p/bad.proto"] = "syntax = \"proto3\";\nmessage A { string }";
  EXPECT_THAT(Run("c.load(['x', 'p'], 'bad.proto')"),
              HasSubstr("bad.proto:2:20: Expected field name"));
  EXPECT_THAT(Run("c.load(['p'])"), HasSubstr("no .proto file is named"));
  EXPECT_THAT(Run("c.load('p', 'desk.proto')"), HasSubstr("must be strings"));
  EXPECT_THAT(Run("c.loadProtoset('p/bad.proto')"),
              HasSubstr("couldn't read protoset p/bad.proto"));
  EXPECT_THAT(Run("c.loadProtoset('p/none')"), HasSubstr("couldn't open protoset p/none"));
}

TEST_F(GrpcJsTest, AServerThatIsNotThereIsARowOfErrorsEvenIfItIsCaught) {
  Run("try { c.connect('127.0.0.1:1', {plaintext: true, timeout: '1s'}) } catch (e) {}");
  EXPECT_THAT(js_.vu().samples.errors,
              ElementsAre("GRPC 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused"));
  Run("try { c.connect('127.0.0.1:1', {timeout: 'soon'}) } catch (e) {}");
  EXPECT_THAT(js_.vu().samples.errors, SizeIs(1));  // the script's own mistake
}

class GrpcReflectionJsTest : public GrpcJsTest {
 protected:
  GrpcReflectionJsTest() : GrpcJsTest({.reflection_v1 = true, .reflection_needs = "x-key"}) {}
};

TEST_F(GrpcReflectionJsTest, MethodsComeFromTheServer) {
  EXPECT_EQ(R"("hello r")", Run(R"js(
    const mine = new grpc.Client();
    mine.connect(A, {plaintext: true, reflect: true, reflectMetadata: {'x-key': 'me'}});
    return mine.invoke('suite.Desk/Greet', {name: 'r', times: 1}).message.text
  )js"));
  EXPECT_THAT(Run("new grpc.Client().connect(A, {plaintext: true, reflect: true})"),
              HasSubstr("error invoking reflect API"));
  EXPECT_THAT(js_.vu().samples.errors, ElementsAre(HasSubstr("error invoking reflect API")));
}

}  // namespace
}  // namespace lockstep::agent
