// What scripts say of a connection of lockstep/mqtt.
#pragma once

#include <string>

#include <v8.h>

#include "absl/status/statusor.h"

#include "agent/js/lockstep/mqtt.h"

namespace lockstep::agent {

// InvalidArgument, naming the option as `face` does and what is allowed; Cancelled: an exception is
// pending.
absl::StatusOr<MqttPlan> ReadMqttPlan(Context context, ApiVu& vu, MqttModule::Face face,
                                      const std::string& url, v8::Local<v8::Object> options);

}  // namespace lockstep::agent
