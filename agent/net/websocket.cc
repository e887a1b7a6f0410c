// A WebSocket is an HTTP exchange whose two directions go on after a 101, and as such curl runs it:
// what arrives comes as a body of no known length, what is sent goes as one. Curl's own WebSocket
// would end a refusal at its headers, does not show frames without payload, and compresses nothing;
// handshake and frames are ours (websocket_handshake.h, websocket_frames.h). Curl's callbacks only
// collect events.
#include "agent/http/websocket.h"

#include <memory>
#include <optional>
#include <utility>

#include <curl/curl.h>

#include "absl/random/random.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "agent/net/curl_pool.h"
#include "agent/net/easy_handle.h"
#include "agent/net/engine.h"
#include "agent/net/net_error.h"
#include "agent/net/resolver.h"
#include "agent/net/response_reader.h"
#include "agent/net/transfer_facts.h"
#include "agent/net/websocket.h"
#include "agent/net/websocket_frames.h"
#include "agent/net/websocket_handshake.h"

namespace lockstep::agent {
namespace {

constexpr absl::Duration kCloseTimeout = absl::Seconds(5);
constexpr int kNoStatus = 1005;  // section 7.4.1
constexpr int kAbnormal = 1006;
constexpr char kCutOff[] = "unexpected EOF";

const HttpError kBadHandshake = {error_code::kGeneric, "websocket: bad handshake"};

// "http" for "ws" and "https" for "wss".
Url WithHttpScheme(Url url) {
  if (url.scheme == "ws" || url.scheme == "wss") {
    url.scheme.replace(0, 2, "http");
  }
  return url;
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

  bool SendText(absl::string_view message) override {
    return Send(WebSocketOpcode::kText, message);
  }
  bool SendBinary(absl::string_view message) override {
    return Send(WebSocketOpcode::kBinary, message);
  }
  bool SendPing(absl::string_view payload) override {
    return Send(WebSocketOpcode::kPing, payload.substr(0, kMaxControlPayload));
  }
  bool SendPong(absl::string_view payload) override {
    return Send(WebSocketOpcode::kPong, payload.substr(0, kMaxControlPayload));
  }
  void Close(int code, absl::string_view reason) override;
  int64_t buffered_bytes() const override { return outgoing_.message_bytes(); }
  const std::string& subprotocol() const override { return agreement_.subprotocol; }
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

  // The head of a refusal has come; its body may be incomplete.
  bool refused() const { return response_.status >= 200; }
  void Dial();
  void Connect(const std::optional<IpAddress>& ip);
  void Refuse(HttpError error);
  void StampHandshake();
  bool Send(WebSocketOpcode opcode, absl::string_view payload);
  void Write(WebSocketOpcode opcode, absl::string_view payload);
  void ResumeSending();
  void BeginClosing(int code, absl::string_view reason);
  void End(int code, std::string reason);
  void QueueLast();
  void LeaveCurl();
  void Queue(Event event);
  void Deliver(Event event);
  void OnHeaderLine(absl::string_view line);
  void OnSwitched();
  bool OnRefusalBody(absl::string_view piece);
  void OnBytes(absl::string_view bytes);
  void OnClose(const std::string& payload);

  static int OnPrerequest(void* self, char* remote, char* local, int remote_port, int local_port);
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static size_t OnData(char* data, size_t size, size_t count, void* self);
  static size_t OnRoom(char* room, size_t size, size_t count, void* self);

  Engine& engine_;
  WebSocketListener& listener_;
  const WebSocketRequest request_;
  const Url url_;
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

  absl::BitGen random_;
  const std::string key_ = HandshakeKey(random_);
  HandshakeAgreement agreement_;
  std::string violation_;  // why the server's 101 is not taken

  std::vector<Event> events_;
  WebSocketReader incoming_;
  std::optional<Event> last_;  // the connection's end is decided
  bool ended_ = false;         // the last event is queued

  WebSocketWriter outgoing_;
  bool sending_paused_ = false;  // curl waits to be told that there is more
  int64_t bytes_sent_ = 0;
  int64_t bytes_received_ = 0;
};

CurlWebSocket::CurlWebSocket(Engine& engine, CurlPool& pool, WebSocketRequest request,
                             WebSocketListener& listener)
    : engine_(engine),
      listener_(listener),
      request_(std::move(request)),
      url_(WithHttpScheme(request_.url)),
      easy_(engine.driver(), engine.network(), pool.local_ip()),
      reader_(response_),
      incoming_(request_.max_message_bytes) {
  CURL* const easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "GET");
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &CurlWebSocket::OnPrerequest);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &CurlWebSocket::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlWebSocket::OnData);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, &CurlWebSocket::OnRoom);
  curl_easy_setopt(easy, CURLOPT_READDATA, this);
  reader_.Start(/*keep_body=*/true, kMaxRefusalBytes);
  stamps_.started = response_.started = engine_.clock().Mono();
  target_ = MakeTarget(engine_.network(), url_);
  absl::StatusOr<HeaderList> headers = HandshakeHeaders(request_, key_);
  if (!headers.ok()) {
    Refuse({error_code::kGeneric, std::string(headers.status().message())});
    return;
  }
  easy_.SetHeaders(*headers, EasyHandle::Follows::kStream);
  if (request_.handshake_timeout > absl::ZeroDuration()) {
    timer_ = engine_.loop().After(request_.handshake_timeout, [this] {
      timer_ = TimerId::kNone;
      Refuse(refused() ? kBadHandshake : HttpError{error_code::kRequestTimeout, "request timeout"});
    });
  }
  Dial();
}

