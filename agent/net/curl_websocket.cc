// An open connection: frames both ways, and how it ends.
#include "agent/net/curl_websocket.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/http/error_code.h"
#include "agent/net/transfer_facts.h"
#include "agent/net/websocket.h"

namespace lockstep::agent {
namespace {

// A closing handshake may stand still for so long, and last so long in all: what was sent before
// the close may be much.
constexpr absl::Duration kCloseTimeout = absl::Seconds(5);
constexpr absl::Duration kLongestClose = absl::Seconds(60);

std::string ClosePayload(int code, absl::string_view reason) {
  if (code == kNoStatus || code == kAbnormal) {
    return "";
  }
  const std::string number = {static_cast<char>(code >> 8), static_cast<char>(code & 255)};
  return absl::StrCat(number, reason.substr(0, kMaxControlPayload - 2));
}

}  // namespace

CurlWebSocket::~CurlWebSocket() {
  *alive_ = false;
  engine_.RemoveEvents(this);
  LeaveCurl();
}

size_t CurlWebSocket::OnData(char* data, size_t size, size_t count, void* self) {
  auto* const socket = static_cast<CurlWebSocket*>(self);
  const absl::string_view bytes(data, size * count);
  socket->bytes_received_ += static_cast<int64_t>(bytes.size());
  if (socket->state_ != State::kConnecting) {
    socket->OnBytes(bytes);
    return bytes.size();
  }
  return socket->OnRefusalBody(bytes) ? bytes.size() : CURL_WRITEFUNC_ERROR;
}

void CurlWebSocket::OnBytes(absl::string_view bytes) {
  if (last_) {
    return;
  }
  std::vector<WebSocketMessage> messages;
  const int violation = incoming_.Feed(bytes, messages);
  for (WebSocketMessage& message : messages) {
    switch (message.opcode) {
      case WebSocketOpcode::kText:
        Queue({.type = Event::Type::kText, .data = std::move(message.payload)});
        break;
      case WebSocketOpcode::kBinary:
        Queue({.type = Event::Type::kBinary, .data = std::move(message.payload)});
        break;
      case WebSocketOpcode::kPing:
        Queue({.type = Event::Type::kPing, .data = std::move(message.payload)});
        break;
      case WebSocketOpcode::kPong:
        Queue({.type = Event::Type::kPong, .data = std::move(message.payload)});
        break;
      case WebSocketOpcode::kClose:
        OnClose(message.payload);
        return;
      case WebSocketOpcode::kContinuation:
        break;  // the reader has put fragments together
    }
  }
  if (violation != 0) {
    End(violation, violation == 1009 ? "message too big" : "protocol error");
  }
}

void CurlWebSocket::OnClose(const std::string& payload) {
  if (payload.empty()) {
    End(kNoStatus, "");
  } else if (absl::StatusOr<CloseFrame> frame = ReadClose(payload); frame.ok()) {
    End(frame->code, std::move(frame->reason));
  } else {
    End(kProtocolError, std::string(frame.status().message()));
  }
}

void CurlWebSocket::Queue(Event event) {
  events_.push_back(std::move(event));
  engine_.AddEvents(this);
}

void CurlWebSocket::DeliverEvents() {
  const std::shared_ptr<bool> alive = alive_;
  if (std::exchange(more_sent_, false)) {
    listener_.OnSent();
  }
  for (Event& event : std::exchange(events_, {})) {
    Deliver(std::move(event));
    if (!*alive) {
      return;
    }
  }
  ResumeSending();
}

void CurlWebSocket::Deliver(Event event) {
  switch (event.type) {
    case Event::Type::kOpen:
      StampHandshake();
      listener_.OnOpen(response_);
      break;
    case Event::Type::kText:
      listener_.OnText(std::move(event.data));
      break;
    case Event::Type::kBinary:
      listener_.OnBinary(std::move(event.data));
      break;
    case Event::Type::kPing:
      SendPong(event.data);
      listener_.OnPing(std::move(event.data));
      break;
    case Event::Type::kPong:
      listener_.OnPong(std::move(event.data));
      break;
    case Event::Type::kClose:
      state_ = State::kOver;
      LeaveCurl();
      listener_.OnClose(event.code, std::move(event.data));
      break;
    case Event::Type::kRefused:
      listener_.OnRefused(std::move(response_));
      break;
  }
}

bool CurlWebSocket::Send(WebSocketOpcode opcode, absl::string_view payload) {
  if (state_ != State::kOpen || !in_curl_) {
    return false;
  }
  Write(opcode, payload);
  ResumeSending();
  return true;
}

void CurlWebSocket::Write(WebSocketOpcode opcode, absl::string_view payload) {
  outgoing_.Add(opcode, payload, absl::Uniform<uint32_t>(random_));
}

// Outside of callbacks. Curl takes what there is at the end of the turn.
void CurlWebSocket::ResumeSending() {
  if (in_curl_ && (!outgoing_.empty() || refused()) && std::exchange(sending_paused_, false)) {
    TellCurlWhatIsPaused();
  }
}

void CurlWebSocket::SetReading(bool on) {
  if (std::exchange(reading_, on) != on && in_curl_) {
    TellCurlWhatIsPaused();
  }
}

void CurlWebSocket::TellCurlWhatIsPaused() {
  curl_easy_pause(easy_.get(), (sending_paused_ ? CURLPAUSE_SEND : CURLPAUSE_SEND_CONT) |
                                   (reading_ ? CURLPAUSE_RECV_CONT : CURLPAUSE_RECV));
  engine_.loop().WakeSoon();
}

size_t CurlWebSocket::OnRoom(char* room, size_t size, size_t count, void* self) {
  auto* const socket = static_cast<CurlWebSocket*>(self);
  if (socket->refused()) {
    return 0;
  }
  const int64_t sent = socket->messages_sent();
  const size_t taken = socket->outgoing_.Take(room, size * count);
  socket->bytes_sent_ += static_cast<int64_t>(taken);
  if (socket->messages_sent() != sent && !std::exchange(socket->more_sent_, true)) {
    socket->engine_.AddEvents(socket);
  }
  if (socket->last_ && socket->outgoing_.empty()) {
    socket->QueueLast();
  }
  socket->sending_paused_ = taken == 0;
  return taken == 0 ? size_t{CURL_READFUNC_PAUSE} : taken;
}

void CurlWebSocket::Close(int code, absl::string_view reason) {
  if (state_ == State::kConnecting) {
    Refuse({error_code::kGeneric, "websocket: closed before the connection was established"});
  } else if (state_ == State::kOpen && in_curl_) {
    BeginClosing(code, reason);
    ResumeSending();
  }
}

void CurlWebSocket::CloseAtOnce(int code) {
  if (state_ == State::kOpen && in_curl_) {
    End(code, "");
  } else {
    Close(code, "");
  }
}

void CurlWebSocket::BeginClosing(int code, absl::string_view reason) {
  state_ = State::kClosing;
  Write(WebSocketOpcode::kClose, ClosePayload(code, reason));
  AwaitClose(engine_.clock().Mono() + kLongestClose);
}

void CurlWebSocket::AwaitClose(MonoTime limit) {
  const int64_t moved = bytes_sent_ + bytes_received_;
  timer_.After(kCloseTimeout, [this, limit, moved] {
    const bool may_go_on = !reading_ || bytes_sent_ + bytes_received_ != moved;
    if (may_go_on && engine_.clock().Mono() < limit) {
      AwaitClose(limit);
      return;
    }
    End(kAbnormal, kCutOff);
    QueueLast();
  });
}

// Decides how the connection ends, and answers a peer who began it. The last event follows when
// what the peer is owed has left, so curl keeps the handle until then. May be called inside a
// callback.
void CurlWebSocket::End(int code, std::string reason) {
  if (last_) {
    return;
  }
  if (state_ == State::kOpen && in_curl_) {
    BeginClosing(code, reason);
    engine_.AddEvents(this);  // which resumes sending
  }
  last_ = Event{.type = Event::Type::kClose, .data = std::move(reason), .code = code};
  if (outgoing_.empty() || !in_curl_) {
    QueueLast();
  }
}

void CurlWebSocket::QueueLast() {
  if (!std::exchange(ended_, true)) {
    Queue(*last_);
  }
}

void CurlWebSocket::LeaveCurl() {
  timer_.Cancel();
  if (std::exchange(in_curl_, false)) {
    engine_.driver().Abandon(easy_.get());
  }
}

void CurlWebSocket::OnFinished(CURLcode code) {
  in_curl_ = false;
  if (state_ == State::kConnecting) {
    OnNeverOpened(code);
    return;
  }
  std::string why;
  if (code != CURLE_OK) {
    why = FailureOf(easy_.get(), code, easy_.error_text(), target_, dialled_,
                    /*before_deadline=*/true)
              .message;
  }
  End(kAbnormal, why.empty() || why == "EOF" ? kCutOff : std::move(why));
  QueueLast();
}

std::unique_ptr<WebSocket> MakeWebSocket(Engine& engine, NetPool& pool, WebSocketRequest request,
                                         WebSocketListener& listener) {
  return std::make_unique<CurlWebSocket>(engine, pool, std::move(request), listener);
}

}  // namespace lockstep::agent
