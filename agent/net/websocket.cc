// WebSocket over curl's multi interface in write-callback mode. What arrives is read raw and taken
// apart here (websocket_frames.h), because curl does not show frames without payload; what is sent
// curl frames and masks, which its raw mode cannot do without blocking. So the mode is switched
// around each send. Curl cannot mark a message as compressed, so only what arrives is. curl_ws_send
// would block inside a callback: callbacks only collect events, all sending happens outside.
#include "agent/net/websocket.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "agent/net/curl_pool.h"
#include "agent/net/easy_handle.h"
#include "agent/net/engine.h"
#include "agent/net/net_error.h"
#include "agent/net/resolver.h"
#include "agent/net/response_reader.h"
#include "agent/net/transfer_facts.h"
#include "agent/net/websocket_client.h"
#include "agent/net/websocket_frames.h"

namespace lockstep::agent {
namespace {

constexpr absl::Duration kCloseTimeout = absl::Seconds(5);
constexpr int kNoStatus = 1005;  // section 7.4.1
constexpr int kAbnormal = 1006;

// "ws://..." for "http://..." and "wss://..." for "https://...".
std::string WithWebSocketScheme(absl::string_view url) {
  if (absl::StartsWithIgnoreCase(url, "http")) {
    return absl::StrCat("ws", url.substr(4));
  }
  return std::string(url);
}

// A masked frame with `payload` bytes (RFC 6455, section 5.2).
int64_t FrameBytes(size_t payload) {
  return static_cast<int64_t>(payload) + (payload < 126 ? 6 : payload < 65536 ? 8 : 14);
}

std::string ClosePayload(int code, absl::string_view reason) {
  if (code == kNoStatus || code == kAbnormal) {
    return "";
  }
  const std::string number = {static_cast<char>(code >> 8), static_cast<char>(code & 255)};
  return absl::StrCat(number, reason.substr(0, kMaxControlPayload - 2));
}

class CurlWebSocket final : public WebSocket, public CurlTransfer, public EventSource {
 public:
  CurlWebSocket(Engine& engine, CurlPool& pool, WebSocketRequest request,
                WebSocketListener& listener);
  ~CurlWebSocket() override;

  bool SendText(absl::string_view message) override { return Send(CURLWS_TEXT, message); }
  bool SendBinary(absl::string_view message) override { return Send(CURLWS_BINARY, message); }
  bool SendPing(absl::string_view payload) override {
    return Send(CURLWS_PING, payload.substr(0, kMaxControlPayload));
  }
  bool SendPong(absl::string_view payload) override {
    return Send(CURLWS_PONG, payload.substr(0, kMaxControlPayload));
  }
  void Close(int code, absl::string_view reason) override;
  int64_t buffered_bytes() const override { return buffered_bytes_; }
  const std::string& subprotocol() const override { return subprotocol_; }
  int64_t bytes_sent() const override { return bytes_sent_; }
  int64_t bytes_received() const override { return bytes_received_; }

  void OnFinished(CURLcode code) override;
  void DeliverEvents() override;

 private:
  enum class State { kConnecting, kOpen, kClosing, kOver };
  struct Event {
    enum class Type { kOpen, kText, kBinary, kPing, kPong, kClose, kRefused } type;
    std::string data;
    int code = 0;
  };

  struct Frame {
    unsigned int flags;
    std::string payload;
    size_t sent = 0;
  };

  void Dial();
  void Connect(const std::optional<IpAddress>& ip);
  void Refuse(HttpError error);
  void StampHandshake();
  bool Send(unsigned int flags, absl::string_view payload);
  void Pump();
  void WaitWritable();
  void StopWaitingWritable();
  void End(int code, std::string reason);
  void LeaveCurl();
  void Queue(Event event);
  void Deliver(Event event);
  void OnHeaderLine(absl::string_view line);
  void ReadAgreement();
  void OnBytes(absl::string_view bytes);
  void OnClose(const std::string& payload);

  static int OnSocketMade(void* self, curl_socket_t fd, curlsocktype purpose);
  static int OnPrerequest(void* self, char* remote, char* local, int remote_port, int local_port);
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static size_t OnData(char* data, size_t size, size_t count, void* self);

  Engine& engine_;
  WebSocketListener& listener_;
  const WebSocketRequest request_;
  const std::string url_;
  // Tells callbacks that outlive the WebSocket (a lookup, an event's handler) that it is gone.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  EasyHandle easy_;
  Target target_;
  std::optional<IpAddress> dialled_;

