#include "agent/net/http1_carrier.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/epoll.h>

#include "agent/net/engine.h"
#include "common/base/prefetch.h"

namespace lockstep::agent {

void Http1Carrier::Begin(std::unique_ptr<Connection> connection, const HttpRequest& request,
                         bool close, Progress& progress) {
  connection_ = std::move(connection);
  connection_->set_user(this);
  request_ = &request;
  progress_ = &progress;
  close_ = close || AsksToClose(request.headers);
  reusable_ = false;
  answer_.Start(request.method == "HEAD");
  head_.clear();
  AppendRequestHead(request, close, &head_);
  sending_ = true;
  SendMore();
}

void Http1Carrier::Abandon() {
  connection_.reset();
  sending_ = false;
}

std::unique_ptr<Connection> Http1Carrier::TakeReusable() {
  return reusable_ ? std::move(connection_) : nullptr;
}

bool Http1Carrier::EndedInBody() {
  const bool in_body = answer_.in_body();
  answer_.FeedEnd();
  return in_body;
}

void Http1Carrier::OnEvents(Connection& /*connection*/, uint32_t events) {
  if ((events & EPOLLOUT) != 0 && sending_) {
    SendMore();
  }
  if ((events & ~uint32_t{EPOLLOUT}) != 0 && busy()) {
    ReceiveMore();
  }
}

void Http1Carrier::SendMore() {
  const std::string& body = request_->body;
  const size_t all = head_.size() + body.size();
  for (auto sent = static_cast<size_t>(progress_->sent); sent < all;) {
    // The system only reads what it is given to send.
    const auto part = [](const std::string& text, size_t from) {
      return iovec{const_cast<char*>(text.data()) + from, text.size() - from};
    };
    const size_t in_body = sent > head_.size() ? sent - head_.size() : 0;
    const iovec parts[] = {part(head_, std::min(sent, head_.size())), part(body, in_body)};
    const ssize_t taken = connection_->Send(parts, body.empty() ? 1 : 2);
    if (taken >= 0) {
      sent += static_cast<size_t>(taken);
      progress_->sent = static_cast<int64_t>(sent);
    } else if (errno != EINTR) {
      OnSendFailed(errno);
      return;
    }
  }
  sending_ = false;
  progress_->all_sent = engine_.clock().Mono();
  connection_->WantRoom(false);
}

void Http1Carrier::OnSendFailed(int os_errno) {
  switch (os_errno) {
    case EAGAIN:
      connection_->WantRoom(true);
      return;
    case EPIPE:
      // The peer may have answered before it hung up: what is to be received says what came of it.
      connection_->WantRoom(false);
      return;
    default:
      user_.OnHttp1End(End::kSendFailed, os_errno);
  }
}

void Http1Carrier::ReceiveMore() {
  // Of thousands of connections, none is in the processor's caches: what the answer is written to
  // comes from the memory while the system receives.
  Prefetch(*this);
  answer_.PrefetchParts();
  const absl::Span<char> buffer = engine_.receive_buffer();
  for (int i = 0; i < Connection::kReadsPerEvent; ++i) {
    const ssize_t got = connection_->Receive(buffer.data(), buffer.size());
    if (got > 0) {
      const auto size = static_cast<size_t>(got);
      if (!OnBytes({buffer.data(), size}) || !connection_->MayHaveMore(size, buffer.size())) {
        return;
      }
    } else if (got == 0) {
      user_.OnHttp1End(End::kLost, 0);
      return;
    } else if (errno != EINTR) {
      if (errno != EAGAIN) {
        user_.OnHttp1End(End::kLost, errno);
      }
      return;
    }
  }
  connection_->ReportAgain();
}

// Whether the answer goes on.
bool Http1Carrier::OnBytes(absl::string_view bytes) {
  if (progress_->first_byte == MonoTime()) {
    progress_->first_byte = engine_.clock().Mono();
  }
  progress_->received += static_cast<int64_t>(bytes.size());
  const size_t used = answer_.Feed(bytes);
  if (!answer_.over()) {
    return true;
  }
  reusable_ =
      answer_.complete() && answer_.keeps_alive() && !sending_ && used == bytes.size() && !close_;
  user_.OnHttp1End(answer_.refused() ? End::kNotTaken : End::kAnswered, 0);
  return false;
}

}  // namespace lockstep::agent
