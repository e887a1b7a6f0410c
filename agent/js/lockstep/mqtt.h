// The modules `lockstep/mqtt`, with connect() and clients modelled on mqtt.js, and `k6/x/mqtt`,
// whose clients wait. What connections do is in agent/mqtt, what they mean to a script in mqtt.js
// and k6_mqtt.js. Events come while the script is not waiting for anything else; an iteration lasts
// until its clients have ended.
#pragma once

#include <cstdint>
#include <string>

#include <v8.h>

#include "agent/js/bind/numbered.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/module_metrics.h"
#include "agent/js/k6/script_timers.h"
#include "agent/mqtt/client.h"

namespace lockstep::agent {

// A connection as a script asked for it.
struct MqttPlan {
  MqttSpec spec;
  TagSet tags = kEmptyTagSet;  // of the script and the VU, and the url
  std::string shown = {};      // the name, or the url without its password
};

class MqttModule final : public VuPart {
 public:
  // Whose API it is, and whose metrics.
  enum class Face { kLockstep, kK6 };
  // Both outlive the module.
  MqttModule(ApiVu& vu, MqttEnv& env, Face face);
  ~MqttModule() override;
  MqttModule(const MqttModule&) = delete;
  MqttModule& operator=(const MqttModule&) = delete;

  v8::Local<v8::Object> MakeExports(Context context);
  void BeginIteration() override { ++iterations_; }
  uint64_t iterations() const { return iterations_; }
  // Cuts the connections that an interrupted iteration left.
  void EndIteration() override;

  class Connection;
  ApiVu& vu() { return vu_; }
  MqttEnv& env() { return env_; }
  Face face() const { return face_; }
  ModuleMetrics& metrics() { return metrics_; }
  // Opens a connection whose events go to `emit`; returns its number. InvalidArgument: an option.
  absl::StatusOr<uint64_t> Open(v8::Isolate* isolate, MqttPlan plan, v8::Local<v8::Function> emit);
  Numbered<Connection>& connections() { return connections_; }

 private:
  ApiVu& vu_;
  MqttEnv& env_;
  const Face face_;
  ModuleMetrics metrics_;
  Numbered<Connection> connections_;
  ScriptTimers timers_;
  uint64_t iterations_ = 0;
};

}  // namespace lockstep::agent
