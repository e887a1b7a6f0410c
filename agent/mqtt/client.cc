#include "agent/mqtt/client.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

#include "agent/mqtt/properties.h"
#include "agent/mqtt/tls.h"
#include "agent/net/client_certificate.h"
#include "agent/net/multi_loop.h"
#include "agent/net/net_error.h"
#include "agent/net/network.h"
#include "agent/net/resolver.h"
#include "agent/net/rules.h"
#include "agent/net/target.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

constexpr absl::Duration kMiscEvery = absl::Seconds(1);  // what libmosquitto wants
constexpr size_t kMostPayload = 268'435'455;             // of the protocol
constexpr int kFirstFailure = 128;                       // of reason codes

// Once in a process.
void StartLibrary() {
  [[maybe_unused]] static const int started = mosquitto_lib_init();
}

absl::Status StatusOfMosquitto(int code) {
  switch (code) {
    case MOSQ_ERR_SUCCESS:
      return absl::OkStatus();
    case MOSQ_ERR_NO_CONN:
    case MOSQ_ERR_CONN_LOST:
      return absl::FailedPreconditionError("there is no connection to the broker");
    case MOSQ_ERR_QOS_NOT_SUPPORTED:
      return absl::InvalidArgumentError("the broker does not support this QoS");
    case MOSQ_ERR_OVERSIZE_PACKET:
      return absl::InvalidArgumentError("the message is larger than the broker takes");
    default:
      return absl::InvalidArgumentError(mosquitto_strerror(code));
  }
}

class MosquittoClient final : public MqttClient {
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

 private:
  using Event = absl::AnyInvocable<void(MqttListener&)>;

  absl::Status SetWill();
  absl::Status SetProperties();
  void Dial();
  void Connect(const IpAddress& ip);
  void OnReady(uint32_t events);
  // Looks at what libmosquitto made of a call, and what it waits for now.
  void After(int code);
  void WatchSocket();
  void Misc();
  void Queue(Event event);
  void Deliver();
  // Decides how it ended; once.
  void End(std::string why);
  std::string WhyLost(int code) const;
  static MosquittoClient& Of(void* self) { return *static_cast<MosquittoClient*>(self); }
  void SetCallbacks();
  void OnConnack(int code, int flags);
  void OnPublished(int id, int reason);

  MqttEnv& env_;
  const MqttSpec spec_;
  MqttListener& listener_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Target target_;
  std::unique_ptr<MqttTls> tls_;  // outlives `mosquitto_`
  mosquitto* mosquitto_ = nullptr;
  int socket_ = -1;
  uint32_t watched_ = 0;
  bool dialled_ = false;    // the kernel has said whether there is a connection
  bool connected_ = false;  // the broker has let us in
  bool leaving_ = false;
  bool over_ = false;
  TimerId timeout_ = TimerId::kNone, misc_ = TimerId::kNone, delivery_ = TimerId::kNone;
  std::vector<Event> events_;
  absl::flat_hash_map<int, int64_t> under_way_;  // bytes of publications by id
  int64_t bytes_under_way_ = 0;
};

MosquittoClient::MosquittoClient(MqttEnv& env, MqttSpec spec, MqttListener& listener)
    : env_(env), spec_(std::move(spec)), listener_(listener) {}

MosquittoClient::~MosquittoClient() {
  *alive_ = false;
  for (const TimerId timer : {timeout_, misc_, delivery_}) {
    env_.loop.Cancel(timer);
  }
  if (socket_ >= 0) {
    env_.loop.Unwatch(socket_);
  }
  if (mosquitto_ != nullptr) {
    mosquitto_destroy(mosquitto_);
  }
}

