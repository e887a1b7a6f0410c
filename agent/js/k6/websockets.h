// The module `k6/websockets`: the classes WebSocket and Blob, modelled on the web's. Events come
// while the script is not waiting for anything else; an iteration lasts until its sockets are
// closed.
#pragma once

#include <cstdint>

#include <v8.h>

#include "agent/js/bind/numbered.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/ws_session.h"

namespace lockstep::agent {

class WebSocketsModule final : public VuPart {
 public:
  // `vu` outlives the module.
  explicit WebSocketsModule(ApiVu& vu);
  ~WebSocketsModule() override;

  v8::Local<v8::Object> MakeExports(Context context);
  // Cuts the connections that an interrupted iteration left.
  void EndIteration() override;

  class Socket;
  ApiVu& vu() { return vu_; }
  // Opens a connection whose events go to `emit`; returns its number.
  uint64_t Open(v8::Isolate* isolate, WsPlan plan, v8::Local<v8::Function> emit);
  Numbered<Socket>& sockets() { return sockets_; }

 private:
  ApiVu& vu_;
  Numbered<Socket> sockets_;
};

}  // namespace lockstep::agent
