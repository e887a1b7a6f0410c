// What scripts say of a connection or a message of lockstep/mqtt.
#pragma once

#include <string>

#include <v8.h>

#include "absl/status/statusor.h"

#include "agent/js/k6/mqtt.h"

namespace lockstep::agent {

// Each is InvalidArgument, naming the option, its value and what is allowed; Cancelled: an exception
// is pending.
absl::StatusOr<MqttPlan> ReadMqttPlan(v8::Local<v8::Context> context, ApiVu& vu,
                                      const std::string& url, v8::Local<v8::Object> options);
absl::Status ReadMqttQos(v8::Local<v8::Value> value, int* qos);
// `message` has its topic and payload already; `options` are qos, retain and properties.
absl::Status ReadMqttMessageOptions(v8::Local<v8::Context> context, v8::Local<v8::Object> options,
                                    MqttVersion version, MqttMessage* message);

v8::Local<v8::Object> MqttPropertiesValue(v8::Local<v8::Context> context,
                                          const MqttProperties& properties);

}  // namespace lockstep::agent
