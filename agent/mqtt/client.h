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

// What is said of a request without one.
inline constexpr char kNoMqttConnection[] = "there is no connection to the broker";

using MqttUserProperties = std::vector<std::pair<std::string, std::string>>;

// Of a message of MQTT 5; version 3.1.1 has none, of none of the three kinds.
struct MqttProperties {
  std::optional<std::string> content_type, response_topic, correlation_data;
  std::optional<uint32_t> message_expiry;  // seconds
  std::optional<uint32_t> will_delay;      // seconds; of wills only
  std::optional<bool> payload_is_text;
  std::vector<uint32_t> subscriptions;  // whose message it is; of received ones only
  MqttUserProperties user;

  bool empty() const {
    return !content_type && !response_topic && !correlation_data && !message_expiry &&
           !will_delay && !payload_is_text && subscriptions.empty() && user.empty();
  }
};

// Of a connection.
struct MqttConnectProperties {
  std::optional<uint32_t> session_expiry;       // seconds; 4294967295: never
  std::optional<uint16_t> receive_maximum;      // messages that are not confirmed yet, from 1
  std::optional<uint32_t> maximum_packet_size;  // bytes, from 1
  std::optional<bool> request_response_information, request_problem_information;
  MqttUserProperties user;
};

// How to subscribe. All but `qos` is of MQTT 5.
struct MqttSubscription {
  int qos = 0;
  bool no_local = false;  // not what this client publishes
  bool retain_as_published = false;
  // Retained messages: 0 send, 1 only if it is a new subscription, 2 do not.
  int retain_handling = 0;
  std::optional<uint32_t> identifier = {};  // from 1 to 268435455
  MqttUserProperties user = {};
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
  // For the broker's next answer, once the client wants to leave.
  absl::Duration goodbye = absl::Seconds(5);
  std::optional<std::string> username = {}, password = {};
  std::optional<MqttMessage> will = {};
  MqttConnectProperties properties = {};
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
  // The connection is over, or there was none; "" if it was this side's doing. What is not answered
  // by now never will be. The last event.
  virtual void OnMqttClosed(std::string why) = 0;
};

class MqttClient {
 public:
  // Connects. InvalidArgument: a certificate or an option that cannot be used.
  static absl::StatusOr<std::unique_ptr<MqttClient>> Start(MqttEnv& env, MqttSpec spec,
                                                           MqttListener& listener);
  // Cuts the connection: the broker publishes the will.
  virtual ~MqttClient() = default;

  // Each returns a number by which it is answered, and nothing else is. InvalidArgument: topic,
  // filter or size; FailedPrecondition: there is no connection; ResourceExhausted: kMaxMqttBytes
  // are under way, or each of MQTT's 65535 packet ids is that of something that is not answered.
  virtual absl::StatusOr<int> Publish(const MqttMessage& message) = 0;
  virtual absl::StatusOr<int> Subscribe(const std::vector<std::string>& filters,
                                        const MqttSubscription& how) = 0;
  virtual absl::StatusOr<int> Unsubscribe(const std::vector<std::string>& filters) = 0;
  // Asks for nothing more, and says goodbye once all that was asked for is answered, or nothing has
  // been for the time of `goodbye`.
  virtual void Disconnect() = 0;
  // Ends at once, as if the connection were cut.
  virtual void Cut() = 0;
};

// Whether `topic` may be published to, and `filter` be subscribed to (with wildcards).
absl::Status CheckMqttTopic(absl::string_view topic);
absl::Status CheckMqttFilter(absl::string_view filter);

}  // namespace lockstep::agent