absl::Status MosquittoClient::Prepare() {
  StartLibrary();
  Url url;
  url.scheme = spec_.secure ? "https" : "http";
  url.host = spec_.host;
  url.port = spec_.port;
  target_ = MakeTarget(env_.network, url);
  mosquitto_ = mosquitto_new(spec_.client_id.empty() ? nullptr : spec_.client_id.c_str(),
                             spec_.clean || spec_.client_id.empty(), this);
  if (mosquitto_ == nullptr) {  // nothing else is wrong with what it is given
    return absl::InvalidArgumentError("clientId: it must be UTF-8");
  }
  mosquitto_int_option(mosquitto_, MOSQ_OPT_PROTOCOL_VERSION, static_cast<int>(spec_.version));
  mosquitto_int_option(mosquitto_, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_max_inflight_messages_set(mosquitto_, 0);
  if (spec_.username && mosquitto_username_pw_set(mosquitto_, spec_.username->c_str(),
                                                  spec_.password ? spec_.password->c_str()
                                                                 : nullptr) != MOSQ_ERR_SUCCESS) {
    return absl::InvalidArgumentError("username: it must be UTF-8");
  }
  if (spec_.secure) {
    LOCKSTEP_ASSIGN_OR_RETURN(
        tls_, MqttTls::Make(env_.network, spec_,
                            ClientCertificateFor(env_.network.options().tls_auth, spec_.host)));
    mosquitto_int_option(mosquitto_, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
    mosquitto_void_option(mosquitto_, MOSQ_OPT_SSL_CTX, tls_->context());
  }
  LOCKSTEP_RETURN_IF_ERROR(SetWill());
  LOCKSTEP_RETURN_IF_ERROR(SetProperties());
  SetCallbacks();
  if (spec_.timeout > absl::ZeroDuration()) {
    timeout_ = env_.loop.After(spec_.timeout, [this] {
      timeout_ = TimerId::kNone;
      End("connect timeout");
    });
  }
  Dial();
  return absl::OkStatus();
}

absl::Status MosquittoClient::SetWill() {
  if (!spec_.will) {
    return absl::OkStatus();
  }
  const MqttMessage& will = *spec_.will;
  LOCKSTEP_RETURN_IF_ERROR(CheckMqttTopic(will.topic));
  LOCKSTEP_ASSIGN_OR_RETURN(MosquittoProperties properties,
                            MosquittoProperties::Make(will.properties));
  mosquitto_property* const list = properties.Release();
  const int code =
      mosquitto_will_set_v5(mosquitto_, will.topic.c_str(), static_cast<int>(will.payload.size()),
                            will.payload.data(), will.qos, will.retain, list);
  if (code != MOSQ_ERR_SUCCESS) {
    return absl::InvalidArgumentError(absl::StrCat("will: ", mosquitto_strerror(code)));
  }
  return absl::OkStatus();
}

// The call that connects without waiting takes no properties, and the one that takes them waits; but without a host that one
// only remembers them, for whichever call connects.
absl::Status MosquittoClient::SetProperties() {
  LOCKSTEP_ASSIGN_OR_RETURN(const MosquittoProperties properties,
                            MosquittoProperties::Make(spec_.properties));
  if (properties.get() != nullptr) {
    const int code =
        mosquitto_connect_bind_v5(mosquitto_, nullptr, 0, 0, nullptr, properties.get());
    LOCKSTEP_CHECK(code == MOSQ_ERR_INVAL);
  }
  return absl::OkStatus();
}

void MosquittoClient::SetCallbacks() {
  mosquitto_connect_v5_callback_set(
      mosquitto_, [](mosquitto*, void* self, int code, int flags, const mosquitto_property*) {
        Of(self).OnConnack(code, flags);
      });
  mosquitto_publish_v5_callback_set(
      mosquitto_, [](mosquitto*, void* self, int id, int reason, const mosquitto_property*) {
        Of(self).OnPublished(id, reason);
      });
  mosquitto_message_v5_callback_set(
      mosquitto_, [](mosquitto*, void* self, const mosquitto_message* message,
                     const mosquitto_property* properties) {
        MqttMessage got{.topic = message->topic,
                        .payload = std::string(static_cast<const char*>(message->payload),
                                               static_cast<size_t>(message->payloadlen)),
                        .qos = message->qos,
                        .retain = message->retain,
                        .properties = ReadProperties(properties)};
        Of(self).Queue([got = std::move(got)](MqttListener& listener) mutable {
          listener.OnMqttMessage(std::move(got));
        });
      });
  mosquitto_subscribe_v5_callback_set(
      mosquitto_,
      [](mosquitto*, void* self, int id, int count, const int* granted, const mosquitto_property*) {
        Of(self).Queue([id, all = std::vector<int>(granted, granted + count)](
                           MqttListener& listener) { listener.OnMqttSubscribed(id, all); });
      });
  mosquitto_unsubscribe_v5_callback_set(
      mosquitto_, [](mosquitto*, void* self, int id, const mosquitto_property*) {
        Of(self).Queue([id](MqttListener& listener) { listener.OnMqttUnsubscribed(id); });
      });
  mosquitto_disconnect_v5_callback_set(
      mosquitto_, [](mosquitto*, void* self, int code, const mosquitto_property*) {
        MosquittoClient& client = Of(self);
        client.End(client.leaving_ ? "" : client.WhyLost(code));
      });
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
  const int code = mosquitto_connect_async(mosquitto_, ip.ToString().c_str(), target_.dial_port,
                                           static_cast<int>(absl::ToInt64Seconds(spec_.keepalive)));
  if (code != MOSQ_ERR_SUCCESS) {
    End(WhyLost(code));
    return;
  }
  misc_ = env_.loop.After(kMiscEvery, [this] { Misc(); });
  WatchSocket();
}

std::string MosquittoClient::WhyLost(int code) const {
  if (tls_ != nullptr && !tls_->refusal().empty()) {
    return tls_->refusal();
  }
  if (code == MOSQ_ERR_ERRNO && !dialled_) {
    return absl::StrCat("dial: ", std::strerror(errno));
  }
  if (code == MOSQ_ERR_ERRNO || code == MOSQ_ERR_CONN_LOST) {
    return connected_ ? "the connection was lost"
                      : "the connection ended before the broker had answered";
  }
  return code >= kFirstFailure || code < 0 ? mosquitto_reason_string(code)
                                           : mosquitto_strerror(code);
}

void MosquittoClient::WatchSocket() {
  const int socket = over_ ? -1 : mosquitto_socket(mosquitto_);
  if (socket_ >= 0 && socket != socket_) {
    env_.loop.Unwatch(std::exchange(socket_, -1));
    watched_ = 0;
  }
  if (socket < 0) {
    return;
  }
  const uint32_t wanted =
      EPOLLIN | (!dialled_ || mosquitto_want_write(mosquitto_) ? uint32_t{EPOLLOUT} : 0);
  if (wanted != watched_) {
    socket_ = socket;
    watched_ = wanted;
    env_.loop.Watch(socket, wanted, [this](uint32_t events) { OnReady(events); });
  }
}

void MosquittoClient::OnReady(uint32_t events) {
  if (!std::exchange(dialled_, true)) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      End(absl::StrCat("dial: ", std::strerror(error)));
      WatchSocket();
      return;
    }
  }
  int code = MOSQ_ERR_SUCCESS;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    code = mosquitto_loop_read(mosquitto_, 1);
  }
  if (code == MOSQ_ERR_SUCCESS && (events & EPOLLOUT) != 0) {
    code = mosquitto_loop_write(mosquitto_, 1);
  }
  After(code);
}

