#include <mosquitto.h>

#include "agent/mqtt/client.h"
#include "agent/mqtt/properties.h"
#include "common/base/check.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/targets.h"

namespace lockstep::fuzz {
namespace {

constexpr size_t kMostMqttBytes = 70000;  // a property holds 65535

agent::MqttUserProperties SomeUser(ByteSource& bytes) {
  agent::MqttUserProperties user;
  for (size_t i = bytes.Below(4); i > 0; --i) {
    user.emplace_back(bytes.Text(30), bytes.Text(30));
  }
  return user;
}

// As long as the first byte says, so that few bytes reach the limits.
std::string SomeText(ByteSource& bytes) {
  return bytes.OneIn(16) ? std::string(bytes.Below(kMostMqttBytes), 'x') : bytes.Text(60);
}

void FuzzMessage(ByteSource& bytes) {
  agent::MqttProperties given;
  if (bytes.OneIn(2)) {
    given.content_type = SomeText(bytes);
  }
  if (bytes.OneIn(2)) {
    given.correlation_data = SomeText(bytes);
  }
  if (bytes.OneIn(2)) {
    given.message_expiry = static_cast<uint32_t>(bytes.Integer());
  }
  given.user = SomeUser(bytes);
  const auto made = agent::MosquittoProperties::Make(given);
  if (!made.ok()) {
    return;
  }
  const agent::MqttProperties read = agent::ReadProperties(made->get());
  LOCKSTEP_CHECK(read.content_type == given.content_type);
  LOCKSTEP_CHECK(read.correlation_data == given.correlation_data);
  LOCKSTEP_CHECK(read.message_expiry == given.message_expiry);
  LOCKSTEP_CHECK(read.user == given.user);
}

void FuzzConnection(ByteSource& bytes) {
  agent::MqttConnectProperties given;
  given.session_expiry = static_cast<uint32_t>(bytes.Integer());
  given.receive_maximum = static_cast<uint16_t>(bytes.Integer());
  given.user = SomeUser(bytes);
  agent::MosquittoProperties::Make(given).status().IgnoreError();
  agent::MqttSubscription how;
  how.identifier = static_cast<uint32_t>(bytes.Integer());
  how.user = SomeUser(bytes);
  agent::MosquittoProperties::Make(how).status().IgnoreError();
}

}  // namespace

void FuzzMqtt(absl::string_view input) {
  ByteSource bytes(input);
  switch (bytes.Below(3)) {
    case 0:
      FuzzMessage(bytes);
      return;
    case 1:
      FuzzConnection(bytes);
      return;
    default: {
      const std::string text(bytes.Rest());
      if (agent::CheckMqttTopic(text).ok()) {
        bool matches = false;
        LOCKSTEP_CHECK(agent::CheckMqttFilter(text).ok());
        LOCKSTEP_CHECK(mosquitto_topic_matches_sub(text.c_str(), text.c_str(), &matches) ==
                           MOSQ_ERR_SUCCESS &&
                       matches);
      }
    }
  }
}

}  // namespace lockstep::fuzz
