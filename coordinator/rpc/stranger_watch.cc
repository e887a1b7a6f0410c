#include "coordinator/rpc/stranger_watch.h"

#include <optional>
#include <vector>

#include <fcntl.h>
#include <linux/tcp.h>  // whose tcp_info has what has come
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kLookEvery = absl::Milliseconds(50);
constexpr absl::Duration kSpan = absl::Seconds(10);  // of the limit
constexpr uint8_t kEstablished = 1;                  // TCP's state

// Bytes that have come over an open connection so far; nothing: it has ended.
std::optional<uint64_t> ReceivedBy(int fd) {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_state != kEstablished) {
    return std::nullopt;
  }
  return info.tcpi_bytes_received;
}

}  // namespace

void StrangerWatch::Add(int fd, const std::string& address) {
  Forget(address);
  const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) {
    return;  // without a descriptor, nobody else comes in either
  }
  strangers_[address] = {.fd = own, .since = loop_.clock().Mono()};
  LookAgain();
}

void StrangerWatch::Forget(const std::string& address) {
  if (const auto found = strangers_.find(address); found != strangers_.end()) {
    close(found->second.fd);
    strangers_.erase(found);
  }
}

void StrangerWatch::Clear() {
  while (!strangers_.empty()) {
    Forget(std::string(strangers_.begin()->first));
  }
}

void StrangerWatch::LookAgain() {
  if (!strangers_.empty() && !timer_.set()) {
    timer_.After(kLookEvery, [this] { Look(); });
  }
}

void StrangerWatch::Look() {
  const MonoTime now = loop_.clock().Mono();
  std::vector<std::string> gone;
  std::vector<std::string> too_much;
  for (auto& [address, stranger] : strangers_) {
    const std::optional<uint64_t> received = ReceivedBy(stranger.fd);
    if (!received.has_value()) {
      gone.push_back(address);
    } else if (*received - stranger.before > kMostBytes) {
      shutdown(stranger.fd, SHUT_RDWR);
      too_much.push_back(address);
    } else if (now - stranger.since >= kSpan) {
      stranger.before = *received;
      stranger.since = now;
    }
  }
  for (const std::string& address : gone) {
    Forget(address);
  }
  for (const std::string& address : too_much) {
    Forget(address);
    cut_(address);
  }
  LookAgain();
}

}  // namespace lockstep::coordinator
