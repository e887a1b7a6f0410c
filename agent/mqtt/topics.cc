// What MQTT allows as the name of a topic, and as a filter of topics.
#include <mosquitto.h>

#include "absl/strings/str_cat.h"

#include "agent/mqtt/client.h"

namespace lockstep::agent {
namespace {

// For an error.
absl::string_view Shown(absl::string_view text) {
  constexpr size_t kMost = 100;
  return text.substr(0, kMost);
}

}  // namespace

absl::Status CheckMqttTopic(absl::string_view topic) {
  const std::string text(topic);
  if (text.empty() || text.find('\0') != std::string::npos ||
      mosquitto_pub_topic_check(text.c_str()) != MOSQ_ERR_SUCCESS ||
      mosquitto_validate_utf8(text.data(), static_cast<int>(text.size())) != MOSQ_ERR_SUCCESS) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid topic \"", Shown(topic),
                     "\": a text without + and # of 1 to 65535 bytes is expected"));
  }
  return absl::OkStatus();
}

absl::Status CheckMqttFilter(absl::string_view filter) {
  const std::string text(filter);
  if (text.empty() || text.find('\0') != std::string::npos ||
      mosquitto_sub_topic_check(text.c_str()) != MOSQ_ERR_SUCCESS ||
      mosquitto_validate_utf8(text.data(), static_cast<int>(text.size())) != MOSQ_ERR_SUCCESS) {
    return absl::InvalidArgumentError(absl::StrCat(
        "invalid filter \"", Shown(filter),
        "\": + stands for one level, # at the end for all that follow, as in a/+/b or a/#"));
  }
  return absl::OkStatus();
}

}  // namespace lockstep::agent
