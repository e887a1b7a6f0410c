#include "agent/mqtt/client.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include "absl/strings/str_cat.h"

#include "agent/mqtt/driver.h"
#include "agent/mqtt/handle.h"
#include "agent/mqtt/properties.h"
#include "agent/mqtt/requests.h"
#include "agent/mqtt/tls.h"
#include "agent/net/multi_loop.h"
#include "agent/net/net_error.h"
#include "agent/net/network.h"
#include "agent/net/resolver.h"
#include "agent/net/rules.h"
#include "agent/net/target.h"
#include "common/base/status_macros.h"
#include "common/base/timer.h"

namespace lockstep::agent {
namespace {

constexpr size_t kMostPayload = 268'435'455;  // of the protocol
constexpr int kFirstFailure = 128;            // of reason codes

absl::Status StatusOfMosquitto(int code) {
  switch (code) {
    case MOSQ_ERR_SUCCESS:
      return absl::OkStatus();
    case MOSQ_ERR_NO_CONN:
    case MOSQ_ERR_CONN_LOST:
      return absl::FailedPreconditionError(kNoMqttConnection);
    case MOSQ_ERR_QOS_NOT_SUPPORTED:
      return absl::InvalidArgumentError("the broker does not support this QoS");
    case MOSQ_ERR_OVERSIZE_PACKET:
      return absl::InvalidArgumentError("the message is larger than the broker takes");
    default:
      return absl::InvalidArgumentError(mosquitto_strerror(code));
  }
}

// The filters as libmosquitto takes them, which does not write to them.
absl::StatusOr<std::vector<char*>> CheckedFilters(const std::vector<std::string>& filters) {
  std::vector<char*> names;
  for (const std::string& filter : filters) {
    LOCKSTEP_RETURN_IF_ERROR(CheckMqttFilter(filter));
    names.push_back(const_cast<char*>(filter.c_str()));
  }
  return names;
}

class MosquittoClient final : public MqttClient, private MosquittoEvents {
 public:
  MosquittoClient(MqttEnv& env, MqttSpec spec, MqttListener& listener);
  ~MosquittoClient() override;
  MosquittoClient(const MosquittoClient&) = delete;
  MosquittoClient& operator=(const MosquittoClient&) = delete;

  absl::Status Prepare();
  absl::StatusOr<int> Publish(const MqttMessage& message) override;
  absl::StatusOr<int> Subscribe(const std::vector<std::string>& filters,
                                const MqttSubscription& how) override;
  absl::StatusOr<int> Unsubscribe(const std::vector<std::string>& filters) override;
  void Disconnect() override;
  void Cut() override {
    if (!over_) {
      End("");
    }
  }

 private:
  using Event = absl::AnyInvocable<void(MqttListener&)>;

  void Dial();
  void Connect(const IpAddress& ip);
  void Queue(Event event);
  void Deliver();
  // Decides how it ended; once.
  void End(std::string why);
  std::string WhyLost(MosquittoFailure failure) const;
  // What libmosquitto said to a request with this packet id.
  absl::StatusOr<int> Asked(int code, int id);
  // Sees to it that the next request gets a packet id that no other has. ResourceExhausted: they
  // all have one.
  absl::Status PassTakenIds();
  // Something was answered: if the client wants to leave, it may do so now, or wait anew.
  void Answered();
  void SayGoodbye();

  void OnConnack(int code, bool session_present) override;
  void OnMessage(MqttMessage message) override;
  void OnPublished(int id, int reason) override;
  void OnSubscribed(int id, std::vector<int> granted) override;
  void OnUnsubscribed(int id) override;
  void OnDisconnected(int code) override;

