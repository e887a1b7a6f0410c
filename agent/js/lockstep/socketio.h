// The module `lockstep/socketio`: io(), Manager and Socket, modelled on socket.io-client. What
// connections do is here, what they mean to a script in socketio.js. Events come while the script
// is not waiting for anything else; an iteration lasts until its connections are closed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <v8.h>

#include "agent/http/socketio/engine_session.h"
#include "agent/js/bind/numbered.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/module_metrics.h"
#include "agent/js/k6/script_timers.h"

namespace lockstep::agent {

// A connection as a script asked for it.
struct SocketIoPlan {
  EngineOptions engine;
  TagSet tags = kEmptyTagSet;  // of the script and the VU, and the url
  std::string shown = {};      // the name, or the url without its query
};

class SocketIoModule final : public VuPart {
 public:
  // `vu` outlives the module.
  explicit SocketIoModule(ApiVu& vu);
  ~SocketIoModule() override;
  SocketIoModule(const SocketIoModule&) = delete;
  SocketIoModule& operator=(const SocketIoModule&) = delete;

  v8::Local<v8::Object> MakeExports(Context context);
  void BeginIteration() override { ++iterations_; }
  // Cuts the connections that an interrupted iteration left.
  void EndIteration() override;

  class Connection;
  ApiVu& vu() { return vu_; }
  ModuleMetrics& metrics() { return metrics_; }
  EngineEnv& env();
  // Managers of an earlier iteration have lost their connections.
  uint64_t iterations() const { return iterations_; }
  // Opens a connection whose events go to `emit`; returns its number.
  uint64_t Open(v8::Isolate* isolate, SocketIoPlan plan, v8::Local<v8::Function> emit);
  Numbered<Connection>& connections() { return connections_; }

 private:
  ApiVu& vu_;
  ModuleMetrics metrics_;
  std::optional<EngineEnv> env_;  // made with the first connection
  uint64_t iterations_ = 0;
  Numbered<Connection> connections_;
  ScriptTimers timers_;
};

}  // namespace lockstep::agent
