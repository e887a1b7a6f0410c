#include "agent/mqtt/properties.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <mqtt_protocol.h>

#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

constexpr size_t kMostBytes = 65535;

std::optional<std::string> ReadText(const mosquitto_property* list, int identifier) {
  char* text = nullptr;
  if (mosquitto_property_read_string(list, identifier, &text, false) == nullptr) {
    return std::nullopt;
  }
  std::string copy = text;
  std::free(text);
  return copy;
}

absl::Status Unfit() {
  return absl::InvalidArgumentError(
      absl::StrCat("properties: each must be a text or bytes of at most ", kMostBytes, " bytes"));
}

}  // namespace

bool MosquittoProperties::AddText(int identifier, const std::optional<std::string>& text) {
  return !text ||
         (text->find('\0') == std::string::npos &&
          mosquitto_property_add_string(&list_, identifier, text->c_str()) == MOSQ_ERR_SUCCESS);
}

bool MosquittoProperties::AddBytes(int identifier, const std::optional<std::string>& bytes) {
  return !bytes ||
         (bytes->size() <= kMostBytes &&
          mosquitto_property_add_binary(&list_, identifier, bytes->data(),
                                        static_cast<uint16_t>(bytes->size())) == MOSQ_ERR_SUCCESS);
}

bool MosquittoProperties::AddNumber(int identifier, const std::optional<uint32_t>& number) {
  return !number || mosquitto_property_add_int32(&list_, identifier, *number) == MOSQ_ERR_SUCCESS;
}

bool MosquittoProperties::AddFlag(int identifier, const std::optional<bool>& flag) {
  return !flag ||
         mosquitto_property_add_byte(&list_, identifier, *flag ? 1 : 0) == MOSQ_ERR_SUCCESS;
}

bool MosquittoProperties::AddUser(const MqttUserProperties& user) {
  return std::all_of(user.begin(), user.end(), [this](const auto& property) {
    return property.first.find('\0') == std::string::npos &&
           property.second.find('\0') == std::string::npos &&
           mosquitto_property_add_string_pair(&list_, MQTT_PROP_USER_PROPERTY,
                                              property.first.c_str(),
                                              property.second.c_str()) == MOSQ_ERR_SUCCESS;
  });
}

absl::StatusOr<MosquittoProperties> MosquittoProperties::Make(const MqttProperties& properties) {
  MosquittoProperties made;
  const bool good = made.AddText(MQTT_PROP_CONTENT_TYPE, properties.content_type) &&
                    made.AddText(MQTT_PROP_RESPONSE_TOPIC, properties.response_topic) &&
                    made.AddBytes(MQTT_PROP_CORRELATION_DATA, properties.correlation_data) &&
                    made.AddNumber(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, properties.message_expiry) &&
                    made.AddNumber(MQTT_PROP_WILL_DELAY_INTERVAL, properties.will_delay) &&
                    made.AddFlag(MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, properties.payload_is_text) &&
                    made.AddUser(properties.user);
  return good ? absl::StatusOr<MosquittoProperties>(std::move(made)) : Unfit();
}

absl::StatusOr<MosquittoProperties> MosquittoProperties::Make(
    const MqttConnectProperties& properties) {
  MosquittoProperties made;
  const bool good =
      made.AddNumber(MQTT_PROP_SESSION_EXPIRY_INTERVAL, properties.session_expiry) &&
      made.AddNumber(MQTT_PROP_MAXIMUM_PACKET_SIZE, properties.maximum_packet_size) &&
      made.AddFlag(MQTT_PROP_REQUEST_RESPONSE_INFORMATION,
                   properties.request_response_information) &&
      made.AddFlag(MQTT_PROP_REQUEST_PROBLEM_INFORMATION, properties.request_problem_information) &&
      (!properties.receive_maximum ||
       mosquitto_property_add_int16(&made.list_, MQTT_PROP_RECEIVE_MAXIMUM,
                                    *properties.receive_maximum) == MOSQ_ERR_SUCCESS) &&
      made.AddUser(properties.user);
  return good ? absl::StatusOr<MosquittoProperties>(std::move(made)) : Unfit();
}

absl::StatusOr<MosquittoProperties> MosquittoProperties::Make(const MqttSubscription& properties) {
  MosquittoProperties made;
  const bool good = (!properties.identifier ||
                     mosquitto_property_add_varint(&made.list_, MQTT_PROP_SUBSCRIPTION_IDENTIFIER,
                                                   *properties.identifier) == MOSQ_ERR_SUCCESS) &&
                    made.AddUser(properties.user);
  return good ? absl::StatusOr<MosquittoProperties>(std::move(made)) : Unfit();
}

MqttProperties ReadProperties(const mosquitto_property* list) {
  MqttProperties read;
  read.content_type = ReadText(list, MQTT_PROP_CONTENT_TYPE);
  read.response_topic = ReadText(list, MQTT_PROP_RESPONSE_TOPIC);
  void* bytes = nullptr;
  uint16_t size = 0;
  if (mosquitto_property_read_binary(list, MQTT_PROP_CORRELATION_DATA, &bytes, &size, false) !=
      nullptr) {
    read.correlation_data = std::string(static_cast<const char*>(bytes), size);
    std::free(bytes);
  }
  uint32_t expiry = 0;
  if (mosquitto_property_read_int32(list, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, &expiry, false) !=
      nullptr) {
    read.message_expiry = expiry;
  }
  uint8_t text = 0;
  if (mosquitto_property_read_byte(list, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, &text, false) !=
      nullptr) {
    read.payload_is_text = text == 1;
  }
  uint32_t subscription = 0;
  const mosquitto_property* whose =
      mosquitto_property_read_varint(list, MQTT_PROP_SUBSCRIPTION_IDENTIFIER, &subscription, false);
  while (whose != nullptr) {
    read.subscriptions.push_back(subscription);
    whose = mosquitto_property_read_varint(whose, MQTT_PROP_SUBSCRIPTION_IDENTIFIER, &subscription,
                                           true);
  }
  char* name = nullptr;
  char* value = nullptr;
  const mosquitto_property* found =
      mosquitto_property_read_string_pair(list, MQTT_PROP_USER_PROPERTY, &name, &value, false);
  while (found != nullptr) {
    read.user.emplace_back(name, value);
    std::free(name);
    std::free(value);
    found =
        mosquitto_property_read_string_pair(found, MQTT_PROP_USER_PROPERTY, &name, &value, true);
  }
  return read;
}

}  // namespace lockstep::agent
