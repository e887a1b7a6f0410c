#include "agent/net/direct_transport.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <curl/curl.h>
#include <sys/epoll.h>

#include "absl/strings/match.h"

#include "agent/net/engine.h"
#include "agent/net/net_error.h"
#include "agent/net/pool.h"
#include "agent/net/request_form.h"
#include "agent/net/transfer_facts.h"

namespace lockstep::agent {
namespace {

// So many reads in a row, after which others have their turn.
constexpr int kReadsPerEvent = 16;

}  // namespace

DirectTransport::DirectTransport(Engine& engine, Exchange& exchange)
    : engine_(engine), exchange_(exchange), answer_(exchange.response(), exchange.reader()) {}

DirectTransport::~DirectTransport() {
  engine_.loop().Cancel(timer_);
}

bool DirectTransport::Carries(const HttpRequest& request, const Target& target,
                              const Network& network) {
  return request.listener == nullptr && !target.secure() && target.proxy.empty() &&
         request.auth == HttpRequest::Auth::kNone && !network.options().http2_prior_knowledge &&
         std::none_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
           return absl::EqualsIgnoreCase(header.first, "Expect");
         });
}

void DirectTransport::Start(MonoTime now) {
  head_.clear();
  AppendRequestHead(exchange_.request(), engine_.network().options().no_connection_reuse, &head_);
  sent_ = 0;
  received_ = 0;
  dial_began_ = dial_ended_ = prerequest_ = all_sent_ = first_byte_ = MonoTime();
  ArmTimer(exchange_.deadline());
  Connect(now);
}

void DirectTransport::Abandon() {
  connection_.reset();
  dialling_ = sending_ = false;
}

void DirectTransport::Connect(MonoTime now) {
  answer_.Start(exchange_.request().method == "HEAD");
  generation_ = exchange_.pool().generation();
  const Target& target = exchange_.target();
  connection_ = exchange_.pool().TakeConnection(target.host, target.port);
  kept_ = connection_ != nullptr;
  if (kept_) {
    connection_->set_user(this);
    BeginSending(now);
  } else {
    Dial(now);
  }
}

void DirectTransport::Dial(MonoTime now) {
  const Target& target = exchange_.target();
  connection_ = std::make_unique<Connection>(
      engine_.loop(),
      Connection::Peer{target.host, target.port, *exchange_.dialled(), target.dial_port});
  dialling_ = true;
  dial_began_ = now;
  ArmTimer(now + kDialLimit);
  if (const int error = connection_->Dial(exchange_.pool().local_ip(), this); error != 0) {
    FailAsCurl(CURLE_COULDNT_CONNECT, error);
  }
}

void DirectTransport::OnEvents(Connection& /*connection*/, uint32_t events) {
  if (dialling_) {
    OnDialled();
    return;
  }
  if ((events & EPOLLOUT) != 0 && sending_) {
    SendMore();
  }
  if ((events & ~uint32_t{EPOLLOUT}) != 0 && connection_ != nullptr && !dialling_) {
    ReceiveMore();
  }
}

void DirectTransport::OnDialled() {
  dialling_ = false;
  if (const int error = connection_->DialResult(); error != 0) {
    FailAsCurl(CURLE_COULDNT_CONNECT, error);
    return;
  }
  dial_ended_ = engine_.clock().Mono();
  connection_->WantRoom(false);
  BeginSending(dial_ended_);
}

void DirectTransport::BeginSending(MonoTime now) {
  const Connection::Peer& peer = connection_->peer();
  exchange_.response().remote_ip = connection_->remote_ip();
  exchange_.response().remote_port = peer.dial_port;
  prerequest_ = now;
  all_sent_ = MonoTime();
  sent_ = 0;
  sending_ = true;
  SendMore();
}

void DirectTransport::SendMore() {
  const std::string& body = exchange_.request().body;
  const size_t all = head_.size() + body.size();
  while (sent_ < all) {
    // The system only reads what it is given to send.
    const auto part = [](const std::string& text, size_t from) {
      return iovec{const_cast<char*>(text.data()) + from, text.size() - from};
    };
    const size_t in_body = sent_ > head_.size() ? sent_ - head_.size() : 0;
    const iovec parts[] = {part(head_, std::min(sent_, head_.size())), part(body, in_body)};
    const ssize_t sent = connection_->Send(parts, body.empty() ? 1 : 2);
    if (sent >= 0) {
      sent_ += static_cast<size_t>(sent);
      continue;
    }
    if (errno != EINTR) {
      OnSendFailed(errno);
      return;
    }
  }
  sending_ = false;
  all_sent_ = engine_.clock().Mono();
  connection_->WantRoom(false);
}

