#include "agent/net/curl_driver.h"

#include <utility>

#include <sys/epoll.h>
#include <unistd.h>

#include "common/base/check.h"

namespace lockstep::agent {
namespace {

// Idle connections kept for each VU; k6 keeps as many as `batch`, 20 unless told otherwise.
constexpr long kMaxIdleConnections = 100;

}  // namespace

CurlDriver::CurlDriver(EpollLoop& loop) : loop_(loop), multi_(curl_multi_init()) {
  LOCKSTEP_CHECK(multi_ != nullptr);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlDriver::OnSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlDriver::OnTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kMaxIdleConnections);
}

CurlDriver::~CurlDriver() {
  loop_.Cancel(timer_);
  curl_multi_cleanup(multi_);
}

void CurlDriver::Attach(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlDriver::OnClose);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
}

void CurlDriver::Start(CURL* easy, CurlTransfer* transfer) {
  curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
  LOCKSTEP_CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK);
}

void CurlDriver::Abandon(CURL* easy) {
  curl_multi_remove_handle(multi_, easy);
}

void CurlDriver::Advance() {
  int running = 0;
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  Collect();
  RegisterWanted();
  ArmTimer();
}

void CurlDriver::Collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) {
      continue;
    }
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;
    CurlTransfer* transfer = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    curl_multi_remove_handle(multi_, easy);
    transfer->OnFinished(code);
  }
}

int CurlDriver::OnSocket(CURL* /*easy*/, curl_socket_t fd, int what, void* driver,
                         void* /*unused*/) {
  const uint32_t in = (what == CURL_POLL_IN || what == CURL_POLL_INOUT) ? uint32_t{EPOLLIN} : 0;
  const uint32_t out = (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) ? uint32_t{EPOLLOUT} : 0;
  static_cast<CurlDriver*>(driver)->SetWanted(fd, in | out);
  return 0;
}

void CurlDriver::SetWanted(int fd, uint32_t wanted) {
  if (static_cast<size_t>(fd) >= sockets_.size()) {
    sockets_.resize(static_cast<size_t>(fd) + 1);
  }
  Socket& socket = sockets_[static_cast<size_t>(fd)];
  socket.wanted = wanted;
  if ((wanted & ~socket.registered) != 0) {
    unregistered_.push_back(fd);
  }
}

void CurlDriver::RegisterWanted() {
  for (const int fd : std::exchange(unregistered_, {})) {
    Socket& socket = sockets_[static_cast<size_t>(fd)];
    if ((socket.wanted & ~socket.registered) != 0) {
      // Reading follows any writing, so it is asked for from the start.
      Register(fd, socket, socket.wanted | EPOLLIN);
    }
  }
}

void CurlDriver::Register(int fd, Socket& socket, uint32_t events) {
  socket.registered = events;
  if (events == 0) {
    loop_.Unwatch(fd);
  } else {
    loop_.Watch(fd, events, [this, fd](uint32_t happened) { OnEvents(fd, happened); });
  }
}

void CurlDriver::OnEvents(int fd, uint32_t events) {
  Socket& socket = sockets_[static_cast<size_t>(fd)];
  const uint32_t asked = events & (EPOLLIN | EPOLLOUT);
  if ((asked & ~socket.wanted) != 0 || socket.wanted == 0) {
    Register(fd, socket, socket.wanted);
  }
  if (socket.wanted == 0) {
    return;
  }
  int flags = 0;
  flags |= (events & socket.wanted & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0;
  flags |= (events & socket.wanted & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
  flags |= (events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0;
  if (flags != 0) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, flags, &running);
  }
}

int CurlDriver::OnClose(void* driver, curl_socket_t fd) {
  auto* const self = static_cast<CurlDriver*>(driver);
  if (static_cast<size_t>(fd) < self->sockets_.size()) {
    self->sockets_[static_cast<size_t>(fd)] = Socket();
    self->loop_.Unwatch(fd);
  }
  return close(fd);
}

int CurlDriver::OnTimer(CURLM* /*multi*/, long timeout_ms, void* driver) {
  auto* const self = static_cast<CurlDriver*>(driver);
  self->due_ = timeout_ms < 0 ? MonoTime::Infinite()
                              : self->loop_.clock().Mono() + absl::Milliseconds(timeout_ms);
  return 0;
}

// Called once a turn, after curl has said what it wants. A timer that stands earlier than needed is
// left: waking once too often is cheaper than moving it with every request.
void CurlDriver::ArmTimer() {
  if (due_ >= armed_) {
    return;
  }
  loop_.Cancel(timer_);
  armed_ = due_;
  timer_ = loop_.At(armed_, [this] {
    armed_ = MonoTime::Infinite();
    timer_ = TimerId::kNone;
    // The turn ends with Advance, which arms again.
  });
}

}  // namespace lockstep::agent
