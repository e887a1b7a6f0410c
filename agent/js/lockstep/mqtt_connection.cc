#include "agent/js/lockstep/mqtt_connection.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/lockstep/mqtt_properties.h"

namespace lockstep::agent {
namespace {

enum MqttMetric : size_t {
  kMqttSessions,
  kMqttConnecting,
  kMqttSessionDuration,
  kMqttMsgsSent,
  kMqttMsgsReceived,
  kMqttPublishDuration,
  kMqttSubscribeDuration,
  kMqttPublishes,
  kMqttSubscribes,
};
// In the order of `MqttMetric`, as are k6's; "": there is none.
constexpr MetricDefinition kMqttMetrics[] = {
    {"mqtt_sessions"},
    {"mqtt_connecting", MetricType::kTrend, ValueType::kTime},
    {"mqtt_session_duration", MetricType::kTrend, ValueType::kTime},
    {"mqtt_msgs_sent"},
    {"mqtt_msgs_received"},
    {"mqtt_publish_duration", MetricType::kTrend, ValueType::kTime},
    {"mqtt_subscribe_duration", MetricType::kTrend, ValueType::kTime},
    {""},
    {""},
};
constexpr MetricDefinition kK6MqttMetrics[] = {
    {"mqtt_connects"},
    {"mqtt_connect_duration", MetricType::kTrend, ValueType::kTime},
    {""},
    {"mqtt_messages_sent"},
    {"mqtt_messages_received"},
    {""},
    {""},
    {"mqtt_publishes"},
    {"mqtt_subscribes"},
};

// Of a PUBLISH besides topic and payload: the fixed header, the topic's length, and an id.
constexpr int64_t kMqttOverhead = 6;

constexpr int kFirstRefusal = 128;  // of what a broker says of each filter

// Of messages that the script has not got to.
constexpr size_t kMostMqttWaitingBytes = size_t{64} << 20;

absl::Status NoMqttConnection() {
  return absl::FailedPreconditionError(kNoMqttConnection);
}

}  // namespace

MqttModule::Connection::Connection(MqttModule& module, uint64_t number, v8::Isolate* isolate,
                                   const MqttPlan& plan, v8::Local<v8::Function> emit)
    : module_(module),
      number_(number),
      version_(plan.spec.version),
      tags_(plan.tags),
      shown_(plan.shown),
      began_(Now()),
      events_(module.vu(), isolate, emit) {}

MqttModule::Connection::~Connection() {
  Ended("interrupted");
}

absl::Span<const MetricDefinition> MqttModule::Connection::Definitions(Face face) {
  return face == Face::kK6 ? kK6MqttMetrics : kMqttMetrics;
}

absl::Status MqttModule::Connection::Start(MqttSpec spec) {
  auto client = MqttClient::Start(module_.env(), std::move(spec), *this);
  if (!client.ok()) {
    counted_ = true;  // there was none
    return client.status();
  }
  client_ = *std::move(client);
  return absl::OkStatus();
}

MonoTime MqttModule::Connection::Now() {
  return module_.vu().loop().clock().Mono();
}

TagSet MqttModule::Connection::TagsOf(int qos) {
  return module_.vu().sink().tags().With(tags_, "qos", absl::StrCat(qos));
}

void MqttModule::Connection::Close(bool force) {
  if (client_ == nullptr) {
    return;
  }
  if (force) {
    client_->Cut();
  } else {
    client_->Disconnect();
  }
}

absl::StatusOr<int> MqttModule::Connection::Publish(const MqttMessage& message, TagSet tags) {
  const MonoTime sent = Now();
  absl::StatusOr<int> id = client_ == nullptr ? NoMqttConnection() : client_->Publish(message);
  if (id.ok()) {
    const auto bytes = static_cast<int64_t>(message.topic.size() + message.payload.size());
    module_.metrics().Add(kMqttPublishes, 1, tags);
    publications_[*id] = {
        .sent = sent, .tags = std::move(tags), .qos = message.qos, .bytes = bytes};
  } else if (!absl::IsInvalidArgument(id.status())) {
    Failed(id.status().message());
  }
  return id;
}

void MqttModule::Connection::Failed(absl::string_view cause) {
  module_.vu().AddError(cause, kMqttMethod, shown_);
}

absl::StatusOr<int> MqttModule::Connection::Subscribe(const std::vector<std::string>& filters,
                                                      const MqttSubscription& how, TagSet tags) {
  absl::StatusOr<int> id =
      client_ == nullptr ? NoMqttConnection() : client_->Subscribe(filters, how);
  if (id.ok()) {
    module_.metrics().Add(kMqttSubscribes, 1, tags);
    subscriptions_[*id] = {.sent = Now(), .tags = std::move(tags)};
  }
  return id;
}

absl::StatusOr<int> MqttModule::Connection::Unsubscribe(const std::vector<std::string>& filters) {
  return client_ == nullptr ? NoMqttConnection() : client_->Unsubscribe(filters);
}

void MqttModule::Connection::Connected(absl::string_view error) {
  if (std::exchange(counted_, true)) {
    return;
  }
  TagSet tags = tags_;
  if (!error.empty() && module_.vu().system_tags().Has(SystemTag::kError)) {
    tags = module_.vu().sink().tags().With(tags, SystemTagName(SystemTag::kError), error);
  }
  open_ = error.empty();
  module_.metrics().Add(kMqttSessions, 1, tags);
  if (open_) {
    module_.metrics().AddTime(kMqttConnecting, began_, tags);
  }
}

void MqttModule::Connection::Ended(absl::string_view why) {
  Connected(why.empty() ? "closed" : why);
  if (std::exchange(open_, false)) {
    module_.metrics().AddTime(kMqttSessionDuration, began_, tags_);
  }
}

void MqttModule::Connection::OnMqttConnected(bool session_present) {
  Connected("");
  Tell(kConnected, {});
  events_.Announce([this, session_present] { events_.Emit("connect", session_present); });
}

void MqttModule::Connection::OnMqttMessage(MqttMessage message) {
  const size_t bytes = message.topic.size() + message.payload.size();
  module_.metrics().Add(kMqttMsgsReceived, 1, TagsOf(message.qos));
  module_.vu().CountBytes(0, static_cast<int64_t>(bytes) + kMqttOverhead);
  const size_t waiting = bytes + kWaitingEventBytes;
  waiting_bytes_ += waiting;
  if (waiting_bytes_ > kMostMqttWaitingBytes) {
    OnMqttClosed(absl::StrCat("the script has left unread ", kMostMqttWaitingBytes,
                              " bytes of messages, and more come"));
    client_.reset();
    return;
  }
  events_.Announce([this, waiting, message = std::move(message)] {
    waiting_bytes_ -= waiting;
    EmitMessage(message);
  });
}

void MqttModule::Connection::OnMqttPublished(int id, absl::string_view why) {
  if (const auto known = publications_.find(id); known != publications_.end()) {
    const Publication& publication = known->second;
    module_.metrics().Add(kMqttMsgsSent, 1, publication.tags);
    module_.vu().CountBytes(publication.bytes + kMqttOverhead, 0);
    module_.metrics().AddTime(kMqttPublishDuration, publication.sent, publication.tags);
    publications_.erase(known);
  }
  if (!why.empty()) {
    Failed(absl::StrCat("the broker refused a publication: ", why));
  }
  Answer(id, std::string(why), {});
}

void MqttModule::Connection::OnMqttSubscribed(int id, std::vector<int> granted) {
  if (const auto known = subscriptions_.find(id); known != subscriptions_.end()) {
    module_.metrics().AddTime(kMqttSubscribeDuration, known->second.sent, known->second.tags);
    subscriptions_.erase(known);
  }
  for (const int code : granted) {
    if (code >= kFirstRefusal) {
      Failed("the broker refused a subscription");
    }
  }
  Answer(id, "", std::move(granted));
}

void MqttModule::Connection::OnMqttClosed(std::string why) {
  if (!why.empty()) {
    Failed(why);
  }
  for (const auto& [id, publication] : std::exchange(publications_, {})) {
    Failed(publication.qos == 0 ? kMqttNotSent : "the broker has not confirmed a publication");
  }
  for (size_t i = std::exchange(subscriptions_, {}).size(); i > 0; --i) {
    Failed("the broker has not answered a subscription");
  }
  Ended(why);
  over_ = why;
  if (waited_for_) {
    const bool meant = why.empty() && *waited_for_ == kClosed;
    Tell(*waited_for_, {.error = meant || !why.empty() ? why : "connection closed", .granted = {}});
  }
  events_.Last([this, why = std::move(why)] {
    MqttModule& module = module_;
    const uint64_t number = number_;
    events_.Emit("close", why);
    module.connections().Forget(number);
  });
}

void MqttModule::Connection::Answer(int id, std::string error, std::vector<int> granted) {
  if (waited_for_ == id) {
    Tell(id, {std::move(error), std::move(granted)});
    return;
  }
  events_.Announce([this, id, error = std::move(error), granted = std::move(granted)] {
    events_.Emit("answer", id, error, ArrayOf(events_.context(), granted));
  });
}

std::optional<MqttAnswer> MqttModule::Connection::Wait(int id) {
  if (over_) {
    return MqttAnswer{.error = *over_, .granted = {}};
  }
  waited_for_ = id;
  const bool resumed = module_.vu().Park([this](ApiVu::Task wake) { wake_ = std::move(wake); });
  waited_for_.reset();
  wake_ = nullptr;
  return resumed ? std::exchange(answer_, std::nullopt) : std::nullopt;
}

void MqttModule::Connection::Tell(int id, MqttAnswer answer) {
  if (waited_for_ == id && wake_ != nullptr) {
    answer_ = std::move(answer);
    std::exchange(wake_, nullptr)();
  }
}

void MqttModule::Connection::EmitMessage(const MqttMessage& message) {
  const Context context = events_.context();
  const v8::Local<v8::Object> packet = v8::Object::New(events_.isolate());
  SetProperty(context, packet, "qos", message.qos);
  SetProperty(context, packet, "retain", message.retain);
  if (version_ == MqttVersion::k5) {
    SetProperty(context, packet, "properties", MqttPropertiesValue(context, message.properties));
  }
  events_.Emit("message", message.topic, JsBytes(events_.isolate(), message.payload), packet);
}

}  // namespace lockstep::agent
