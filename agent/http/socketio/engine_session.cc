#include "agent/http/socketio/engine_session.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

constexpr int kGoodbye = 1000;  // RFC 6455, section 7.4.1
constexpr char kProbe[] = "probe";

int64_t SizeOfPacket(const EnginePacket& packet) {
  return static_cast<int64_t>(packet.data.size()) + 1;
}

}  // namespace

EngineSession::EngineSession(EngineEnv& env, EngineOptions options, EngineListener& listener)
    : env_(env), options_(std::move(options)), listener_(listener) {
  timeout_.After(options_.timeout, [this] { End("transport error", "timeout"); });
  if (options_.polling) {
    Poll();
  } else {
    on_socket_ = true;
    OpenSocket();
  }
}

EngineSession::~EngineSession() {
  *alive_ = false;
  env_.client.Cancel(poll_);
  env_.client.Cancel(post_);
  DropSocket();
}

void EngineSession::DropSocket() {
  if (socket_ != nullptr) {
    env_.count_bytes(socket_->bytes_sent(), socket_->bytes_received());
    socket_.reset();
  }
}

void EngineSession::OpenSocket() {
  socket_ = env_.client.OpenWebSocket(
      env_.pool, EngineSocketRequest(options_, handshake_.session, env_.loop.clock().Wall()),
      *this);
}

// ---- polling ----

void EngineSession::Poll() {
  poll_request_ = EnginePoll(options_, handshake_.session, env_.loop.clock().Wall());
  poll_ = env_.client.Submit(env_.pool, poll_request_,
                             [this](const HttpResponse& response) { OnPolled(response); });
}

void EngineSession::OnPolled(const HttpResponse& response) {
  poll_ = ExchangeId::kNone;
  env_.count_bytes(response.bytes_sent, response.bytes_received);
  options_.jar->SetAll(options_.url, response.headers, response.ended);
  if (response.status != 200) {
    End("transport error", DescribeEngineRefusal(response, options_.protocol), response);
    return;
  }
  absl::StatusOr<std::vector<EnginePacket>> packets =
      DecodeEnginePayload(options_.protocol, response.body);
  if (!packets.ok()) {
    End("parse error", DescribeEngineError(packets.status()));
    return;
  }
  const std::shared_ptr<bool> alive = alive_;
  for (EnginePacket& packet : *packets) {
    Handle(std::move(packet), response);
    if (!*alive || state_ == State::kOver) {
      return;
    }
  }
  if (state_ == State::kOpening) {
    End("parse error", "the server's first answer is not an Engine.IO handshake", response);
  } else if (upgrade_ == Upgrade::kPausing) {
    FinishUpgrade();
  } else if (!on_socket_ && state_ == State::kOpen) {
    Poll();
  }
}

void EngineSession::Post() {
  // The bodies that a server takes may be limited.
  size_t count = 0;
  int64_t bytes = 0;
  while (count < queue_.size()) {
    const int64_t size = SizeOfPacket(queue_[count]) * (queue_[count].binary ? 4 : 3) / 3 + 4;
    if (count > 0 && handshake_.max_payload > 0 && bytes + size > handshake_.max_payload) {
      break;
    }
    bytes += size;
    queued_bytes_ -= SizeOfPacket(queue_[count]);
    ++count;
  }
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  post_request_ = EnginePost(options_, handshake_.session, env_.loop.clock().Wall(),
                             EncodeEnginePayload(options_.protocol, {queue_.begin(), end}));
  queue_.erase(queue_.begin(), end);
  post_ = env_.client.Submit(env_.pool, post_request_,
                             [this](const HttpResponse& response) { OnPosted(response); });
}

void EngineSession::OnPosted(const HttpResponse& response) {
  post_ = ExchangeId::kNone;
  env_.count_bytes(response.bytes_sent, response.bytes_received);
  if (response.status != 200) {
    End("transport error", DescribeEngineRefusal(response, options_.protocol), response);
  } else if (upgrade_ == Upgrade::kPausing) {
    FinishUpgrade();
  } else if (state_ == State::kClosing && queue_.empty()) {
    End("forced close", "");
  } else {
    Flush();
  }
}

