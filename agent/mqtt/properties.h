// The properties of MQTT 5 as libmosquitto has them. Only agent/mqtt includes this.
#pragma once

#include <mosquitto.h>

#include "agent/mqtt/client.h"

namespace lockstep::agent {

class MosquittoProperties {
 public:
  // InvalidArgument: a text that is not UTF-8, or is too long. Empty for what has none.
  static absl::StatusOr<MosquittoProperties> Make(const MqttProperties& properties);
  static absl::StatusOr<MosquittoProperties> Make(const MqttConnectProperties& properties);
  static absl::StatusOr<MosquittoProperties> Make(const MqttSubscription& properties);
  ~MosquittoProperties() { mosquitto_property_free_all(&list_); }
  MosquittoProperties(MosquittoProperties&& other) noexcept
      : list_(std::exchange(other.list_, nullptr)) {}
  MosquittoProperties& operator=(MosquittoProperties&&) = delete;

  const mosquitto_property* get() const { return list_; }
  // Gives them away.
  mosquitto_property* Release() { return std::exchange(list_, nullptr); }

 private:
  MosquittoProperties() = default;
  // Each is false if libmosquitto does not take it.
  bool AddText(int identifier, const std::optional<std::string>& text);
  bool AddBytes(int identifier, const std::optional<std::string>& bytes);
  bool AddNumber(int identifier, const std::optional<uint32_t>& number);
  bool AddFlag(int identifier, const std::optional<bool>& flag);
  bool AddUser(const MqttUserProperties& user);

  mosquitto_property* list_ = nullptr;
};

MqttProperties ReadProperties(const mosquitto_property* list);

}  // namespace lockstep::agent
