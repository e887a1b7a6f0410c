// One connection of lockstep/socketio with the namespaces that share it, and their samples.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <v8.h>

#include "agent/http/socketio/socket_packet.h"
#include "agent/js/k6/script_events.h"
#include "agent/js/lockstep/socketio.h"

namespace lockstep::agent {

// Writes the socketio_* samples of a connection.
class SocketIoMeter {
 public:
  SocketIoMeter(ApiVu& vu, ModuleMetrics& metrics, TagSet tags)
      : vu_(vu), metrics_(metrics), tags_(std::move(tags)) {}
  static absl::Span<const MetricDefinition> Definitions();

  void Connecting(const std::string& name_space);
  void Sent(const SocketPacket& packet);
  void Received(const SocketPacket& packet);
  // The connection is over, all namespaces with it.
  void Ended(absl::string_view why);

 private:
  void Connected(const std::string& name_space, absl::string_view error);
  void Disconnected(const std::string& name_space);
  TagSet TagsOf(const std::string& name_space) const;
  TagSet TagsOf(const std::string& name_space, absl::string_view event) const;

  struct Asked {
    std::string event;
    MonoTime sent;
  };

  ApiVu& vu_;
  ModuleMetrics& metrics_;
  const TagSet tags_;
  std::map<std::string, MonoTime> connecting_, connected_;        // by namespace, since
  std::map<std::pair<std::string, uint64_t>, Asked> unanswered_;  // by namespace and id
};

class SocketIoModule::Connection final : public EngineListener {
 public:
  Connection(SocketIoModule& module, uint64_t number, v8::Isolate* isolate, SocketIoPlan plan,
             v8::Local<v8::Function> emit);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Joins a namespace, now or when the connection is open. `json`: what it asks for, "" for
  // nothing.
  void Connect(std::string name_space, std::string json);
  void Send(SocketPacket packet);
  void Close() { session_.Close(); }
  // Adds a row to the table of errors.
  void Failed(const std::string& name_space, absl::string_view cause);
  absl::string_view transport() const { return session_.transport(); }

  void OnEngineOpen(const HttpResponse& answer) override;
  void OnEngineMessage(EnginePacket message) override;
  void OnEngineUpgrade() override;
  void OnEngineClose(absl::string_view reason, std::string detail,
                     const HttpResponse& answer) override;

 private:
  void EmitPacket(const SocketPacket& packet);
  void Fail(absl::string_view reason, std::string detail);

  SocketIoModule& module_;
  const uint64_t number_;
  const EngineProtocol protocol_;
  const std::string shown_;
  SocketIoMeter meter_;
  ScriptEvents events_;
  SocketPacketReader reader_;
  std::vector<SocketPacket> joining_;  // until the connection is open
  size_t waiting_bytes_ = 0;           // of packets that the script has not got
  EngineSession session_;
};

}  // namespace lockstep::agent
