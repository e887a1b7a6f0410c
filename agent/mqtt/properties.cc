#include "agent/mqtt/properties.h"

#include <cstdlib>

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

}  // namespace

absl::StatusOr<MosquittoProperties> MosquittoProperties::Make(const MqttProperties& properties) {
  MosquittoProperties made;
  const auto add_text = [&made](int identifier, const std::optional<std::string>& text) {
    return !text || (text->find('\0') == std::string::npos &&
                     mosquitto_property_add_string(&made.list_, identifier, text->c_str()) ==
                         MOSQ_ERR_SUCCESS);
  };
  bool good = add_text(MQTT_PROP_CONTENT_TYPE, properties.content_type) &&
              add_text(MQTT_PROP_RESPONSE_TOPIC, properties.response_topic);
  if (properties.correlation_data && good) {
    good = properties.correlation_data->size() <= kMostBytes &&
           mosquitto_property_add_binary(
               &made.list_, MQTT_PROP_CORRELATION_DATA, properties.correlation_data->data(),
               static_cast<uint16_t>(properties.correlation_data->size())) == MOSQ_ERR_SUCCESS;
  }
  if (properties.message_expiry) {
    mosquitto_property_add_int32(&made.list_, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
                                 *properties.message_expiry);
  }
  if (properties.payload_is_text) {
    mosquitto_property_add_byte(&made.list_, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR,
                                *properties.payload_is_text ? 1 : 0);
  }
  for (const auto& [name, value] : properties.user) {
    good =
        good && mosquitto_property_add_string_pair(&made.list_, MQTT_PROP_USER_PROPERTY,
                                                   name.c_str(), value.c_str()) == MOSQ_ERR_SUCCESS;
  }
  if (!good) {
    return absl::InvalidArgumentError(
        absl::StrCat("properties: each must be a text or bytes of at most ", kMostBytes, " bytes"));
  }
  return made;
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
