// From the dial to the server's answer: a connection, or a refusal.
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"

#include "agent/net/curl_websocket.h"
#include "agent/net/net_error.h"
#include "agent/net/resolver.h"
#include "agent/net/transfer_facts.h"

namespace lockstep::agent {
namespace {

const HttpError kBadHandshake = {error_code::kGeneric, "websocket: bad handshake"};

// "http" for "ws" and "https" for "wss".
Url WithHttpScheme(Url url) {
  if (url.scheme == "ws" || url.scheme == "wss") {
    url.scheme.replace(0, 2, "http");
  }
  return url;
}

}  // namespace

CurlWebSocket::CurlWebSocket(Engine& engine, NetPool& pool, WebSocketRequest request,
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
  easy_.SetHeaders(url_, *headers, EasyHandle::Follows::kStream);
  if (request_.handshake_timeout > absl::ZeroDuration()) {
    timer_.After(request_.handshake_timeout, [this] {
      Refuse(refused() ? kBadHandshake : HttpError{error_code::kRequestTimeout, "request timeout"});
    });
  }
  Dial();
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
  if (response_.status == 101) {  // the beginning of an answer that was cut short is none
    response_.Fail(std::move(error));
  } else {
    response_.error = std::move(error);
  }
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
  timer_.Cancel();
  state_ = State::kOpen;
  Queue({.type = Event::Type::kOpen, .data = ""});
}

// False: no more of it is wanted.
bool CurlWebSocket::OnRefusalBody(absl::string_view piece) {
  const size_t room = static_cast<size_t>(kMaxRefusalBytes) - response_.body.size();
  return reader_.AddBody(piece.substr(0, room)) && piece.size() <= room;
}

void CurlWebSocket::OnNeverOpened(CURLcode code) {
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
  ReportShortage(OsErrorOf(easy_.get()), engine_.network());
  const bool before_deadline = true;  // the handshake's time-out is a timer of ours
  HttpError failure =
      FailureOf(easy_.get(), code, easy_.error_text(), target_, dialled_, before_deadline);
  if (failure.message == "EOF" || code == CURLE_OK) {
    failure = {error_code::kGeneric, kCutOff};  // a handshake that was begun
  }
  Refuse(std::move(failure));
}

}  // namespace lockstep::agent