// ---- packets ----

void EngineSession::Handle(EnginePacket packet, const HttpResponse& answer) {
  if (state_ == State::kOpening) {
    if (packet.type == EngineType::kOpen && !packet.binary) {
      OnHandshake(packet.data, answer);
    } else {
      End("parse error", "the server's first packet is not an Engine.IO handshake", answer);
    }
    return;
  }
  switch (packet.type) {
    case EngineType::kMessage:
      listener_.OnEngineMessage(std::move(packet));
      break;
    case EngineType::kPing:
      AwaitHeartbeat();
      Send({.type = EngineType::kPong, .data = std::move(packet.data)});
      break;
    case EngineType::kPong:
      AwaitHeartbeat();
      break;
    case EngineType::kClose:
      End("transport close", "the server has closed the session");
      break;
    case EngineType::kOpen:
    case EngineType::kUpgrade:
    case EngineType::kNoop:
      break;
  }
}

void EngineSession::OnHandshake(const std::string& json, const HttpResponse& answer) {
  absl::StatusOr<EngineHandshake> handshake = ReadEngineHandshake(json);
  if (!handshake.ok()) {
    End("parse error", std::string(handshake.status().message()), answer);
    return;
  }
  handshake_ = *std::move(handshake);
  state_ = State::kOpen;
  AwaitHeartbeat();
  if (!on_socket_ && options_.websocket && handshake_.can_upgrade) {
    upgrade_ = Upgrade::kProbing;
    OpenSocket();
  }
  listener_.OnEngineOpen(answer);
}

void EngineSession::AwaitHeartbeat() {
  timeout_.Cancel();
  next_ping_.Cancel();
  if (handshake_.ping_interval <= absl::ZeroDuration()) {
    return;
  }
  if (options_.protocol == EngineProtocol::kThree) {  // here the client asks
    next_ping_.After(handshake_.ping_interval, [this] { SendPing(); });
    return;
  }
  timeout_.After(handshake_.ping_interval + handshake_.ping_timeout,
                 [this] { End("ping timeout", "the server has not been heard of in time"); });
}

void EngineSession::SendPing() {
  timeout_.After(handshake_.ping_timeout,
                 [this] { End("ping timeout", "the server has not answered in time"); });
  Send({.type = EngineType::kPing});
}

// ---- sending ----

void EngineSession::Send(EnginePacket message) {
  if (state_ != State::kOpen) {
    return;
  }
  queued_bytes_ += SizeOfPacket(message);
  queue_.push_back(std::move(message));
  if (queued_bytes_ + (socket_ == nullptr ? 0 : socket_->buffered_bytes()) > kMaxEngineBytes) {
    // In a later turn: the caller does not expect an event.
    end_soon_.After(absl::ZeroDuration(), [this] {
      End("transport error", absl::StrCat("more than ", kMaxEngineBytes, " bytes wait to be sent"));
    });
    return;
  }
  Flush();
}

void EngineSession::Flush() {
  if (queue_.empty() || upgrade_ == Upgrade::kPausing) {
    return;
  }
  if (on_socket_) {
    FlushToSocket();
  } else if (post_ == ExchangeId::kNone) {
    Post();
  }
}

void EngineSession::FlushToSocket() {
  for (const EnginePacket& packet : std::exchange(queue_, {})) {
    const std::string frame = EncodeEngineFrame(options_.protocol, packet);
    if (packet.type == EngineType::kClose) {
      socket_->Close(kGoodbye, "");  // which says the same
    } else if (packet.binary) {
      socket_->SendBinary(frame);
    } else {
      socket_->SendText(frame);
    }
  }
  queued_bytes_ = 0;
}