CurlWebSocket::~CurlWebSocket() {
  *alive_ = false;
  engine_.RemoveEvents(this);
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
  stamps_.ended = engine_.clock().Mono();
  response_.ended = engine_.clock().Wall();
  response_.timings = PhasesOf(TimesOf(easy_.get()), stamps_);
  FillPeerAndBytes(easy_.get(), response_);
  bytes_sent_ = response_.bytes_sent;
}

int CurlWebSocket::OnPrerequest(void* self, char* /*remote*/, char* /*local*/, int /*remote_port*/,
                                int /*local_port*/) {
  auto* const socket = static_cast<CurlWebSocket*>(self);
  socket->stamps_.prerequest = socket->engine_.clock().Mono();
  if (socket->target_.secure()) {
    FillTls(socket->easy_, socket->response_);
  }
  return CURL_PREREQFUNC_OK;
}

size_t CurlWebSocket::OnHeader(char* data, size_t size, size_t count, void* self) {
  auto* const socket = static_cast<CurlWebSocket*>(self);
  socket->OnHeaderLine(absl::string_view(data, size * count));
  return socket->violation_.empty() ? size * count : 0;
}

void CurlWebSocket::OnHeaderLine(absl::string_view line) {
  if (stamps_.first_header == MonoTime()) {
    stamps_.first_header = engine_.clock().Mono();
  }
  bytes_received_ += static_cast<int64_t>(line.size());
  reader_.AddHeaderLine(line);
  if (state_ == State::kConnecting && response_.status == 101 &&
      absl::StripAsciiWhitespace(line).empty()) {
    OnSwitched();
  } else if (refused()) {
    engine_.AddEvents(this);  // curl has to be told that nothing follows the request
  }
}

// Inside a callback.
void CurlWebSocket::OnSwitched() {
  absl::StatusOr<HandshakeAgreement> agreement = ReadAgreement(response_.headers, request_, key_);
  if (!agreement.ok()) {
    violation_ = std::string(agreement.status().message());
    return;
  }
  agreement_ = *std::move(agreement);
  if (agreement_.deflate.agreed) {
    incoming_.Inflate(agreement_.deflate);
    outgoing_.Deflate();
  }
  engine_.loop().Cancel(std::exchange(timer_, TimerId::kNone));
  state_ = State::kOpen;
  Queue({.type = Event::Type::kOpen, .data = ""});
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

// False: no more of it is wanted.
bool CurlWebSocket::OnRefusalBody(absl::string_view piece) {
  const size_t room = static_cast<size_t>(kMaxRefusalBytes) - response_.body.size();
  return reader_.AddBody(piece.substr(0, room)) && piece.size() <= room;
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
    curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
    engine_.loop().WakeSoon();
  }
}

size_t CurlWebSocket::OnRoom(char* room, size_t size, size_t count, void* self) {
  auto* const socket = static_cast<CurlWebSocket*>(self);
  if (socket->refused()) {
    return 0;
  }
  const size_t taken = socket->outgoing_.Take(room, size * count);
  socket->bytes_sent_ += static_cast<int64_t>(taken);
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

void CurlWebSocket::BeginClosing(int code, absl::string_view reason) {
  state_ = State::kClosing;
  Write(WebSocketOpcode::kClose, ClosePayload(code, reason));
  timer_ = engine_.loop().After(kCloseTimeout, [this] {
    timer_ = TimerId::kNone;
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
  engine_.loop().Cancel(std::exchange(timer_, TimerId::kNone));
  if (std::exchange(in_curl_, false)) {
    engine_.driver().Abandon(easy_.get());
  }
}

void CurlWebSocket::OnFinished(CURLcode code) {
  in_curl_ = false;
  if (state_ != State::kConnecting) {
    const std::string why = easy_.error_text();
    const bool cut_off = code == CURLE_OK || code == CURLE_GOT_NOTHING || why.empty();
    End(kAbnormal, cut_off ? kCutOff : why);
    QueueLast();
    return;
  }
  if (!violation_.empty()) {
    const MonoTime started = response_.started;
    response_ = HttpResponse();
    response_.started = started;
    Refuse({error_code::kGeneric, violation_});
    return;
  }
  if (refused()) {
    Refuse(kBadHandshake);
    return;
  }
  ReportShortage(easy_.get(), engine_.network());
  const bool before_deadline = true;  // the handshake's time-out is a timer of ours
  HttpError failure =
      FailureOf(easy_.get(), code, easy_.error_text(), target_, dialled_, before_deadline);
  if (failure.message == "EOF") {
    failure.message = kCutOff;  // a handshake that was begun
  }
  Refuse(std::move(failure));
}

}  // namespace

std::unique_ptr<WebSocket> MakeWebSocket(Engine& engine, CurlPool& pool, WebSocketRequest request,
                                         WebSocketListener& listener) {
  return std::make_unique<CurlWebSocket>(engine, pool, std::move(request), listener);
}

}  // namespace lockstep::agent
