// The module lockstep/mqtt as far as it needs no broker; tests/integration/mqtt_test.py has one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/js/k6/module_test.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class MqttTest : public ModuleTest {};

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
  EXPECT_EQ("TypeError: mqtt.connect(): protocolVersion: 4 (MQTT 3.1.1) or 5 is expected",
            Run("mqtt.connect('mqtt://h', { protocolVersion: 3 })"));
  EXPECT_EQ(
      "TypeError: mqtt.connect(): keepalive: seconds are expected: 0 for never, or from 5 to 65535",
      Run("mqtt.connect('mqtt://h', { keepalive: 2 })"));
  EXPECT_EQ(
      "TypeError: mqtt.connect(): properties: they need protocolVersion: 5",
      Run("mqtt.connect('mqtt://h', { will: { topic: 'a', properties: { contentType: 'x' } } })"));
  EXPECT_THAT(
      Run("mqtt.connect('mqtt://h', { protocolVersion: 5, will: { topic: 'a', properties: { type: 'x' } } })"),
      HasSubstr("properties: unknown \"type\"; there are contentType, "));
  EXPECT_EQ("TypeError: mqtt.connect(): qos: a whole number from 0 to 2 is expected",
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

}  // namespace
}  // namespace lockstep::agent