  State state_ = State::kConnecting;
  bool in_curl_ = false;
  HttpResponse response_;
  ResponseReader reader_;
  TransferStamps stamps_;
  TimerId timer_ = TimerId::kNone;  // of the handshake, later of the closing handshake

  std::vector<Event> events_;
  std::string subprotocol_;
  WebSocketReader frames_;
  bool ended_ = false;  // the last event is queued

  std::deque<Frame> outgoing_;
  int64_t buffered_bytes_ = 0;
  int64_t bytes_sent_ = 0;
  int64_t bytes_received_ = 0;
  int fd_ = -1;           // curl's socket; valid while the connection is open
  int writable_fd_ = -1;  // a duplicate of curl's socket, while we wait for room
};

CurlWebSocket::CurlWebSocket(Engine& engine, CurlPool& pool, WebSocketRequest request,
                             WebSocketListener& listener)
    : engine_(engine),
      listener_(listener),
      request_(std::move(request)),
      url_(WithWebSocketScheme(request_.url)),
      easy_(engine.driver(), engine.network(), pool.local_ip()),
      reader_(response_),
      frames_(request_.max_message_bytes) {
  CURL* const easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "ws,wss");
  curl_easy_setopt(easy, CURLOPT_WS_OPTIONS, static_cast<long>(CURLWS_RAW_MODE));
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &CurlWebSocket::OnSocketMade);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, this);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &CurlWebSocket::OnPrerequest);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &CurlWebSocket::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlWebSocket::OnData);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  HeaderList headers = request_.headers;
  if (!request_.subprotocols.empty()) {
    headers.emplace_back("Sec-WebSocket-Protocol", absl::StrJoin(request_.subprotocols, ", "));
  }
  if (request_.deflate) {
    headers.emplace_back("Sec-WebSocket-Extensions", kDeflateOffer);
  }
  easy_.SetHeaders(headers, /*has_body=*/false);
  reader_.Start(/*keep_body=*/true);
  stamps_.started = response_.started = engine_.clock().Mono();
  target_ = MakeTarget(engine_.network(), url_);
  if (request_.handshake_timeout > absl::ZeroDuration()) {
    timer_ = engine_.loop().After(request_.handshake_timeout, [this] {
      timer_ = TimerId::kNone;
      Refuse({error_code::kRequestTimeout, "request timeout"});
    });
  }
  Dial();
}

CurlWebSocket::~CurlWebSocket() {
  *alive_ = false;
  engine_.RemoveEvents(this);
  engine_.loop().Cancel(timer_);
  StopWaitingWritable();
  LeaveCurl();
}

void CurlWebSocket::Dial() {
  if (target_.refused.code != 0) {
    Refuse(target_.refused);
    return;
  }
  if (!target_.needs_lookup()) {
    Connect(target_.ip);
    return;
  }
  Resolver& resolver = engine_.network().resolver();
  const MonoTime now = engine_.clock().Mono();
  if (const std::optional<IpAddress> ip = resolver.Cached(target_.host, now)) {
    Connect(ip);
    return;
  }
  resolver.Resolve(target_.host, engine_.loop(),
                   [this, alive = alive_, now](const absl::StatusOr<IpAddress>& answer) {
                     if (!*alive || state_ != State::kConnecting) {
                       return;
                     }
                     stamps_.looking_up = engine_.clock().Mono() - now;
                     if (answer.ok()) {
                       Connect(*answer);
                     } else {
                       Refuse(ErrorFromLookup(answer.status()));
                     }
                   });
}

