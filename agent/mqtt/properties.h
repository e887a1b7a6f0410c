// The properties of MQTT 5 as libmosquitto has them. Only agent/mqtt includes this.
#pragma once

#include <memory>

#include <mosquitto.h>

#include "agent/mqtt/client.h"

namespace lockstep::agent {

class MosquittoProperties {
 public:
  // InvalidArgument: a text that is no UTF-8, or is too long.
  static absl::StatusOr<MosquittoProperties> Make(const MqttProperties& properties);
  ~MosquittoProperties() { mosquitto_property_free_all(&list_); }
  MosquittoProperties(MosquittoProperties&& other) noexcept
      : list_(std::exchange(other.list_, nullptr)) {}
  MosquittoProperties& operator=(MosquittoProperties&&) = delete;

  const mosquitto_property* get() const { return list_; }
  // Gives them away.
  mosquitto_property* Release() { return std::exchange(list_, nullptr); }

 private:
  MosquittoProperties() = default;
  mosquitto_property* list_ = nullptr;
};

MqttProperties ReadProperties(const mosquitto_property* list);

}  // namespace lockstep::agent
