#include "agent/net/direct_transport.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <curl/curl.h>

#include "absl/strings/str_cat.h"

#include "agent/net/engine.h"
#include "agent/net/http2_error.h"
#include "agent/net/net_error.h"
#include "agent/net/pool.h"
#include "agent/net/request_form.h"
#include "agent/net/transfer_facts.h"

namespace lockstep::agent {

DirectTransport::DirectTransport(Engine& engine, Exchange& exchange)
    : engine_(engine),
      exchange_(exchange),
      reuse_(!engine.network().options().no_connection_reuse),
      http1_(engine, exchange.response(), exchange.reader(), *this) {}

DirectTransport::~DirectTransport() {
  engine_.loop().Cancel(timer_);
}

bool DirectTransport::Carries(const NetOptions& options, const HttpRequest& request,
                              const Target& target) {
  const bool http3 = options.http3 && target.secure();
  return !http3 && request.listener == nullptr && target.proxy.empty() &&
         request.auth == HttpRequest::Auth::kNone;
}

void DirectTransport::Start(MonoTime now) {
  patient_ = true;
  refusals_ = 0;
  opened_ = Opening::Stamps();
  progress_ = Progress();
  ArmTimer(exchange_.deadline());
  Connect(now);
}

void DirectTransport::Abandon() {
  LeaveStage();
}

void DirectTransport::LeaveStage() {
  switch (std::exchange(stage_, Stage::kNone)) {
    case Stage::kNone:
    case Stage::kPause:
      break;
    case Stage::kWay:
      exchange_.pool().ways().StopAwaiting(this);
      break;
    case Stage::kOpening:
      opening_.reset();
      EndWay(Ways::End::kGivenUp);
      break;
    case Stage::kHttp1:
      http1_.Abandon();
      break;
    case Stage::kHttp2:
      std::exchange(session_, nullptr)->Cancel(stream_);
      break;
  }
}

void DirectTransport::Connect(MonoTime now) {
  NetPool& pool = exchange_.pool();
  const Target& target = exchange_.target();
  generation_ = pool.generation();
  kept_ = true;
  if (reuse_) {
    if (Http2Session* const session = pool.SessionWith(target)) {
      BeginHttp2(*session, now);
      return;
    }
    if (std::unique_ptr<Connection> connection = pool.TakeConnection(target)) {
      BeginHttp1(std::move(connection), now);
      return;
    }
    if (patient_ && pool.ways().ShouldAwait(target)) {
      stage_ = Stage::kWay;
      pool.ways().Await(target, this);
      return;
    }
  }
  Open(now);
}

void DirectTransport::OnWayOver(bool failed) {
  patient_ = !failed;  // each has its own failure, at the same time
  stage_ = Stage::kNone;
  Connect(engine_.clock().Mono());
}

void DirectTransport::Open(MonoTime now) {
  const Target& target = exchange_.target();
  kept_ = false;
  stage_ = Stage::kOpening;
  opening_ = std::make_unique<Opening>(engine_,
                                       Connection::Peer{target.host, target.port, target.secure(),
                                                        *exchange_.dialled(), target.dial_port},
                                       target.certificate, static_cast<Opening::User&>(*this));
  on_way_ = reuse_ && (target.secure() || engine_.network().options().http2_prior_knowledge);
  if (on_way_) {
    exchange_.pool().ways().Begin(target);
  }
  if (HttpError error = opening_->Begin(exchange_.pool().local_ip(), now); error.code != 0) {
    OnOpenFailed(std::move(error));
  } else {
    ArmTimer(opening_->deadline());
  }
}

void DirectTransport::EndWay(Ways::End end) {
  if (std::exchange(on_way_, false)) {
    exchange_.pool().ways().Finish(exchange_.target(), end);
  }
}

void DirectTransport::OnOpened(std::unique_ptr<Connection> connection) {
  opened_ = opening_->stamps();
  opening_.reset();
  const MonoTime now = std::max(opened_.connected, opened_.secured);
  const bool http2 = connection->tls() != nullptr
                         ? connection->tls()->http2()
                         : engine_.network().options().http2_prior_knowledge;
  if (http2) {
    NetPool& pool = exchange_.pool();
    Http2Session& session = pool.AddSession(std::move(connection));
    BeginHttp2(session, now);
    if (!reuse_ || generation_ != pool.generation()) {
      session.Retire();  // after this exchange
    }
    EndWay(Ways::End::kShared);
  } else {
    BeginHttp1(std::move(connection), now);
    EndWay(Ways::End::kSingle);
  }
}

void DirectTransport::OnOpenFailed(HttpError error) {
  opened_ = opening_->stamps();
  opening_.reset();
  stage_ = Stage::kNone;
  EndWay(Ways::End::kFailed);
  End(std::move(error));
}

void DirectTransport::BeginCarrying(const Connection& connection, MonoTime now) {
  HttpResponse& response = exchange_.response();
  response.remote_ip = connection.remote_ip();
  response.remote_port = connection.peer().dial_port;
  if (const TlsChannel* const tls = connection.tls()) {
    response.tls = tls->facts();
  }
  progress_ = Progress();
  progress_.began = now;
}

void DirectTransport::BeginHttp1(std::unique_ptr<Connection> connection, MonoTime now) {
  BeginCarrying(*connection, now);
  stage_ = Stage::kHttp1;
  http1_.Begin(std::move(connection), exchange_.request(), !reuse_, progress_);
}

void DirectTransport::BeginHttp2(Http2Session& session, MonoTime now) {
  BeginCarrying(session.connection(), now);
  stream_ = session.Begin({.request = &exchange_.request(),
                           .reader = &exchange_.reader(),
                           .progress = &progress_,
                           .user = this});
  if (stream_ == 0) {
    Connect(now);  // over another connection
    return;
  }
  stage_ = Stage::kHttp2;
  session_ = &session;
}

void DirectTransport::OnHttp1End(Http1Carrier::End end, int os_errno) {
  switch (end) {
    case Http1Carrier::End::kAnswered:
      if (std::unique_ptr<Connection> connection = http1_.TakeReusable()) {
        exchange_.pool().KeepConnection(std::move(connection), generation_);
      }
      End(http1_.error());
      return;
    case Http1Carrier::End::kNotTaken:
      End(exchange_.WhyRefused());
      return;
    case Http1Carrier::End::kSendFailed:
    case Http1Carrier::End::kLost:
      break;
  }
  if (TryAgain(http1_.begun())) {
    return;
  }
  if (os_errno != 0) {
    End(WhyHttp1Failed(end, os_errno));
    return;
  }
  const bool keep_body = http1_.EndedInBody();  // as k6 shows it
  End(http1_.error(), keep_body);
}

void DirectTransport::OnHttp2End(Http2Session::End end) {
  using How = Http2Session::End::How;
  stage_ = Stage::kNone;
  session_ = nullptr;
  switch (end.how) {
    case How::kAnswered:
      End({});
      return;
    case How::kNotTaken:
      End(exchange_.WhyRefused());
      return;
    case How::kRefused:
      if (TryAgainLater(engine_.clock().Mono())) {
        return;
      }
      break;
    case How::kLost:
      if (TryAgain(end.begun)) {
        return;
      }
      break;
    case How::kFailed:
      break;
  }
  End(std::move(end.error), end.keep_body);
}

bool DirectTransport::TryAgain(bool begun) {
  if (!kept_ || begun || !MayBeRepeated(exchange_.request().method)) {
    return false;
  }
  LeaveStage();
  Connect(engine_.clock().Mono());
  return true;
}

bool DirectTransport::TryAgainLater(MonoTime now) {
  if (++refusals_ > kMaxRefusals) {
    return false;
  }
  const absl::Duration pause = PauseAfter(refusals_);
  if (pause == absl::ZeroDuration()) {
    Connect(now);
  } else {
    stage_ = Stage::kPause;
    pause_ends_ = now + pause;
    ArmTimer(pause_ends_);
  }
  return true;
}

HttpError DirectTransport::WhyHttp1Failed(Http1Carrier::End end, int os_errno) const {
  ReportShortage(os_errno, engine_.network());
  const bool sending = end == Http1Carrier::End::kSendFailed;
  if (kept_ && !http1_.begun() && (os_errno == ECONNRESET || os_errno == EPIPE)) {
    return LostWithoutAnswer(os_errno == ECONNRESET ? "reset by peer" : "");
  }
  const Connection& connection = http1_.connection();
  const Connection::Peer& peer = connection.peer();
  const std::string address = HostPort(connection.remote_ip(), peer.dial_port);
  const bool of_tls = os_errno == EPROTO && connection.tls() != nullptr;
  const std::string text =
      of_tls ? absl::StrCat("OpenSSL SSL_read: ", connection.tls()->failure().text) : "";
  return ErrorFromCurl({.code = sending ? CURLE_SEND_ERROR : CURLE_RECV_ERROR,
                        .text = text,
                        .os_errno = of_tls ? 0 : os_errno,
                        .address = address,
                        .host = peer.host});
}

void DirectTransport::End(HttpError error, bool keep_body) {
  const MonoTime now = engine_.clock().Mono();
  LeaveStage();
  HttpResponse& response = exchange_.response();
  response.bytes_sent = progress_.sent;
  response.bytes_received = progress_.received;
  // curl's ruler, with its zero at the submission.
  const auto since = [this](MonoTime at) {
    return at == MonoTime() ? absl::ZeroDuration() : at - exchange_.started();
  };
  CurlTimes times;
  times.name_lookup = since(opened_.began);
  times.connect = since(opened_.connected);
  times.app_connect = since(opened_.secured);
  times.post_transfer = since(progress_.all_sent);
  times.start_transfer = since(progress_.first_byte);
  times.total = now - exchange_.started();
  times.bytes_sent = response.bytes_sent;
  exchange_.Stamp(times, progress_.began, progress_.first_byte, now);
  exchange_.Finish(std::move(error), keep_body);
}

MonoTime DirectTransport::Due() const {
  switch (stage_) {
    case Stage::kOpening:
      return std::min(exchange_.deadline(), opening_->deadline());
    case Stage::kPause:
      return std::min(exchange_.deadline(), pause_ends_);
    default:
      return exchange_.deadline();
  }
}

void DirectTransport::ArmTimer(MonoTime due) {
  if (due >= timer_due_) {
    return;  // it looks then when to come again: moving it with every request would cost more
  }
  engine_.loop().Cancel(timer_);
  timer_due_ = due;
  timer_ = engine_.loop().At(due, [this] {
    timer_ = TimerId::kNone;
    timer_due_ = MonoTime::Infinite();
    OnTimer();
  });
}

void DirectTransport::OnTimer() {
  if (stage_ == Stage::kNone) {
    return;
  }
  const MonoTime now = engine_.clock().Mono();
  if (now < Due()) {
    ArmTimer(Due());
  } else if (now >= exchange_.deadline()) {
    End({error_code::kRequestTimeout, "request timeout"});
  } else if (stage_ == Stage::kPause) {
    ArmTimer(exchange_.deadline());
    Connect(now);
  } else {
    OnOpenFailed(opening_->DialTimeout());
  }
}

}  // namespace lockstep::agent