void CurlWebSocket::Connect(const std::optional<IpAddress>& ip) {
  HttpError refused = ip ? CheckAddress(engine_.network(), *ip) : HttpError();
  if (refused.code != 0) {
    Refuse(std::move(refused));
    return;
  }
  dialled_ = ip;
  easy_.Point(url_, target_, ip);
  curl_easy_setopt(easy_.get(), CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  in_curl_ = true;
  engine_.driver().Start(easy_.get(), this);
  engine_.loop().WakeSoon();
}

void CurlWebSocket::Refuse(HttpError error) {
  if (state_ != State::kConnecting) {
    return;
  }
  state_ = State::kOver;
  StampHandshake();
  LeaveCurl();
  response_.error = std::move(error);
  Queue({.type = Event::Type::kRefused, .data = ""});
}

void CurlWebSocket::StampHandshake() {
  engine_.loop().Cancel(std::exchange(timer_, TimerId::kNone));
  stamps_.ended = engine_.clock().Mono();
  response_.ended = engine_.clock().Wall();
  response_.timings = PhasesOf(easy_.get(), stamps_);
  FillPeerAndBytes(easy_.get(), response_);
  bytes_sent_ += response_.bytes_sent;
  bytes_received_ += response_.bytes_received;
}

// CURLINFO_ACTIVESOCKET knows the socket only after a transfer, so it is noted when it is made.
int CurlWebSocket::OnSocketMade(void* self, curl_socket_t fd, curlsocktype /*purpose*/) {
  static_cast<CurlWebSocket*>(self)->fd_ = fd;
  return CURL_SOCKOPT_OK;
}

int CurlWebSocket::OnPrerequest(void* self, char* /*remote*/, char* /*local*/, int /*remote_port*/,
                                int /*local_port*/) {
  auto* const socket = static_cast<CurlWebSocket*>(self);
  socket->stamps_.prerequest = socket->engine_.clock().Mono();
  if (socket->target_.secure) {
    FillTls(socket->easy_.get(), socket->response_);
  }
  return CURL_PREREQFUNC_OK;
}

size_t CurlWebSocket::OnHeader(char* data, size_t size, size_t count, void* self) {
  static_cast<CurlWebSocket*>(self)->OnHeaderLine(absl::string_view(data, size * count));
  return size * count;
}

void CurlWebSocket::OnHeaderLine(absl::string_view line) {
  if (stamps_.first_header == MonoTime()) {
    stamps_.first_header = engine_.clock().Mono();
  }
  reader_.AddHeaderLine(line);
  if (state_ != State::kConnecting || response_.status != 101 ||
      !absl::StripAsciiWhitespace(line).empty()) {
    return;
  }
  state_ = State::kOpen;
  Queue({.type = Event::Type::kOpen, .data = ""});
  ReadAgreement();
}

// Takes what the server's 101 agrees to. Inside a callback.
void CurlWebSocket::ReadAgreement() {
  std::string extensions;
  for (const auto& [name, value] : response_.headers) {
    if (absl::EqualsIgnoreCase(name, "Sec-WebSocket-Protocol")) {
      subprotocol_ = value;
    } else if (absl::EqualsIgnoreCase(name, "Sec-WebSocket-Extensions")) {
      absl::StrAppend(&extensions, extensions.empty() ? "" : ",", value);
    }
  }
  absl::StatusOr<DeflateTerms> terms = ReadDeflateTerms(extensions);
  if (terms.ok() && terms->agreed && !request_.deflate) {
    terms = absl::InvalidArgumentError(
        "websocket: the server agrees to an extension, and none was offered");
  }
  if (!terms.ok()) {  // RFC 6455, section 4.1: such a connection fails
    End(kAbnormal, std::string(terms.status().message()));
  } else if (terms->agreed) {
    frames_.Inflate(*terms);
  }
}

size_t CurlWebSocket::OnData(char* data, size_t size, size_t count, void* self) {
  auto* const socket = static_cast<CurlWebSocket*>(self);
  if (socket->state_ != State::kConnecting) {  // otherwise the body of a refusal
    socket->OnBytes(absl::string_view(data, size * count));
  }
  return size * count;
}

void CurlWebSocket::OnBytes(absl::string_view bytes) {
  bytes_received_ += static_cast<int64_t>(bytes.size());
  if (ended_) {
    return;
  }
  std::vector<WebSocketMessage> messages;
  const int violation = frames_.Feed(bytes, messages);
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
  int code = kNoStatus;
  if (payload.size() >= 2) {
    code = static_cast<uint8_t>(payload[0]) << 8 | static_cast<uint8_t>(payload[1]);
  }
  End(code, payload.size() > 2 ? payload.substr(2) : "");
}

void CurlWebSocket::Queue(Event event) {
  events_.push_back(std::move(event));
  engine_.AddEvents(this);
}

void CurlWebSocket::DeliverEvents() {
  const std::shared_ptr<bool> alive = alive_;
  for (Event& event : std::exchange(events_, {})) {
    Deliver(std::move(event));
    if (!*alive) {
      return;
    }
  }
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
      if (state_ == State::kOpen) {  // the peer began: answer it
        Close(event.code, event.data);
      }
      state_ = State::kOver;
      LeaveCurl();
      listener_.OnClose(event.code, std::move(event.data));
      break;
    case Event::Type::kRefused:
      listener_.OnRefused(std::move(response_));
      break;
  }
}

