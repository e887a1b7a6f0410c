#include "agent/net/http2_session.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <curl/curl.h>
#include <sys/epoll.h>

#include "absl/strings/str_cat.h"

#include "agent/net/engine.h"
#include "agent/net/http2_callbacks.h"
#include "agent/net/http2_error.h"
#include "agent/net/net_error.h"
#include "agent/net/request_form.h"
#include "common/base/check.h"

namespace lockstep::agent {
namespace {

// With which a write is worth its while.
constexpr size_t kEnoughOutput = 64 << 10;
// What a server may send without being asked for more, as Go's client has it.
constexpr uint32_t kStreamWindow = 4 << 20;
constexpr int32_t kConnectionWindow = 1 << 30;

}  // namespace

Http2Session::Http2Session(Engine& engine, std::unique_ptr<Connection> connection, Owner& owner)
    : engine_(engine), owner_(owner), connection_(std::move(connection)) {
  connection_->set_user(this);
  nghttp2_session* made = nullptr;
  LOCKSTEP_CHECK(nghttp2_session_client_new2(&made, Callbacks::All(), this, Callbacks::Options()) ==
                 0);
  ng_.reset(made);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                             {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow}};
  nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
  FlushSoon();
}

Http2Session::~Http2Session() {
  if (flush_due_) {
    engine_.RemoveFlush(this);
  }
}

void Http2Session::FlushSoon() {
  if (!std::exchange(flush_due_, true)) {
    engine_.AddFlush(this);
  }
}

