// A `mosquitto` of libmosquitto that is set up as a script wants it, and what it calls back with.
// Only agent/mqtt includes this.
#pragma once

#include <memory>
#include <vector>

#include <mosquitto.h>
#include <openssl/ssl.h>

#include "absl/status/statusor.h"

#include "agent/mqtt/client.h"

namespace lockstep::agent {

// Called from within the calls of libmosquitto. Codes and reasons are libmosquitto's.
class MosquittoEvents {
 public:
  virtual ~MosquittoEvents() = default;
  // The broker's answer to the connection; 0: it has let the client in.
  virtual void OnConnack(int code, bool session_present) = 0;
  virtual void OnMessage(MqttMessage message) = 0;
  virtual void OnPublished(int id, int reason) = 0;
  virtual void OnSubscribed(int id, std::vector<int> granted) = 0;
  virtual void OnUnsubscribed(int id) = 0;
  virtual void OnDisconnected(int code) = 0;
};

struct MosquittoDestroyer {
  void operator()(mosquitto* handle) const { mosquitto_destroy(handle); }
};
using MosquittoHandle = std::unique_ptr<mosquitto, MosquittoDestroyer>;

// Not connected yet. `tls` is null for none; it and `events` outlive the handle. InvalidArgument:
// the client's name, its user, its will or its properties cannot be used.
absl::StatusOr<MosquittoHandle> MakeMosquitto(const MqttSpec& spec, SSL_CTX* tls,
                                              MosquittoEvents& events);

// Spends a packet id on nothing, as libmosquitto counts them on whatever the broker has left
// unanswered. Returns the id; `last`, the one before, if none was spent.
int SpendPacketId(mosquitto* handle, int last);

}  // namespace lockstep::agent
