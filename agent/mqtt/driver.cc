#include "agent/mqtt/driver.h"

#include <cerrno>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>

namespace lockstep::agent {
namespace {

constexpr absl::Duration kMiscEvery = absl::Seconds(1);  // what libmosquitto wants

}  // namespace

MosquittoDriver::MosquittoDriver(MultiLoop& loop, mosquitto* handle,
                                 absl::AnyInvocable<void(MosquittoFailure)> failed)
    : loop_(loop), handle_(handle), failed_(std::move(failed)) {}

MosquittoDriver::~MosquittoDriver() {
  Stop();
}

void MosquittoDriver::Connect(const IpAddress& ip, int port, absl::Duration keepalive) {
  const int code = mosquitto_connect_async(handle_, ip.ToString().c_str(), port,
                                           static_cast<int>(absl::ToInt64Seconds(keepalive)));
  if (code != MOSQ_ERR_SUCCESS) {
    failed_({.code = code, .dial_errno = code == MOSQ_ERR_ERRNO ? errno : 0});
    return;
  }
  misc_.After(kMiscEvery, [this] { Misc(); });
  Look();
}

void MosquittoDriver::Look() {
  const int socket = stopped_ ? -1 : mosquitto_socket(handle_);
  if (socket != socket_) {
    Unwatch();
  }
  if (socket < 0) {
    return;
  }
  const uint32_t wanted =
      EPOLLIN | (!dialled_ || mosquitto_want_write(handle_) ? uint32_t{EPOLLOUT} : 0);
  if (wanted != watched_) {
    socket_ = socket;
    watched_ = wanted;
    loop_.Watch(socket, wanted, [this](uint32_t events) { OnReady(events); });
  }
}

void MosquittoDriver::OnReady(uint32_t events) {
  if (!std::exchange(dialled_, true)) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      failed_({.dial_errno = error});
      Look();
      return;
    }
  }
  int code = MOSQ_ERR_SUCCESS;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    code = mosquitto_loop_read(handle_, 1);
  }
  if (code == MOSQ_ERR_SUCCESS && (events & EPOLLOUT) != 0) {
    code = mosquitto_loop_write(handle_, 1);
  }
  After(code);
}

void MosquittoDriver::Misc() {
  misc_.After(kMiscEvery, [this] { Misc(); });
  After(mosquitto_loop_misc(handle_));
}

// Looks at what libmosquitto made of a call, and at what it waits for now.
void MosquittoDriver::After(int code) {
  if (code != MOSQ_ERR_SUCCESS) {
    failed_({.code = code});
  }
  Look();
}

void MosquittoDriver::Stop() {
  stopped_ = true;
  misc_.Cancel();
  Unwatch();
}

void MosquittoDriver::Unwatch() {
  if (socket_ >= 0) {
    loop_.Unwatch(std::exchange(socket_, -1));
    watched_ = 0;
  }
}

}  // namespace lockstep::agent