void MosquittoClient::Misc() {
  misc_ = env_.loop.After(kMiscEvery, [this] { Misc(); });
  After(mosquitto_loop_misc(mosquitto_));
}

void MosquittoClient::After(int code) {
  if (code != MOSQ_ERR_SUCCESS) {
    End(leaving_ ? "" : WhyLost(code));
  }
  WatchSocket();
}

void MosquittoClient::OnConnack(int code, int flags) {
  if (code != 0) {
    End(absl::StrCat("the broker refused the connection: ", spec_.version == MqttVersion::k5
                                                                ? mosquitto_reason_string(code)
                                                                : mosquitto_connack_string(code)));
    return;
  }
  connected_ = true;
  env_.loop.Cancel(std::exchange(timeout_, TimerId::kNone));
  Queue(
      [session = (flags & 1) != 0](MqttListener& listener) { listener.OnMqttConnected(session); });
}

// ---- events ----

void MosquittoClient::Queue(Event event) {
  if (over_) {
    return;
  }
  events_.push_back(std::move(event));
  if (delivery_ == TimerId::kNone) {
    delivery_ = env_.loop.After(absl::ZeroDuration(), [this] {
      delivery_ = TimerId::kNone;
      Deliver();
    });
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
  env_.loop.Cancel(std::exchange(timeout_, TimerId::kNone));
  env_.loop.Cancel(std::exchange(misc_, TimerId::kNone));
}

// ---- what a script asks for ----

absl::StatusOr<int> MosquittoClient::Publish(const MqttMessage& message) {
  LOCKSTEP_RETURN_IF_ERROR(CheckMqttTopic(message.topic));
  if (message.payload.size() > kMostPayload) {
    return absl::InvalidArgumentError(
        absl::StrCat("the payload is longer than ", kMostPayload, " bytes"));
  }
  if (!connected_) {
    return StatusOfMosquitto(MOSQ_ERR_NO_CONN);
  }
  const auto bytes = static_cast<int64_t>(message.topic.size() + message.payload.size());
  if (bytes_under_way_ > 0 && bytes_under_way_ + bytes > kMaxMqttBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("more than ", kMaxMqttBytes,
                     " bytes are under way to the broker, which does not take them"));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const MosquittoProperties properties,
                            MosquittoProperties::Make(message.properties));
  int id = 0;
  // With QoS 0 it may be over before the call is.
  bytes_under_way_ += bytes;
  const int code = mosquitto_publish_v5(
      mosquitto_, &id, message.topic.c_str(), static_cast<int>(message.payload.size()),
      message.payload.data(), message.qos, message.retain, properties.get());
  if (code != MOSQ_ERR_SUCCESS) {
    bytes_under_way_ -= bytes;
    WatchSocket();
    return StatusOfMosquitto(code);
  }
  if (const auto early = under_way_.find(id); early != under_way_.end()) {
    bytes_under_way_ -= bytes;
    under_way_.erase(early);
  } else {
    under_way_[id] = bytes;
  }
  WatchSocket();
  return id;
}