void DirectTransport::OnSendFailed(int os_errno) {
  if (os_errno == EAGAIN) {
    connection_->WantRoom(true);
    return;
  }
  if (os_errno == EPIPE) {
    // The peer may have answered before it hung up: what is to be received says what came of it.
    connection_->WantRoom(false);
    return;
  }
  if (!TryAgain()) {
    FailAsCurl(CURLE_SEND_ERROR, os_errno);
  }
}

void DirectTransport::ReceiveMore() {
  const absl::Span<char> buffer = engine_.receive_buffer();
  for (int i = 0; i < kReadsPerEvent && connection_ != nullptr; ++i) {
    const ssize_t got = connection_->Receive(buffer.data(), buffer.size());
    if (got > 0) {
      OnBytes({buffer.data(), static_cast<size_t>(got)});
      if (static_cast<size_t>(got) < buffer.size()) {
        return;
      }
    } else if (got == 0) {
      OnReceiveFailed(0);
      return;
    } else if (errno != EINTR) {
      if (errno != EAGAIN) {
        OnReceiveFailed(errno);
      }
      return;
    }
  }
}

void DirectTransport::OnBytes(absl::string_view bytes) {
  if (first_byte_ == MonoTime()) {
    first_byte_ = engine_.clock().Mono();
  }
  received_ += static_cast<int64_t>(bytes.size());
  const size_t used = answer_.Feed(bytes);
  if (!answer_.over()) {
    return;
  }
  if (HttpError refused = exchange_.WhyRefused(); refused.code != 0) {
    End(std::move(refused));
    return;
  }
  const bool reusable = answer_.error().code == 0 && answer_.keeps_alive() && !sending_ &&
                        used == bytes.size() && !AsksToClose(exchange_.request().headers) &&
                        !engine_.network().options().no_connection_reuse;
  if (reusable) {
    exchange_.pool().KeepConnection(std::move(connection_), generation_);
  }
  End(answer_.error());
}

// `os_errno` 0: the peer has ended the connection.
void DirectTransport::OnReceiveFailed(int os_errno) {
  if (TryAgain()) {
    return;
  }
  if (os_errno != 0) {
    FailAsCurl(CURLE_RECV_ERROR, os_errno);
    return;
  }
  const bool in_body = answer_.in_body();
  answer_.FeedEnd();
  End(answer_.error(), /*keep_body=*/in_body);  // as k6 shows it
}

bool DirectTransport::TryAgain() {
  if (!kept_ || answer_.begun() || !MayBeRepeated(exchange_.request().method)) {
    return false;
  }
  connection_.reset();
  Connect(engine_.clock().Mono());
  return true;
}

void DirectTransport::FailAsCurl(int curl_code, int os_errno) {
  ReportShortage(os_errno, engine_.network());
  const Connection::Peer& peer = connection_->peer();
  const std::string address = HostPort(connection_->remote_ip(), peer.dial_port);
  const bool lost = kept_ && !answer_.begun() && (os_errno == ECONNRESET || os_errno == EPIPE);
  End(lost ? LostWithoutAnswer(os_errno == ECONNRESET ? "reset by peer" : "")
           : ErrorFromCurl({.code = curl_code,
                            .os_errno = os_errno,
                            .timeout_was_dial = curl_code == CURLE_OPERATION_TIMEDOUT && dialling_,
                            .address = address,
                            .host = peer.host}));
}

void DirectTransport::End(HttpError error, bool keep_body) {
  const MonoTime now = engine_.clock().Mono();
  connection_.reset();
  dialling_ = sending_ = false;
  HttpResponse& response = exchange_.response();
  response.bytes_sent = static_cast<int64_t>(sent_);
  response.bytes_received = received_;
  // curl's ruler, with its zero at the submission.
  const auto since = [this](MonoTime at) {
    return at == MonoTime() ? absl::ZeroDuration() : at - exchange_.started();
  };
  CurlTimes times;
  times.name_lookup = since(dial_began_);
  times.connect = since(dial_ended_);
  times.post_transfer = since(all_sent_);
  times.start_transfer = since(first_byte_);
  times.total = now - exchange_.started();
  times.bytes_sent = response.bytes_sent;
  exchange_.Stamp(times, prerequest_, first_byte_, now);
  exchange_.Finish(std::move(error), keep_body);
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
  if (connection_ == nullptr) {
    return;
  }
  const MonoTime now = engine_.clock().Mono();
  if (now >= exchange_.deadline()) {
    End({error_code::kRequestTimeout, "request timeout"});
  } else if (dialling_ && now >= dial_began_ + kDialLimit) {
    FailAsCurl(CURLE_OPERATION_TIMEDOUT, 0);
  } else {
    ArmTimer(dialling_ ? std::min(exchange_.deadline(), dial_began_ + kDialLimit)
                       : exchange_.deadline());
  }
}

}  // namespace lockstep::agent
