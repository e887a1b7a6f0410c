#include "agent/js/lockstep/socketio_connection.h"

#include "absl/strings/str_cat.h"

#include "agent/js/bind/text.h"

namespace lockstep::agent {

namespace {

// Events that wait for an acknowledgement. Older ones of more are not measured any more.
constexpr size_t kMostUnanswered = 100'000;

enum SocketIoMetric : size_t {
  kSocketIoSessions,
  kSocketIoConnecting,
  kSocketIoSessionDuration,
  kSocketIoMsgsSent,
  kSocketIoMsgsReceived,
  kSocketIoAckDuration,
};
// In the order of `SocketIoMetric`.
constexpr MetricDefinition kSocketIoMetrics[] = {
    {"socketio_sessions"},
    {"socketio_connecting", MetricType::kTrend, ValueType::kTime},
    {"socketio_session_duration", MetricType::kTrend, ValueType::kTime},
    {"socketio_msgs_sent"},
    {"socketio_msgs_received"},
    {"socketio_ack_duration", MetricType::kTrend, ValueType::kTime},
};

}  // namespace

absl::Span<const MetricDefinition> SocketIoMeter::Definitions() {
  return kSocketIoMetrics;
}

TagSet SocketIoMeter::TagsOf(const std::string& name_space) const {
  return vu_.sink().tags().With(tags_, "namespace", name_space);
}

TagSet SocketIoMeter::TagsOf(const std::string& name_space, absl::string_view event) const {
  return vu_.sink().tags().With(TagsOf(name_space), "event", event);
}

void SocketIoMeter::Connecting(const std::string& name_space) {
  connecting_[name_space] = vu_.loop().clock().Mono();
}

void SocketIoMeter::Connected(const std::string& name_space, absl::string_view error) {
  const auto begun = connecting_.find(name_space);
  if (begun == connecting_.end()) {
    return;
  }
  TagSet tags = TagsOf(name_space);
  if (!error.empty() && vu_.system_tags().Has(SystemTag::kError)) {
    tags = vu_.sink().tags().With(tags, SystemTagName(SystemTag::kError), error);
  }
  metrics_.Add(kSocketIoSessions, 1, tags);
  if (error.empty()) {
    metrics_.AddTime(kSocketIoConnecting, begun->second, tags);
    connected_[name_space] = begun->second;
  }
  connecting_.erase(begun);
}

void SocketIoMeter::Disconnected(const std::string& name_space) {
  const auto since = connected_.find(name_space);
  if (since != connected_.end()) {
    metrics_.AddTime(kSocketIoSessionDuration, since->second, TagsOf(name_space));
    connected_.erase(since);
  }
}

void SocketIoMeter::Sent(const SocketPacket& packet) {
  if (packet.type == SocketType::kDisconnect) {
    Disconnected(packet.name_space);
  }
  if (packet.type != SocketType::kEvent && packet.type != SocketType::kBinaryEvent) {
    return;
  }
  std::string event = EventNameOf(packet.json);
  metrics_.Add(kSocketIoMsgsSent, 1, TagsOf(packet.name_space, event));
  if (packet.id) {
    if (unanswered_.size() >= kMostUnanswered) {
      unanswered_.erase(unanswered_.begin());
    }
    unanswered_[{packet.name_space, *packet.id}] = {std::move(event), vu_.loop().clock().Mono()};
  }
}

void SocketIoMeter::Received(const SocketPacket& packet) {
  switch (packet.type) {
    case SocketType::kConnect:
      Connected(packet.name_space, "");
      break;
    case SocketType::kConnectError:
      Connected(packet.name_space, "connect_error");
      break;
    case SocketType::kDisconnect:
      Disconnected(packet.name_space);
      break;
    case SocketType::kEvent:
    case SocketType::kBinaryEvent:
      metrics_.Add(kSocketIoMsgsReceived, 1, TagsOf(packet.name_space, EventNameOf(packet.json)));
      break;
    case SocketType::kAck:
    case SocketType::kBinaryAck:
      if (const auto asked = unanswered_.find({packet.name_space, packet.id.value_or(0)});
          packet.id && asked != unanswered_.end()) {
        metrics_.AddTime(kSocketIoAckDuration, asked->second.sent,
                         TagsOf(packet.name_space, asked->second.event));
        unanswered_.erase(asked);
      }
      break;
  }
}

void SocketIoMeter::Ended(absl::string_view why) {
  while (!connecting_.empty()) {
    const std::string name_space = connecting_.begin()->first;
    Connected(name_space, why);
  }
  while (!connected_.empty()) {
    const std::string name_space = connected_.begin()->first;
    Disconnected(name_space);
  }
}

SocketIoModule::Connection::Connection(SocketIoModule& module, uint64_t number,
                                       v8::Isolate* isolate, SocketIoPlan plan,
                                       v8::Local<v8::Function> emit)
    : module_(module),
      number_(number),
      protocol_(plan.engine.protocol),
      shown_(plan.shown),
      meter_(module.vu(), module.metrics(), plan.tags),
      events_(module.vu(), isolate, emit),
      session_(module.env(), std::move(plan.engine), *this) {}

SocketIoModule::Connection::~Connection() {
  meter_.Ended("interrupted");
}

void SocketIoModule::Connection::Connect(std::string name_space, std::string json) {
  meter_.Connecting(name_space);
  if (protocol_ == EngineProtocol::kThree && name_space == "/") {
    return;  // the server of Socket.IO 2 joins it by itself
  }
  SocketPacket packet{
      .type = SocketType::kConnect, .name_space = std::move(name_space), .json = std::move(json)};
  if (session_.open()) {
    Send(std::move(packet));
  } else {
    joining_.push_back(std::move(packet));
  }
}

void SocketIoModule::Connection::Send(SocketPacket packet) {
  meter_.Sent(packet);
  session_.Send({.data = EncodeSocketPacket(packet)});
  for (std::string& attachment : packet.attachments) {
    session_.Send({.data = std::move(attachment), .binary = true});
  }
}

void SocketIoModule::Connection::Failed(const std::string& name_space, absl::string_view cause) {
  module_.vu().AddError(cause, "SOCKETIO",
                        name_space == "/" ? shown_ : absl::StrCat(shown_, " ", name_space));
}

void SocketIoModule::Connection::OnEngineOpen(const HttpResponse& /*answer*/) {
  for (SocketPacket& packet : std::exchange(joining_, {})) {
    Send(std::move(packet));
  }
  events_.Announce([this, session = session_.session()] { events_.Emit("open", session); });
}

void SocketIoModule::Connection::OnEngineMessage(EnginePacket message) {
  const size_t bytes = message.data.size() + kWaitingEventBytes;
  absl::StatusOr<std::optional<SocketPacket>> packet =
      message.binary ? reader_.Bytes(std::move(message.data)) : reader_.Text(message.data);
  if (!packet.ok()) {
    Fail("parse error", std::string(packet.status().message()));
    return;
  }
  waiting_bytes_ += bytes;
  if (waiting_bytes_ > static_cast<size_t>(kMaxEngineBytes)) {
    Fail("transport error", absl::StrCat("the script has left unread ", kMaxEngineBytes,
                                         " bytes of messages, and more come"));
    return;
  }
  if (!packet->has_value()) {
    waiting_bytes_ -= bytes;
    return;
  }
  meter_.Received(**packet);
  events_.Announce([this, bytes, packet = **std::move(packet)] {
    waiting_bytes_ -= bytes;
    EmitPacket(packet);
  });
}

void SocketIoModule::Connection::OnEngineUpgrade() {
  events_.Announce([this] { events_.Emit("upgrade", "websocket"); });
}

void SocketIoModule::Connection::OnEngineClose(absl::string_view reason, std::string detail,
                                               const HttpResponse& answer) {
  meter_.Ended(reason);
  events_.Last([this, reason = std::string(reason), detail = std::move(detail),
                status = answer.status, body = answer.status == 200 ? "" : answer.body] {
    SocketIoModule& module = module_;
    const uint64_t number = number_;
    events_.Emit("close", reason, detail, status, body);
    module.connections().Forget(number);
  });
}

void SocketIoModule::Connection::Fail(absl::string_view reason, std::string detail) {
  session_.Close();
  OnEngineClose(reason, std::move(detail), {});
}

void SocketIoModule::Connection::EmitPacket(const SocketPacket& packet) {
  const Context context = events_.context();
  const v8::Local<v8::Array> attachments =
      ArrayOf(context, packet.attachments,
              [&](const std::string& bytes) { return JsBytes(events_.isolate(), bytes); });
  const v8::Local<v8::Value> id =
      packet.id ? ToJs(context, *packet.id) : v8::Undefined(events_.isolate()).As<v8::Value>();
  events_.Emit("packet", static_cast<int>(packet.type), packet.name_space, id, packet.json,
               attachments);
}

}  // namespace lockstep::agent
