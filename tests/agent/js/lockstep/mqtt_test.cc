// The module lockstep/mqtt, with what stands for a broker; tests/integration/mqtt_test.py has a
// real one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/agent/js/k6/module_test.h"
#include "tests/support/mqtt_broker.h"

namespace lockstep::agent {
namespace {

using lockstep::testing::MqttBroker;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class MqttTest : public ModuleTest {
 protected:
  const std::vector<std::string>& Errors() { return js_.vu().samples.errors; }
  // With `url`, that of the broker.
  std::string RunWith(const MqttBroker& broker, absl::string_view body) {
    return Run(absl::StrCat("const url = 'mqtt://127.0.0.1:", broker.port(), "';", body));
  }
};

TEST_F(MqttTest, AConnectionThatFailsIsAnErrorAndASession) {
  EXPECT_EQ(R"js(["error dial: connection refused","close","end"])js", Run(R"js(
    const seen = [];
    const client = mqtt.connect('mqtt://user:secret@127.0.0.1:1', { reconnectPeriod: 0, tags: { t: 'x' } });
    client.on('error', (error) => seen.push(`error ${error.message}`));
    client.on('close', () => seen.push('close'));
    return new Promise((resolve) => client.on('end', () => { seen.push('end'); resolve(seen); }));
  )js"));
  ASSERT_THAT(Samples("mqtt_sessions"), SizeIs(1));
  EXPECT_THAT(Samples("mqtt_sessions")[0], HasSubstr("error:dial: connection refused"));
  EXPECT_THAT(Samples("mqtt_sessions")[0], HasSubstr("t:x"));
  EXPECT_THAT(Samples("mqtt_sessions")[0], HasSubstr("url:mqtt://****:****@127.0.0.1:1"));
  EXPECT_THAT(Samples("mqtt_session_duration"), SizeIs(0));
  EXPECT_THAT(Samples("mqtt_connecting"), SizeIs(0));
  EXPECT_THAT(Errors(), ElementsAre("MQTT mqtt://****:****@127.0.0.1:1: dial: connection refused"));
}

TEST_F(MqttTest, ARefusalIsAnErrorWithoutATimeToConnect) {
  MqttBroker broker({.connack = 5});
  RunWith(broker, "mqtt.connect(url, { reconnectPeriod: 0 })");
  ASSERT_THAT(Errors(), SizeIs(1));
  EXPECT_THAT(Errors()[0], HasSubstr("the broker refused the connection: "));
  EXPECT_THAT(Samples("mqtt_sessions"), SizeIs(1));
  EXPECT_THAT(Samples("mqtt_connecting"), SizeIs(0));
}

TEST_F(MqttTest, AClientOfAnIterationThatWasCutIsOverAndSaysSo) {
  MqttBroker broker;
  js_.vu().BeginIteration();
  js_.vu().CutAfter("mqtt_connecting");
  RunWith(
      broker,
      "globalThis.kept = mqtt.connect(url); kept.on('connect', () => { globalThis.was = kept.connected; })");
  js_.vu().BeginIteration();
  EXPECT_EQ(
      R"([true,false,false,true,"the connection has ended with its iteration: each iteration makes its own"])",
      Run(R"js(
    const state = [was, kept.connected, kept.reconnecting, kept.disconnecting];
    return kept.publishAsync('t', 'm').catch((error) => kept.endAsync().then(() => [...state, error.message]));
  )js"));
  EXPECT_THAT(Errors(), Contains(HasSubstr("a publication has not been sent")));
}

TEST_F(MqttTest, EndLetsWhatWasPublishedArrive) {
  for (const char* qos : {"0", "1", "2"}) {
    MqttBroker broker;
    const size_t before = Samples("mqtt_msgs_sent").size();
    EXPECT_EQ("[10,0]", RunWith(broker, absl::StrCat("const qos = ", qos, R"js(;
      let sent = 0, failed = 0;
      const count = (error) => { if (error) failed += 1; else sent += 1; };
      const client = mqtt.connect(url);
      client.on('connect', () => {
        for (let i = 0; i < 10; i++) client.publish('t', 'x', { qos }, count);
        client.end();
      });
      return new Promise((resolve) => client.on('end', () => resolve([sent, failed])));
    )js")));
    const MqttBroker::Counts counts = broker.CountsAtGoodbye();
    EXPECT_EQ(10, counts.done);
    EXPECT_EQ(1, counts.goodbyes);
    EXPECT_EQ(before + 10, Samples("mqtt_msgs_sent").size());
  }
  EXPECT_THAT(Errors(), IsEmpty());
}

TEST_F(MqttTest, EndWaitsForAConnectionThatSomethingIsToGoOver) {
  MqttBroker broker;
  EXPECT_EQ(R"js([["published","subscribed"],"ended"])js", RunWith(broker, R"js(
    const seen = [];
    const client = mqtt.connect(url);
    client.publish('t', 'x', { qos: 2 }, (error) => seen.push(error?.message ?? 'published'));
    client.subscribe('t', (error) => seen.push(error?.message ?? 'subscribed'));
    return client.endAsync().then(() => [seen.sort(), 'ended']);
  )js"));
  EXPECT_EQ(1, broker.CountsAtGoodbye().done);
  EXPECT_THAT(Errors(), IsEmpty());
}

TEST_F(MqttTest, WhatIsCutByForceHasFailed) {
  MqttBroker broker({.answers = false});
  EXPECT_EQ(R"js(["sent","connection closed","connection closed"])js", RunWith(broker, R"js(
    const client = mqtt.connect(url);
    return new Promise((resolve) => client.on('connect', () => {
      const sent = [0, 1, 2].map((qos) => client.publishAsync('t', 'x', { qos }).then(() => 'sent', (error) => error.message));
      client.end(true);
      resolve(Promise.all(sent));
    }));
  )js"));
  ASSERT_THAT(Samples("mqtt_msgs_sent"), SizeIs(1));
  EXPECT_THAT(Samples("mqtt_msgs_sent")[0], HasSubstr("qos:0"));
  const std::string row = absl::StrCat("MQTT mqtt://127.0.0.1:", broker.port(),
                                       ": the broker has not confirmed a publication");
  EXPECT_THAT(Errors(), ElementsAre(row, row));
}

TEST_F(MqttTest, WhatNeverHadAConnectionHasFailed) {
  EXPECT_EQ(R"js(["connection closed","end"])js", Run(R"js(
    const seen = [];
    const client = mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 60000 });
    client.on('error', () => {});
    client.publish('t', 'x', (error) => seen.push(error.message));
    client.on('end', () => seen.push('end'));
    const later = (resolve) => Promise.resolve().then(() => { client.end(); resolve(seen); });
    return new Promise((resolve) => client.on('offline', () => later(resolve)));
  )js"));
  EXPECT_THAT(Errors(), ElementsAre("MQTT mqtt://127.0.0.1:1: dial: connection refused",
                                    "MQTT mqtt://127.0.0.1:1: a publication has not been sent"));
}

TEST_F(MqttTest, AClientThatEndsInAnEventOfAFailureEndsOnceAndAfterIt) {
  for (const char* event : {"error", "close", "offline"}) {
    EXPECT_EQ(R"js("error,close,end")js", Run(absl::StrCat("const event = '", event, "';", R"js(
      const seen = [];
      const client = mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 60000 });
      client.on('error', () => {});
      client.on(event, () => client.end());
      for (const each of ['error', 'close', 'end']) client.on(each, () => seen.push(each));
      return new Promise((resolve) => client.on('end', () => Promise.resolve().then(() => resolve(seen.join()))));
    )js")));
  }
}

TEST_F(MqttTest, ALostConnectionAndWhatWasOnItHaveFailed) {
  MqttBroker broker({.drops = true});
  EXPECT_EQ(R"js("the connection was lost")js", RunWith(broker, R"js(
    const client = mqtt.connect(url, { reconnectPeriod: 0 });
    client.on('error', () => {});
    return client.publishAsync('t', 'x', { qos: 1 }).catch((error) => error.message);
  )js"));
  ASSERT_THAT(Errors(), SizeIs(2));
  EXPECT_THAT(Errors()[0], HasSubstr("the connection was lost"));
  EXPECT_THAT(Errors()[1], HasSubstr("the broker has not confirmed a publication"));
  EXPECT_THAT(Samples("mqtt_connecting"), SizeIs(1));
}

TEST_F(MqttTest, ARefusedSubscriptionHasFailed) {
  MqttBroker broker({.granted = 128});
  RunWith(broker, R"js(
    const client = mqtt.connect(url);
    client.subscribe('t');
    client.end();
  )js");
  ASSERT_THAT(Errors(), SizeIs(1));
  EXPECT_THAT(Errors()[0], HasSubstr("the broker refused a subscription"));
}

TEST_F(MqttTest, ItIsTriedAgainUntilItEnds) {
  EXPECT_EQ("[2,true]", Run(R"js(
    const client = mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 1 });
    client.on('error', () => {});
    let again = 0;
    client.on('reconnect', () => { again += 1; if (again === 2) client.end(); });
    return new Promise((resolve) => client.on('end', () => resolve([again, client.disconnecting])));
  )js"));
}

TEST_F(MqttTest, PromisesAreRejected) {
  EXPECT_EQ(R"js("dial: connection refused")js",
            Run("return mqtt.connectAsync('mqtt://127.0.0.1:1').catch((error) => error.message)"));
  EXPECT_EQ(R"js(["dial: connection refused","client disconnecting"])js", Run(R"js(
    const client = mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 0 });
    client.on('error', () => {});
    return client.publishAsync('a', 'b').catch((error) => error.message)
      .then((first) => client.publishAsync('a', 'b').catch((error) => [first, error.message]));
  )js"));
}

TEST_F(MqttTest, AFailureThatNobodyHearsOfIsLogged) {
  Run("mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 0 })");
  ASSERT_THAT(js_.vu().log.records, SizeIs(1));
}

TEST_F(MqttTest, MistakesAreNamed) {
  EXPECT_EQ("TypeError: mqtt.connect(): the URL of a broker is expected, such as mqtt://host:1883",
            Run("mqtt.connect()"));
  EXPECT_EQ(
      "TypeError: mqtt.connect(): a URL with the scheme mqtt or mqtts is expected, got \"ws\"; MQTT over "
      "WebSockets is not there",
      Run("mqtt.connect('ws://h')"));
  EXPECT_THAT(
      Run("mqtt.connect('mqtt://h', { clientID: 'x' })"),
      StartsWith("TypeError: mqtt.connect(): unknown option \"clientID\"; there are ca, cert, "));
  EXPECT_EQ("TypeError: mqtt.connect(): protocolVersion: 4 (MQTT 3.1.1) or 5 is expected, got 3",
            Run("mqtt.connect('mqtt://h', { protocolVersion: 3 })"));
  EXPECT_EQ(
      "TypeError: mqtt.connect(): keepalive: 0 (never) or a number of seconds from 5 to 65535 is expected, got 2",
      Run("mqtt.connect('mqtt://h', { keepalive: 2 })"));
  EXPECT_EQ(
      "TypeError: mqtt.connect(): properties: they need protocolVersion: 5",
      Run("mqtt.connect('mqtt://h', { will: { topic: 'a', properties: { contentType: 'x' } } })"));
  EXPECT_THAT(
      Run("mqtt.connect('mqtt://h', { protocolVersion: 5, will: { topic: 'a', properties: { type: 'x' } } })"),
      HasSubstr("properties: unknown \"type\"; there are contentType, "));
  EXPECT_EQ("TypeError: mqtt.connect(): qos: a whole number from 0 to 2 is expected, got 3",
            Run("mqtt.connect('mqtt://h', { will: { topic: 'a', qos: 3 } })"));
  EXPECT_EQ(
      "TypeError: mqtt.connect(): reconnectPeriod: milliseconds are expected, 0 for never, got soon",
      Run("mqtt.connect('mqtt://h', { reconnectPeriod: 'soon' })"));
  for (const char* name : {"clientId", "username", "password"}) {
    EXPECT_EQ(
        absl::StrCat("TypeError: mqtt.connect(): ", name,
                     ": a text of at most 65535 bytes is expected, without U+0000"),
        Run(absl::StrCat("mqtt.connect('mqtt://h', { username: 'u', ", name, ": 'a\\0b' })")));
  }
  EXPECT_EQ("TypeError: mqtt.connect(): password: with MQTT 3.1.1 it needs a username",
            Run("mqtt.connect('mqtt://h', { password: 'p' })"));
  EXPECT_EQ(
      "TypeError: mqtt.connect(): clean: false needs a clientId, by which the broker knows the session",
      Run("mqtt.connect('mqtt://h', { clean: false })"));
  EXPECT_EQ(
      R"js(["subscribe(): at least one filter is expected","subscribe(): unknown option \"Qos\"; there are nl, properties, qos, rap, rh"])js",
      Run(R"js(
    const client = mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 0 });
    client.on('error', () => {});
    return [() => client.subscribe([]), () => client.subscribe('a', { Qos: 1 })].map((ask) => {
      try { ask(); } catch (error) { return error.message; }
    });
  )js"));
  EXPECT_EQ("TypeError: on(\"message\"): a function is expected, got undefined", Run(R"js(
    const client = mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 0 });
    client.on('error', () => {});
    client.on('message');
  )js"));
  EXPECT_EQ("Error: connecting to an MQTT broker in the init context is not supported",
            Init("mqtt.connect('mqtt://h')"));
}

class K6MqttTest : public ModuleTest {
 protected:
  std::vector<std::string> Warnings() {
    std::vector<std::string> messages;
    for (const LogRecord& record : js_.vu().log.records) {
      messages.push_back(record.message);
    }
    return messages;
  }
};

TEST_F(K6MqttTest, OptionsAreNamedAsTheScriptHasWrittenThem) {
  EXPECT_THAT(Run("new k6mqtt.Client().connect('mqtt://127.0.0.1:1', { connect_timeout: '1x' })"),
              HasSubstr("invalid connect_timeout value"));
  EXPECT_THAT(Run("new k6mqtt.Client({ client_id: 5 }).connect('mqtt://127.0.0.1:1')"),
              HasSubstr("client_id: a string or bytes are expected"));
  EXPECT_THAT(Run("new k6mqtt.Client().connect('mqtt://127.0.0.1:1', { keepalive: 'x' })"),
              HasSubstr("keepalive: a whole number from 0 to 65535 is expected, got \"x\""));
}

TEST_F(K6MqttTest, TheOptionsOfAConnectionHaveTheirEffect) {
  MqttBroker broker;
  EXPECT_EQ("true", Run(absl::StrCat("const url = 'mqtt://127.0.0.1:", broker.port(), "';", R"js(
    const client = new k6mqtt.Client({ client_id: 'c', username: 'u', password: 'p', will: { topic: 't', payload: 'x' } });
    client.on('connect', () => client.end());
    client.connect(url, { connect_timeout: '5s', clean_session: false, keepalive: 30, tags: { t: 'x' } });
    return client.connected;
  )js")));
  EXPECT_THAT(Warnings(), IsEmpty());
}

TEST_F(K6MqttTest, NamesThatThereAreNotAreWarnings) {
  Run(R"js(
    const client = new k6mqtt.Client({ client_idd: 'x', will: { topic: 't', qoss: 1 } });
    client.on('conect', () => {});
    client.once('error', () => {});
    client.connect('mqtt://127.0.0.1:1', { connect_timeot: '1s' });
  )js");
  EXPECT_THAT(
      Warnings(),
      ElementsAre(
          StartsWith(
              "k6/x/mqtt: new Client(): unknown option \"client_idd\" has no effect; did you "
              "mean \"client_id\""),
          StartsWith(
              "k6/x/mqtt: new Client(): will: unknown option \"qoss\" has no effect; did you "
              "mean \"qos\"?"),
          StartsWith("k6/x/mqtt: on(): unknown event \"conect\" has no effect; did you mean "
                     "\"connect\"?"),
          StartsWith(
              "k6/x/mqtt: connect(): unknown option \"connect_timeot\" has no effect; did you "
              "mean \"connect_timeout\"?")));
}

}  // namespace
}  // namespace lockstep::agent