bool CurlWebSocket::Send(unsigned int flags, absl::string_view payload) {
  if (state_ != State::kOpen || !in_curl_) {
    return false;
  }
  outgoing_.push_back({flags, std::string(payload)});
  buffered_bytes_ += static_cast<int64_t>(payload.size());
  if (writable_fd_ < 0) {
    Pump();
  }
  return true;
}

void CurlWebSocket::Close(int code, absl::string_view reason) {
  if (state_ == State::kConnecting) {
    Refuse({error_code::kGeneric, "websocket: closed before the connection was established"});
    return;
  }
  if (!Send(CURLWS_CLOSE, ClosePayload(code, reason)) || state_ != State::kOpen) {
    return;
  }
  state_ = State::kClosing;
  timer_ = engine_.loop().After(kCloseTimeout, [this] {
    timer_ = TimerId::kNone;
    End(kAbnormal, "");
  });
}

void CurlWebSocket::Pump() {
  while (!outgoing_.empty()) {
    Frame& frame = outgoing_.front();
    size_t sent = 0;
    curl_easy_setopt(easy_.get(), CURLOPT_WS_OPTIONS, 0L);
    const CURLcode code = curl_ws_send(easy_.get(), frame.payload.data() + frame.sent,
                                       frame.payload.size() - frame.sent, &sent, 0, frame.flags);
    curl_easy_setopt(easy_.get(), CURLOPT_WS_OPTIONS, static_cast<long>(CURLWS_RAW_MODE));
    frame.sent += sent;
    buffered_bytes_ -= static_cast<int64_t>(sent);
    if (code == CURLE_AGAIN) {
      WaitWritable();
      return;
    }
    if (code != CURLE_OK) {
      StopWaitingWritable();
      End(kAbnormal,
          absl::StrCat("write failed: ", curl_easy_strerror(code), " ", easy_.error_text()));
      return;
    }
    if (frame.sent == frame.payload.size()) {
      bytes_sent_ += FrameBytes(frame.payload.size());
      outgoing_.pop_front();
    }
  }
  StopWaitingWritable();
}

void CurlWebSocket::WaitWritable() {
  if (writable_fd_ >= 0) {
    return;
  }
  // Of its own, so that it does not meddle with the events that curl asks for.
  writable_fd_ = dup(fd_);
  if (writable_fd_ < 0) {
    End(kAbnormal, "write failed: no descriptor left");
    return;
  }
  engine_.loop().Watch(writable_fd_, EPOLLOUT, [this](uint32_t /*events*/) { Pump(); });
}

void CurlWebSocket::StopWaitingWritable() {
  if (writable_fd_ >= 0) {
    engine_.loop().Unwatch(writable_fd_);
    close(std::exchange(writable_fd_, -1));
  }
}

// Queues the last event of an open connection. May be called from a callback, so curl keeps the
// handle until the event is delivered.
void CurlWebSocket::End(int code, std::string reason) {
  if (!std::exchange(ended_, true)) {
    Queue({.type = Event::Type::kClose, .data = std::move(reason), .code = code});
  }
}

void CurlWebSocket::LeaveCurl() {
  engine_.loop().Cancel(std::exchange(timer_, TimerId::kNone));
  StopWaitingWritable();
  if (std::exchange(in_curl_, false)) {
    engine_.driver().Abandon(easy_.get());
  }
}

void CurlWebSocket::OnFinished(CURLcode code) {
  in_curl_ = false;
  if (state_ != State::kConnecting) {
    End(kAbnormal, code == CURLE_OK ? "EOF" : easy_.error_text());
    return;
  }
  if (response_.status != 0) {
    Refuse({error_code::kGeneric, "websocket: bad handshake"});
    return;
  }
  ReportShortage(easy_.get(), engine_.network());
  const bool before_deadline = true;  // the handshake's time-out is a timer of ours
  Refuse(FailureOf(easy_.get(), code, easy_.error_text(), target_, dialled_, before_deadline));
}

}  // namespace

std::unique_ptr<WebSocket> MakeWebSocket(Engine& engine, CurlPool& pool, WebSocketRequest request,
                                         WebSocketListener& listener) {
  return std::make_unique<CurlWebSocket>(engine, pool, std::move(request), listener);
}

}  // namespace lockstep::agent