  MqttEnv& env_;
  const MqttSpec spec_;
  MqttListener& listener_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Target target_;
  std::unique_ptr<MqttTls> tls_;  // outlives `mosquitto_`
  MosquittoHandle mosquitto_;
  std::optional<MosquittoDriver> driver_;
  bool connected_ = false;  // the broker has let us in
  bool leaving_ = false;
  bool said_goodbye_ = false;
  bool over_ = false;
  Timer timeout_{env_.loop}, delivery_{env_.loop}, goodbye_{env_.loop};
  std::vector<Event> events_;
  MqttRequests requests_;
};

MosquittoClient::MosquittoClient(MqttEnv& env, MqttSpec spec, MqttListener& listener)
    : env_(env), spec_(std::move(spec)), listener_(listener) {}

MosquittoClient::~MosquittoClient() {
  *alive_ = false;
}

absl::Status MosquittoClient::Prepare() {
  target_ = MakeTarget(env_.network, spec_.host, spec_.port, spec_.secure);
  if (spec_.secure) {
    LOCKSTEP_ASSIGN_OR_RETURN(
        tls_, MqttTls::Make(env_.network, spec_,
                            ClientCertificateFor(env_.network.options().tls_auth, spec_.host)));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(mosquitto_,
                            MakeMosquitto(spec_, tls_ ? tls_->context() : nullptr, *this));
  driver_.emplace(env_.loop, mosquitto_.get(),
                  [this](MosquittoFailure failure) { End(said_goodbye_ ? "" : WhyLost(failure)); });
  if (spec_.timeout > absl::ZeroDuration()) {
    timeout_.After(spec_.timeout, [this] { End("connect timeout"); });
  }
  Dial();
  return absl::OkStatus();
}

// ---- connecting ----

void MosquittoClient::Dial() {
  if (target_.refused.code != 0) {
    End(target_.refused.in_full());
    return;
  }
  if (target_.ip) {
    Connect(*target_.ip);
    return;
  }
  Resolver& resolver = env_.network.resolver();
  if (const auto ip = resolver.Cached(target_.host, env_.loop.clock().Mono())) {
    Connect(*ip);
    return;
  }
  resolver.Resolve(target_.host, env_.loop,
                   [this, alive = alive_](const absl::StatusOr<IpAddress>& answer) {
                     if (!*alive || over_) {
                       return;
                     }
                     if (answer.ok()) {
                       Connect(*answer);
                     } else {
                       End(ErrorFromLookup(answer.status()).in_full());
                     }
                   });
}

void MosquittoClient::Connect(const IpAddress& ip) {
  if (const HttpError refused = CheckAddress(env_.network, ip); refused.code != 0) {
    End(refused.in_full());
    return;
  }
  driver_->Connect(ip, target_.dial_port, spec_.keepalive);
}

std::string MosquittoClient::WhyLost(MosquittoFailure failure) const {
  if (tls_ != nullptr && !tls_->refusal().empty()) {
    return tls_->refusal();
  }
  if (failure.dial_errno != 0) {
    return absl::StrCat("dial: ", ErrnoText(failure.dial_errno));
  }
  const int code = failure.code;
  if (code == MOSQ_ERR_ERRNO || code == MOSQ_ERR_CONN_LOST) {
    return connected_ ? "the connection was lost"
                      : "the connection ended before the broker had answered";
  }
  return code >= kFirstFailure || code < 0 ? mosquitto_reason_string(code)
                                           : mosquitto_strerror(code);
}

void MosquittoClient::OnConnack(int code, bool session_present) {
  if (code != 0) {
    End(absl::StrCat("the broker refused the connection: ", spec_.version == MqttVersion::k5
                                                                ? mosquitto_reason_string(code)
                                                                : mosquitto_connack_string(code)));
    return;
  }
  connected_ = true;
  timeout_.Cancel();
  Queue([session_present](MqttListener& listener) { listener.OnMqttConnected(session_present); });
}

void MosquittoClient::OnDisconnected(int code) {
  End(said_goodbye_ ? "" : WhyLost({.code = code}));
}

// ---- events ----

void MosquittoClient::Queue(Event event) {
  if (over_) {
    return;
  }
  events_.push_back(std::move(event));
  if (!delivery_.set()) {
    delivery_.After(absl::ZeroDuration(), [this] { Deliver(); });
  }
}

void MosquittoClient::Deliver() {
  const std::shared_ptr<bool> alive = alive_;
  for (Event& event : std::exchange(events_, {})) {
    event(listener_);
    if (!*alive) {
      return;
    }
  }
}

void MosquittoClient::End(std::string why) {
  Queue([why = std::move(why)](MqttListener& listener) mutable {
    listener.OnMqttClosed(std::move(why));
  });
  over_ = true;
  connected_ = false;
  timeout_.Cancel();
  goodbye_.Cancel();
  driver_->Stop();
}

// ---- what a script asks for ----

absl::Status MosquittoClient::PassTakenIds() {
  while (requests_.NextIdIsTaken()) {
    const int last = requests_.last_id();
    const int id = requests_.full() ? last : SpendPacketId(mosquitto_.get(), last);
    if (id == last) {
      return absl::ResourceExhaustedError(
          requests_.full()
              ? absl::StrCat("the broker has left so much unanswered that none of MQTT's ",
                             MqttRequests::kMostIds, " packet ids is free")
              : "the broker has not answered what has the next packet id, and libmosquitto passes over none while the broker "
                "limits the size of packets: only another connection helps");
    }
    requests_.NoteId(id);
  }
  return absl::OkStatus();
}

absl::StatusOr<int> MosquittoClient::Publish(const MqttMessage& message) {
  LOCKSTEP_RETURN_IF_ERROR(CheckMqttTopic(message.topic));
  if (message.payload.size() > kMostPayload) {
    return absl::InvalidArgumentError(
        absl::StrCat("the payload is longer than ", kMostPayload, " bytes"));
  }
  if (!connected_ || leaving_) {
    return StatusOfMosquitto(MOSQ_ERR_NO_CONN);
  }
  const auto bytes = static_cast<int64_t>(message.topic.size() + message.payload.size());
  if (requests_.bytes() > 0 && requests_.bytes() + bytes > kMaxMqttBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("more than ", kMaxMqttBytes,
                     " bytes are under way to the broker, which does not take them"));
  }
  LOCKSTEP_RETURN_IF_ERROR(PassTakenIds());
  LOCKSTEP_ASSIGN_OR_RETURN(const MosquittoProperties properties,
                            MosquittoProperties::Make(message.properties));
  int id = requests_.last_id();
  const int number = requests_.BeginPublication(bytes);
  const int code = mosquitto_publish_v5(
      mosquitto_.get(), &id, message.topic.c_str(), static_cast<int>(message.payload.size()),
      message.payload.data(), message.qos, message.retain, properties.get());
  requests_.EndPublication(id, code == MOSQ_ERR_SUCCESS);
  driver_->Look();
  return code == MOSQ_ERR_SUCCESS ? absl::StatusOr<int>(number) : StatusOfMosquitto(code);
}

void MosquittoClient::OnPublished(int id, int reason) {
  const std::optional<int> number = requests_.TakePublication(id);
  if (!number) {
    return;
  }
  Queue([number = *number,
         why = std::string(reason >= kFirstFailure ? mosquitto_reason_string(reason) : "")](
            MqttListener& listener) { listener.OnMqttPublished(number, why); });
  Answered();
}

absl::StatusOr<int> MosquittoClient::Asked(int code, int id) {
  requests_.NoteId(id);
  driver_->Look();
  if (code == MOSQ_ERR_SUCCESS && connected_) {
    return requests_.Add(id);
  }
  return StatusOfMosquitto(connected_ ? code : MOSQ_ERR_NO_CONN);
}

absl::StatusOr<int> MosquittoClient::Subscribe(const std::vector<std::string>& filters,
                                               const MqttSubscription& how) {
  LOCKSTEP_ASSIGN_OR_RETURN(std::vector<char*> names, CheckedFilters(filters));
  LOCKSTEP_ASSIGN_OR_RETURN(const MosquittoProperties properties, MosquittoProperties::Make(how));
  const int options = (how.no_local ? int{MQTT_SUB_OPT_NO_LOCAL} : 0) |
                      (how.retain_as_published ? int{MQTT_SUB_OPT_RETAIN_AS_PUBLISHED} : 0) |
                      how.retain_handling * int{MQTT_SUB_OPT_SEND_RETAIN_NEW};
  LOCKSTEP_RETURN_IF_ERROR(PassTakenIds());
  int id = requests_.last_id();
  const int code =
      mosquitto_subscribe_multiple(mosquitto_.get(), &id, static_cast<int>(names.size()),
                                   names.data(), how.qos, options, properties.get());
  return Asked(code, id);
}

void MosquittoClient::OnSubscribed(int id, std::vector<int> granted) {
  if (const std::optional<int> number = requests_.Take(id)) {
    Queue([number = *number, granted = std::move(granted)](MqttListener& listener) {
      listener.OnMqttSubscribed(number, granted);
    });
    Answered();
  }
}

absl::StatusOr<int> MosquittoClient::Unsubscribe(const std::vector<std::string>& filters) {
  LOCKSTEP_ASSIGN_OR_RETURN(std::vector<char*> names, CheckedFilters(filters));
  LOCKSTEP_RETURN_IF_ERROR(PassTakenIds());
  int id = requests_.last_id();
  const int code = mosquitto_unsubscribe_multiple(
      mosquitto_.get(), &id, static_cast<int>(names.size()), names.data(), nullptr);
  return Asked(code, id);
}

void MosquittoClient::OnUnsubscribed(int id) {
  if (const std::optional<int> number = requests_.Take(id)) {
    Queue([number = *number](MqttListener& listener) { listener.OnMqttUnsubscribed(number); });
    Answered();
  }
}

void MosquittoClient::OnMessage(MqttMessage message) {
  Queue([message = std::move(message)](MqttListener& listener) mutable {
    listener.OnMqttMessage(std::move(message));
  });
}

void MosquittoClient::Disconnect() {
  if (over_ || leaving_) {
    return;
  }
  leaving_ = true;
  if (!connected_) {
    End("");
    driver_->Look();
    return;
  }
  Answered();
}

void MosquittoClient::Answered() {
  if (!leaving_ || said_goodbye_ || over_) {
    return;
  }
  // Not at once: this may be within a call of libmosquitto's.
  const bool done = requests_.empty();
  goodbye_.After(done ? absl::ZeroDuration() : spec_.goodbye, [this] { SayGoodbye(); });
}

void MosquittoClient::SayGoodbye() {
  said_goodbye_ = true;
  const int code = mosquitto_disconnect(mosquitto_.get());
  if (code != MOSQ_ERR_SUCCESS) {
    End("");
  }
  driver_->Look();
}

}  // namespace

absl::StatusOr<std::unique_ptr<MqttClient>> MqttClient::Start(MqttEnv& env, MqttSpec spec,
                                                              MqttListener& listener) {
  auto client = std::make_unique<MosquittoClient>(env, std::move(spec), listener);
  LOCKSTEP_RETURN_IF_ERROR(client->Prepare());
  return std::unique_ptr<MqttClient>(std::move(client));
}

}  // namespace lockstep::agent
