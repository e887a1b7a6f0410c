// One connection of lockstep/mqtt, and its samples.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <v8.h>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"

#include "agent/js/k6/script_events.h"
#include "agent/js/lockstep/mqtt.h"

namespace lockstep::agent {

// Of the rows in the table of errors.
inline constexpr char kMqttMethod[] = "MQTT";
inline constexpr char kMqttNotSent[] = "a publication has not been sent";

// To one request.
struct MqttAnswer {
  std::string error;         // "": it was granted
  std::vector<int> granted;  // to a subscription
};

class MqttModule::Connection final : public MqttListener {
 public:
  Connection(MqttModule& module, uint64_t number, v8::Isolate* isolate, const MqttPlan& plan,
             v8::Local<v8::Function> emit);
  ~Connection() override;
  static absl::Span<const MetricDefinition> Definitions(Face face);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  absl::Status Start(MqttSpec spec);

  MqttVersion version() const { return version_; }
  // Of the samples of the connection, and of publications.
  const TagSet& tags() const { return tags_; }
  TagSet TagsOf(int qos);
  absl::StatusOr<int> Publish(const MqttMessage& message, TagSet tags);
  absl::StatusOr<int> Subscribe(const std::vector<std::string>& filters,
                                const MqttSubscription& how, TagSet tags);
  absl::StatusOr<int> Unsubscribe(const std::vector<std::string>& filters);
  // What to wait for besides requests.
  static constexpr int kConnected = 0, kClosed = -1;
  // Stops the script until the request `id` is answered, which then is not an event, or the
  // connection has ended. Nothing: the VU was interrupted.
  std::optional<MqttAnswer> Wait(int id);
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

  struct Subscription {
    MonoTime sent;
    TagSet tags;
  };

  MonoTime Now();
  // Lets the script go on if it waits for `id`.
  void Tell(int id, MqttAnswer answer);
  // There is a connection, or there is none, which is an error.
  void Connected(absl::string_view error);
  void Ended(absl::string_view why);
  // Adds a row to the table of errors.
  void Failed(absl::string_view cause);
  void Answer(int id, std::string error, std::vector<int> granted);
  void EmitMessage(const MqttMessage& message);

  MqttModule& module_;
  const uint64_t number_;
  const MqttVersion version_;
  const TagSet tags_;
  const std::string shown_;
  const MonoTime began_;
  bool counted_ = false;  // as a session
  bool open_ = false;
  ScriptEvents events_;
  absl::flat_hash_map<int, Publication> publications_;
  absl::flat_hash_map<int, Subscription> subscriptions_;
  std::optional<int> waited_for_;  // by a script that stands still
  std::optional<MqttAnswer> answer_;
  ApiVu::Task wake_;
  std::optional<std::string> over_;  // the connection is, and why
  size_t waiting_bytes_ = 0;         // of messages that the script has not got
  std::unique_ptr<MqttClient> client_;
};

}  // namespace lockstep::agent