bool Http2Session::has_room() const {
  if (retired_ || going_away_ || lost_ || breach_ || deaf_) {
    return false;
  }
  return streams_.empty() ||
         streams_.size() < nghttp2_session_get_remote_settings(
                               ng_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

int32_t Http2Session::Begin(const Call& call) {
  const std::vector<nghttp2_nv>& fields = fields_.Of(*call.request);
  const nghttp2_data_provider body = Callbacks::Body();
  const bool has_body = BodyFormOf(*call.request) != BodyForm::kNothing;
  const int32_t id = nghttp2_submit_request(ng_.get(), nullptr, fields.data(), fields.size(),
                                            has_body ? &body : nullptr, nullptr);
  if (id <= 0) {
    retired_ = true;
    return 0;
  }
  streams_.push_back({.id = id, .call = call});
  FlushSoon();
  return id;
}

void Http2Session::Cancel(int32_t stream) {
  Stream* const found = Find(stream);
  if (found == nullptr) {
    return;
  }
  streams_.erase(streams_.begin() + (found - streams_.data()));
  nghttp2_submit_rst_stream(ng_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  FlushSoon();
}

void Http2Session::Retire() {
  retired_ = true;
  if (IsOver()) {
    owner_.OnSessionOver(*this);
  }
}

void Http2Session::Flush() {
  flush_due_ = false;
  // What came with the end of the handshake is with TLS, and no event tells of it.
  if (!lost_ && connection_->tls() != nullptr && connection_->tls()->may_have_more()) {
    Receive();
  }
  Settle();
}

void Http2Session::OnEvents(Connection& /*connection*/, uint32_t events) {
  if ((events & ~uint32_t{EPOLLOUT}) != 0) {
    Receive();
  }
  Settle();
}

void Http2Session::Receive() {
  const absl::Span<char> buffer = engine_.receive_buffer();
  for (int i = 0; i < Connection::kReadsPerEvent; ++i) {
    const ssize_t got = connection_->Receive(buffer.data(), buffer.size());
    if (got > 0) {
      const auto size = static_cast<size_t>(got);
      received_at_ = engine_.clock().Mono();
      const ssize_t taken = nghttp2_session_mem_recv(
          ng_.get(), reinterpret_cast<const uint8_t*>(buffer.data()), size);
      if (taken < 0) {
        breach_ = true;
        breach_code_ =
            taken == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR;
        return;
      }
      if (!connection_->MayHaveMore(size, buffer.size())) {
        return;
      }
    } else if (got == 0) {
      Lose(0);
      return;
    } else if (errno != EINTR) {
      if (errno != EAGAIN) {
        Lose(errno);
      }
      return;
    }
  }
  connection_->ReportAgain();
}

// `os_errno` 0: the peer has ended the connection.
void Http2Session::Lose(int os_errno) {
  lost_ = true;
  if (os_errno == 0) {
    lost_by_ = {error_code::kGeneric, "unexpected EOF"};
    return;
  }
  const bool of_tls = os_errno == EPROTO && connection_->tls() != nullptr;
  const std::string text =
      of_tls ? absl::StrCat("OpenSSL SSL_read: ", connection_->tls()->failure().text) : "";
  lost_by_ =
      ErrorFromCurl({.code = CURLE_RECV_ERROR, .text = text, .os_errno = of_tls ? 0 : os_errno});
}

void Http2Session::Send() {
  while (!lost_ && !deaf_) {
    if (written_ == output_.size()) {
      NoteSent();
      FillOutput();
      if (output_.empty()) {
        connection_->WantRoom(false);
        return;
      }
    }
    const iovec rest = {output_.data() + written_, output_.size() - written_};
    const ssize_t taken = connection_->Send(&rest, 1);
    if (taken >= 0) {
      written_ += static_cast<size_t>(taken);
    } else if (errno == EAGAIN) {
      connection_->WantRoom(true);
      return;
    } else if (errno == EPIPE) {
      // What the peer has said before it hung up is still to be received.
      deaf_ = true;
      connection_->WantRoom(false);
    } else if (errno != EINTR) {
      Lose(errno);
    }
  }
}

void Http2Session::FillOutput() {
  output_.clear();
  written_ = 0;
  while (output_.size() < kEnoughOutput) {
    const uint8_t* frame = nullptr;
    const ssize_t size = nghttp2_session_mem_send(ng_.get(), &frame);
    if (size <= 0) {
      breach_ = breach_ || size < 0;
      return;
    }
    output_.append(reinterpret_cast<const char*>(frame), static_cast<size_t>(size));
  }
}

void Http2Session::NoteSent() {
  if (leaving_.empty()) {
    return;
  }
  const MonoTime now = engine_.clock().Mono();
  for (const int32_t id : leaving_) {
    if (const Stream* const stream = Find(id)) {
      stream->call.progress->all_sent = now;
    }
  }
  leaving_.clear();
}

void Http2Session::Settle() {
  TellEnds();
  Send();
  TellEnds();  // of those that nghttp2 has not sent
  if (lost_ || breach_ || HasBroken() || nghttp2_session_want_read(ng_.get()) == 0) {
    FailAll();
  }
  if (IsOver()) {
    owner_.OnSessionOver(*this);
  }
}

// A GOAWAY with an error is the last that a peer says (RFC 9113, section 5.4.1), though some then
// leave the connection to be closed by us.
bool Http2Session::HasBroken() const {
  return going_away_ && goaway_code_ != NGHTTP2_NO_ERROR;
}

bool Http2Session::IsOver() const {
  const bool closing = retired_ || going_away_ || lost_ || breach_ || deaf_;
  return closing && streams_.empty() && ended_.empty();
}

void Http2Session::TellEnds() {
  while (!ended_.empty()) {
    // Whoever is told may begin another exchange, of which nghttp2 may say at once that it ends.
    for (Ended& each : std::exchange(ended_, {})) {
      each.user->OnHttp2End(std::move(each.end));
    }
  }
}

void Http2Session::FailAll() {
  breach_ = true;  // no more exchanges
  while (!streams_.empty()) {
    const Stream& stream = streams_.back();
    End end = {.how = lost_ ? End::How::kLost : End::How::kFailed,
               .error = stream.failed,
               .begun = stream.begun,
               .keep_body = stream.in_answer};
    if (end.error.code == 0) {
      end.error = WhyLost();
    } else {
      end.how = End::How::kFailed;
    }
    EndStream(stream.id, std::move(end));
  }
  TellEnds();
}

HttpError Http2Session::WhyLost() const {
  if (breach_code_ != NGHTTP2_NO_ERROR) {
    return Http2ConnectionError(breach_code_);
  }
  if (going_away_) {
    return Http2GoAwayError(goaway_code_);
  }
  return lost_ ? lost_by_ : Http2ConnectionError(NGHTTP2_PROTOCOL_ERROR);
}

Http2Session::Stream* Http2Session::Find(int32_t id) {
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [id](const Stream& each) { return each.id == id; });
  return found == streams_.end() ? nullptr : &*found;
}

void Http2Session::EndStream(int32_t id, End end) {
  Stream* const stream = Find(id);
  ended_.push_back({stream->call.user, std::move(end)});
  streams_.erase(streams_.begin() + (stream - streams_.data()));
}

}  // namespace lockstep::agent
