#include "agent/net/curl_driver.h"

#include <cerrno>
#include <ctime>
#include <utility>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/check.h"

namespace lockstep::agent {
namespace {

// Idle connections kept for each VU; k6 keeps as many as `batch`, 20 unless told otherwise.
constexpr long kMaxIdleConnections = 100;

// The driver whose curl runs on this thread. Thread-local, as curl's calls of the two functions
// below say nothing of it.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): see above
thread_local CurlDriver* running_driver = nullptr;

}  // namespace

bool CurlDriver::Socket::Silent() const {
  return (registered & EPOLLIN) != 0 && !reported;
}

class CurlDriver::Inside {
 public:
  explicit Inside(CurlDriver* driver) : before_(std::exchange(running_driver, driver)) {}
  ~Inside() { running_driver = before_; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  CurlDriver* const before_;
};

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
  const Inside inside(this);
  curl_multi_remove_handle(multi_, easy);
}

void CurlDriver::Advance() {
  {
    const Inside inside(this);
    int running = 0;
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  }
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
    {
      const Inside inside(this);
      curl_multi_remove_handle(multi_, easy);
    }
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
  socket.reported = socket.reported || (events & ~uint32_t{EPOLLOUT}) != 0;
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
    const Inside inside(this);
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

#ifndef __SANITIZE_THREAD__  // whose own versions see what happens between threads

// Before and after each request, libcurl asks `poll` whether the connection still lives, and it
// reads from it before an answer can be there. It finds these functions before the C library's, as
// it finds an allocator's. What they say without asking the system is what a call at the time of
// the loop's last look at its sockets would have said; for all others they are what they stand for.
#pragma GCC diagnostic push
// The C library declares that what `sockets` points to is only written.
// NOLINTNEXTLINE(clang-diagnostic-unknown-warning-option): one of GCC's
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the library's are reserved
extern "C" int poll(pollfd* sockets, nfds_t count, int timeout_ms) {
  using lockstep::agent::running_driver;
  const bool looks = running_driver != nullptr && count == 1 && timeout_ms == 0 &&
                     (sockets->events & (POLLOUT | POLLWRNORM | POLLWRBAND)) == 0;
  if (looks && running_driver->Silent(sockets->fd)) {
    sockets->revents = 0;
    return 0;
  }
  const timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1'000'000L};
  const int ready = ppoll(sockets, count, timeout_ms < 0 ? nullptr : &timeout, nullptr);
  if (looks && ready == 0) {
    running_driver->NoteDrained(sockets->fd);
  }
  return ready;
}
#pragma GCC diagnostic pop

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the library's are reserved
extern "C" ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  using lockstep::agent::running_driver;
  if (running_driver == nullptr || flags != 0) {
    return recvfrom(fd, buffer, size, flags, nullptr, nullptr);
  }
  if (running_driver->Silent(fd)) {
    errno = EAGAIN;
    return -1;
  }
  const ssize_t got = recvfrom(fd, buffer, size, flags, nullptr, nullptr);
  // Fewer bytes than there was room for were all. An end or an error is reported again.
  if ((got > 0 && static_cast<size_t>(got) < size) || (got < 0 && errno == EAGAIN)) {
    running_driver->NoteDrained(fd);
  }
  return got;
}

#endif  // __SANITIZE_THREAD__
