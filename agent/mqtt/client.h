// One connection to an MQTT broker (3.1.1 or 5) on a worker's loop, over libmosquitto. What a
// listener is told comes in turns of the loop, never from within a call, and a listener may do
// anything then, destroying the client included. All calls on the loop's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace lockstep::agent {

class MultiLoop;
class Network;

// What clients work with; outlives them.
struct MqttEnv {
  MultiLoop& loop;
  Network& network;
};

enum class MqttVersion { k311 = 4, k5 = 5 };

// Of MQTT 5; version 3.1.1 has none.
struct MqttProperties {
  std::optional<std::string> content_type, response_topic, correlation_data;
  std::optional<uint32_t> message_expiry;  // seconds
  std::optional<bool> payload_is_text;
  std::vector<std::pair<std::string, std::string>> user;

  bool empty() const {
    return !content_type && !response_topic && !correlation_data && !message_expiry &&
           !payload_is_text && user.empty();
  }
};

struct MqttMessage {
  std::string topic, payload;
  int qos = 0;
  bool retain = false;
  MqttProperties properties = {};
};

struct MqttSpec {
  std::string host;  // a name, or an address without brackets
  int port = 1883;
  MqttVersion version = MqttVersion::k311;
  std::string client_id = {};  // "": one that is made up
  bool clean = true;
  absl::Duration keepalive = absl::Seconds(60);  // whole seconds from 5 to 65535
  absl::Duration timeout = absl::Seconds(30);    // until the broker has let the client in
  std::optional<std::string> username = {}, password = {};
  std::optional<MqttMessage> will = {};
  // TLS. The certificates are PEM: authorities, "" for the network's; the client's own, "" for what
  // the option tlsAuth has for the host.
  bool secure = false;
  bool verify = true;
  std::string ca = {}, cert = {}, key = {}, passphrase = {};
};

// What may be under way to the broker: publications that it has not confirmed, or that have not
// left.
inline constexpr int64_t kMaxMqttBytes = int64_t{64} << 20;

class MqttListener {
 public:
  virtual ~MqttListener() = default;
  virtual void OnMqttConnected(bool session_present) = 0;
  virtual void OnMqttMessage(MqttMessage message) = 0;
  // `why` is "" if the broker took it: with QoS 0, if it has left this machine.
  virtual void OnMqttPublished(int id, absl::string_view why) = 0;
  // For each filter the QoS, or 128 and more if it was refused.
  virtual void OnMqttSubscribed(int id, std::vector<int> granted) = 0;
  virtual void OnMqttUnsubscribed(int id) = 0;
  // The connection is over, or there was none; "" after Disconnect. The last event.
  virtual void OnMqttClosed(std::string why) = 0;
};

class MqttClient {
 public:
  // Connects. InvalidArgument: a certificate or an option that cannot be used.
  static absl::StatusOr<std::unique_ptr<MqttClient>> Start(MqttEnv& env, MqttSpec spec,
                                                           MqttListener& listener);
  // Cuts the connection: the broker publishes the will.
  virtual ~MqttClient() = default;

  // Each returns a number by which it is answered. InvalidArgument: topic, filter or size;
  // FailedPrecondition: there is no connection; ResourceExhausted: kMaxMqttBytes are under way.
  virtual absl::StatusOr<int> Publish(const MqttMessage& message) = 0;
  virtual absl::StatusOr<int> Subscribe(const std::vector<std::string>& filters, int qos) = 0;
  virtual absl::StatusOr<int> Unsubscribe(const std::vector<std::string>& filters) = 0;
  // Says goodbye after what is queued.
  virtual void Disconnect() = 0;
};

// Whether `topic` may be published to, and `filter` be subscribed to (with wildcards).
absl::Status CheckMqttTopic(absl::string_view topic);
absl::Status CheckMqttFilter(absl::string_view filter);

}  // namespace lockstep::agent
