// What scripts say of messages and subscriptions of lockstep/mqtt, and the properties of MQTT 5.
//
// Each function is InvalidArgument, naming the option and what is allowed; Cancelled: an exception
// is pending.
#pragma once

#include <string>

#include <v8.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "agent/mqtt/client.h"

namespace lockstep::agent {

absl::Status InvalidMqtt(absl::string_view name, absl::string_view wanted);
// "keepalive: a whole number is expected, got "x"" of the wish "a whole number". Not for secrets.
absl::Status InvalidMqtt(v8::Local<v8::Context> context, absl::string_view name,
                         absl::string_view wanted, v8::Local<v8::Value> value);
absl::Status ReadMqttText(v8::Local<v8::Context> context, absl::string_view name,
                          v8::Local<v8::Value> value, std::string* text);
// A whole number from `least` to `most`.
absl::Status ReadMqttNumber(v8::Local<v8::Context> context, absl::string_view name,
                            v8::Local<v8::Value> value, double least, double most, double* number);

// `message` has its topic and payload already; `options` are qos, retain and properties.
absl::Status ReadMqttMessageOptions(v8::Local<v8::Context> context, v8::Local<v8::Object> options,
                                    MqttVersion version, MqttMessage* message);
// Likewise, of a will.
absl::Status ReadMqttWillOptions(v8::Local<v8::Context> context, v8::Local<v8::Object> options,
                                 MqttVersion version, MqttMessage* will);
// `options` are qos, nl, rap, rh and properties.
absl::StatusOr<MqttSubscription> ReadMqttSubscription(v8::Local<v8::Context> context,
                                                      v8::Local<v8::Object> options,
                                                      MqttVersion version);
// `value` may be undefined.
absl::Status ReadMqttConnectProperties(v8::Local<v8::Context> context, v8::Local<v8::Value> value,
                                       MqttVersion version, MqttConnectProperties* properties);

v8::Local<v8::Object> MqttPropertiesValue(v8::Local<v8::Context> context,
                                          const MqttProperties& properties);

}  // namespace lockstep::agent
