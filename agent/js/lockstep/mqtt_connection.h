// One connection of lockstep/mqtt, and its samples.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <v8.h>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"

#include "agent/js/lockstep/mqtt.h"

namespace lockstep::agent {

// Of the rows in the table of errors.
inline constexpr char kMqttMethod[] = "MQTT";
inline constexpr char kMqttNotSent[] = "a publication has not been sent";

// Its events wait for the script's turn; the next one is always announced, so that
// the iteration lasts as long as the connection.
class MqttModule::Connection final : public MqttListener {
 public:
  Connection(MqttModule& module, uint64_t number, v8::Isolate* isolate, const MqttPlan& plan,
             v8::Local<v8::Function> emit);
  ~Connection() override;
  static absl::Span<const MetricDefinition> Definitions();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  absl::Status Start(MqttSpec spec);

  MqttVersion version() const { return version_; }
  absl::StatusOr<int> Publish(const MqttMessage& message);
  absl::StatusOr<int> Subscribe(const std::vector<std::string>& filters,
                                const MqttSubscription& how);
  absl::StatusOr<int> Unsubscribe(const std::vector<std::string>& filters);
  // After what is under way; `force`: at once, and without a goodbye.
  void Close(bool force);

  void OnMqttConnected(bool session_present) override;
  void OnMqttMessage(MqttMessage message) override;
  void OnMqttPublished(int id, absl::string_view why) override;
  void OnMqttSubscribed(int id, std::vector<int> granted) override;
  void OnMqttUnsubscribed(int id) override { Answer(id, "", {}); }
  // What was not answered has failed.
  void OnMqttClosed(std::string why) override;

 private:
  struct Publication {
    MonoTime sent;
    TagSet tags;
    int qos;
    int64_t bytes;
  };

  MonoTime Now();
  TagSet TagsOf(int qos);
  // There is a connection, or there is none, which is an error.
  void Connected(absl::string_view error);
  void Ended(absl::string_view why);
  // Adds a row to the table of errors.
  void Failed(absl::string_view cause);
  void Answer(int id, std::string error, std::vector<int> granted);
  void Announce(ApiVu::Task task);
  void Emit(std::vector<v8::Local<v8::Value>> arguments);
  void EmitMessage(const MqttMessage& message);

  MqttModule& module_;
  const uint64_t number_;
  v8::Isolate* const isolate_;
  const MqttVersion version_;
  const TagSet tags_;
  const std::string shown_;
  const MonoTime began_;
  bool counted_ = false;  // as a session
  bool open_ = false;
  v8::Global<v8::Function> emit_;
  absl::AnyInvocable<void(ApiVu::Task)> next_;  // null: the last event is announced
  absl::flat_hash_map<int, Publication> publications_;
  absl::flat_hash_map<int, MonoTime> subscriptions_;
  size_t waiting_bytes_ = 0;  // of messages that the script has not got
  std::unique_ptr<MqttClient> client_;
};

}  // namespace lockstep::agent