void EngineSession::Close() {
  if (state_ == State::kOver || state_ == State::kClosing) {
    return;
  }
  if (state_ == State::kOpening) {
    end_soon_.After(absl::ZeroDuration(), [this] { End("forced close", ""); });
    return;
  }
  if (upgrade_ == Upgrade::kPausing) {  // the goodbye goes over the WebSocket, or over neither
    FinishUpgrade();
  }
  state_ = State::kClosing;
  if (on_socket_) {
    socket_->Close(kGoodbye, "");
  } else {
    queue_.push_back({.type = EngineType::kClose});
    Flush();
  }
}

// ---- the WebSocket ----

void EngineSession::OnOpen(HttpResponse response) {
  options_.jar->SetAll(options_.url, response.headers, response.ended);
  if (upgrade_ == Upgrade::kProbing) {
    socket_->SendText(
        EncodeEngineFrame(options_.protocol, {.type = EngineType::kPing, .data = kProbe}));
  } else {
    socket_answer_ = std::move(response);
  }
}

void EngineSession::OnText(std::string message) {
  OnPacket(DecodeEngineText(message));
}

void EngineSession::OnBinary(std::string message) {
  OnPacket(DecodeEngineBytes(options_.protocol, std::move(message)));
}

void EngineSession::OnPacket(absl::StatusOr<EnginePacket> packet) {
  if (state_ == State::kOver) {
    return;
  }
  if (!packet.ok()) {
    End("parse error", DescribeEngineError(packet.status()));
    return;
  }
  if (upgrade_ != Upgrade::kProbing) {
    Handle(*std::move(packet), socket_answer_);
    return;
  }
  if (packet->type != EngineType::kPong || packet->data != kProbe) {
    upgrade_ = Upgrade::kNone;  // polling goes on
    DropSocket();
    return;
  }
  upgrade_ = Upgrade::kPausing;  // the server answers the poll that waits
  if (poll_ == ExchangeId::kNone && post_ == ExchangeId::kNone) {
    FinishUpgrade();
  }
}

void EngineSession::FinishUpgrade() {
  if (poll_ != ExchangeId::kNone || post_ != ExchangeId::kNone) {
    return;
  }
  upgrade_ = Upgrade::kNone;
  on_socket_ = true;
  socket_->SendText(EncodeEngineFrame(options_.protocol, {.type = EngineType::kUpgrade}));
  const std::shared_ptr<bool> alive = alive_;
  listener_.OnEngineUpgrade();
  if (*alive) {
    Flush();
  }
}

void EngineSession::OnClose(int /*code*/, std::string reason) {
  if (upgrade_ == Upgrade::kProbing) {
    upgrade_ = Upgrade::kNone;
    DropSocket();
  } else if (state_ == State::kClosing) {
    End("forced close", "");
  } else if (state_ == State::kOpening) {
    // A server of another protocol may only say so in what is no WebSocket any more.
    End("transport error",
        absl::StrCat(reason.empty() ? "the connection ended" : reason,
                     " before the handshake: the server may speak another version of Socket.IO, "
                     "see the option `version`"));
  } else {
    End("transport close", std::move(reason));
  }
}

void EngineSession::OnRefused(HttpResponse response) {
  if (upgrade_ == Upgrade::kProbing) {
    upgrade_ = Upgrade::kNone;
    DropSocket();
  } else {
    End("transport error", DescribeEngineRefusal(response, options_.protocol), response);
  }
}

void EngineSession::End(absl::string_view reason, std::string detail, const HttpResponse& answer) {
  if (state_ == State::kOver) {
    return;
  }
  state_ = State::kOver;
  env_.client.Cancel(std::exchange(poll_, ExchangeId::kNone));
  env_.client.Cancel(std::exchange(post_, ExchangeId::kNone));
  timeout_.Cancel();
  end_soon_.Cancel();
  next_ping_.Cancel();
  listener_.OnEngineClose(reason, std::move(detail), answer);
}

}  // namespace lockstep::agent