void MosquittoClient::OnPublished(int id, int reason) {
  if (const auto known = under_way_.find(id); known != under_way_.end()) {
    bytes_under_way_ -= known->second;
    under_way_.erase(known);
  } else {
    under_way_[id] = 0;  // Publish is still running
  }
  Queue([id, why = std::string(reason >= kFirstFailure ? mosquitto_reason_string(reason) : "")](
            MqttListener& listener) { listener.OnMqttPublished(id, why); });
}

absl::StatusOr<int> MosquittoClient::Subscribe(const std::vector<std::string>& filters,
                                               const MqttSubscription& how) {
  std::vector<char*> names;
  for (const std::string& filter : filters) {
    LOCKSTEP_RETURN_IF_ERROR(CheckMqttFilter(filter));
    names.push_back(const_cast<char*>(filter.c_str()));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const MosquittoProperties properties, MosquittoProperties::Make(how));
  const int options = (how.no_local ? int{MQTT_SUB_OPT_NO_LOCAL} : 0) |
                      (how.retain_as_published ? int{MQTT_SUB_OPT_RETAIN_AS_PUBLISHED} : 0) |
                      how.retain_handling * int{MQTT_SUB_OPT_SEND_RETAIN_NEW};
  int id = 0;
  const int code = mosquitto_subscribe_multiple(mosquitto_, &id, static_cast<int>(names.size()),
                                                names.data(), how.qos, options, properties.get());
  WatchSocket();
  return code == MOSQ_ERR_SUCCESS && connected_
             ? absl::StatusOr<int>(id)
             : StatusOfMosquitto(connected_ ? code : MOSQ_ERR_NO_CONN);
}

absl::StatusOr<int> MosquittoClient::Unsubscribe(const std::vector<std::string>& filters) {
  std::vector<char*> names;
  for (const std::string& filter : filters) {
    LOCKSTEP_RETURN_IF_ERROR(CheckMqttFilter(filter));
    names.push_back(const_cast<char*>(filter.c_str()));
  }
  int id = 0;
  const int code = mosquitto_unsubscribe_multiple(mosquitto_, &id, static_cast<int>(names.size()),
                                                  names.data(), nullptr);
  WatchSocket();
  return code == MOSQ_ERR_SUCCESS && connected_
             ? absl::StatusOr<int>(id)
             : StatusOfMosquitto(connected_ ? code : MOSQ_ERR_NO_CONN);
}

void MosquittoClient::Disconnect() {
  if (over_ || leaving_) {
    return;
  }
  leaving_ = true;
  if (!connected_) {
    End("");
    WatchSocket();
    return;
  }
  const int code = mosquitto_disconnect(mosquitto_);
  if (code != MOSQ_ERR_SUCCESS) {
    End("");
  }
  WatchSocket();
}

}  // namespace

absl::StatusOr<std::unique_ptr<MqttClient>> MqttClient::Start(MqttEnv& env, MqttSpec spec,
                                                              MqttListener& listener) {
  auto client = std::make_unique<MosquittoClient>(env, std::move(spec), listener);
  LOCKSTEP_RETURN_IF_ERROR(client->Prepare());
  return std::unique_ptr<MqttClient>(std::move(client));
}

}  // namespace lockstep::agent
