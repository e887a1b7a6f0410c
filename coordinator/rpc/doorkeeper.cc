#include "coordinator/rpc/doorkeeper.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/host_port.h"
#include "common/base/system_lookup.h"
#include "coordinator/core/refusals.h"

namespace lockstep::coordinator {
namespace {

constexpr char kTlsHandshake = 0x16;  // the first byte of a TLS record with a ClientHello
constexpr char kHttp2Preface = 'P';   // of "PRI * HTTP/2.0"
constexpr absl::Duration kWindow = absl::Seconds(10);
constexpr int kBacklog = 1024;
constexpr int kMostUnread = 16;  // pieces of 4 KiB of what a stranger says
constexpr absl::Duration kPause = absl::Milliseconds(100);  // without descriptors

std::string ErrorText(int error) {
  char buffer[128];
  return strerror_r(error, buffer, sizeof(buffer));
}

std::string AddressText(const sockaddr_storage& address, socklen_t size) {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host, sizeof(host), port,
                  sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "an unknown address";
  }
  absl::string_view plain = host;
  absl::ConsumePrefix(&plain, "::ffff:");  // IPv4 on a socket for both
  return absl::StrContains(plain, ':') ? absl::StrCat("[", plain, "]:", port)
                                       : absl::StrCat(plain, ":", port);
}

// Whose connection it is, as far as limits go: an IPv6 host has all of its /64.
std::string HostOf(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof(text));
    return text;
  }
  in6_addr host = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (!IN6_IS_ADDR_V4MAPPED(&host)) {
    memset(host.s6_addr + 8, 0, 8);
  }
  inet_ntop(AF_INET6, &host, text, sizeof(text));
  return text;
}

void CountDown(const std::string& host, std::map<std::string, size_t>* counts) {
  const auto found = counts->find(host);
  if (found != counts->end() && --found->second == 0) {
    counts->erase(found);
  }
}

// What tools that speak HTTP show to their users.
constexpr absl::string_view kHttpAnswer =
    "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 34\r\n"
    "connection: close\r\n\r\nThis coordinator speaks TLS only.\n";

// A fatal TLS alert, protocol_version (RFC 8446, 6).
constexpr absl::string_view kTlsAlert("\x15\x03\x01\x00\x02\x02\x46", 7);

}  // namespace

Doorkeeper::Doorkeeper(EpollLoop& loop, DoorSettings settings, Events events)
    : loop_(loop), settings_(settings), events_(std::move(events)) {}

Doorkeeper::~Doorkeeper() {
  Shutdown();
}

absl::StatusOr<int> Doorkeeper::Listen(const std::string& address) {
  const HostAndPort parts = SplitHostPort(address);
  const auto error = [&](absl::string_view why) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ": ", why));
  };
  if (!parts.port.has_value()) {
    return error("it must be HOST:PORT or unix:PATH, of a folder where one may write");
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  Addresses found;
  if (const int failed =
          SystemLookup(std::string(parts.host), std::string(*parts.port), hints, found);
      failed != 0) {
    return error(gai_strerror(failed));
  }
  int port = 0;
  for (const addrinfo* where = found.get(); where != nullptr; where = where->ai_next) {
    if (absl::Status listening = ListenOn(*where, &port); !listening.ok()) {
      return error(listening.message());
    }
  }
  return port;
}

// With *port, the port of an earlier address of the same name, if it is not 0.
absl::Status Doorkeeper::ListenOn(const addrinfo& where, int* port) {
  const int fd =
      socket(where.ai_family, where.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, where.ai_protocol);
  if (fd < 0) {
    return absl::UnavailableError(ErrorText(errno));
  }
  sockaddr_storage address = {};
  memcpy(&address, where.ai_addr, where.ai_addrlen);
  // The port is at the same place for both families.
  auto* with_port = reinterpret_cast<sockaddr_in*>(&address);
  if (*port != 0) {
    with_port->sin_port = htons(static_cast<uint16_t>(*port));
  }
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const bool several = where.ai_next != nullptr || !listeners_.empty();
  if (where.ai_family == AF_INET6 && several) {
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  }
  socklen_t size = where.ai_addrlen;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd, kBacklog) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    const std::string why = ErrorText(errno);
    close(fd);
    return absl::UnavailableError(why);
  }
  *port = ntohs(with_port->sin_port);
  listeners_.push_back(fd);
  WatchListeners();
  return absl::OkStatus();
}

void Doorkeeper::WatchListeners() {
  for (const int fd : listeners_) {
    loop_.Watch(fd, EPOLLIN, [this, fd](uint32_t) { OnKnock(fd); });
  }
}

// There is no descriptor left to accept with; a moment later there may be one.
void Doorkeeper::PauseListening() {
  for (const int fd : listeners_) {
    loop_.Unwatch(fd);
  }
  pause_.After(kPause, [this] { WatchListeners(); });
}

void Doorkeeper::Shutdown() {
  timer_.Cancel();
  pause_.Cancel();
  for (const int fd : listeners_) {
    loop_.Unwatch(fd);
    close(fd);
  }
  listeners_.clear();
  for (const auto& [fd, visitor] : silent_) {
    loop_.Unwatch(fd);
    close(fd);
  }
  silent_.clear();
  silent_of_.clear();
  order_.clear();
}

void Doorkeeper::OnKnock(int listener) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  const int fd =
      accept4(listener, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  const bool out_of_descriptors = fd < 0 && (errno == EMFILE || errno == ENFILE);
  if (out_of_descriptors || silent_.size() >= settings_.max_silent) {
    DropOneOfTheMost();
  }
  if (fd < 0) {
    if (out_of_descriptors) {
      PauseListening();
    }
    return;  // else gone again
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  silent_[fd] = {
      .address = AddressText(address, size), .host = HostOf(address), .came = loop_.clock().Mono()};
  ++silent_of_[silent_[fd].host];
  order_.push_back(fd);
  loop_.Watch(fd, EPOLLIN, [this, fd](uint32_t) { OnFirstByte(fd); });
  WatchSilence();
}

void Doorkeeper::DropOneOfTheMost() {
  while (!order_.empty() && !silent_.contains(order_.front())) {
    order_.pop_front();
  }
  const auto most =
      std::max_element(silent_of_.begin(), silent_of_.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == silent_of_.end()) {
    return;
  }
  const auto oldest = std::find_if(order_.begin(), order_.end(), [&](int fd) {
    const auto found = silent_.find(fd);
    return found != silent_.end() && found->second.host == most->first;
  });
  if (oldest != order_.end()) {
    TurnAway(*oldest, kRefusedLimit, "too many connections that say nothing");
  }
}

void Doorkeeper::OnFirstByte(int fd) {
  char byte = 0;
  const ssize_t n = recv(fd, &byte, 1, MSG_PEEK);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }
  if (n <= 0) {
    TurnAway(fd, kRefusedSilence, "it hung up without a word");
    return;
  }
  if (byte != (settings_.tls ? kTlsHandshake : kHttp2Preface)) {
    Answer(fd, byte);
    TurnAway(fd, kRefusedProtocol,
             settings_.tls           ? "it does not speak TLS"
             : byte == kTlsHandshake ? "it speaks TLS, but this coordinator is --insecure"
                                     : "it does not speak HTTP/2");
    return;
  }
  if (TooMany(silent_.at(fd).host)) {
    TurnAway(fd, kRefusedLimit, "too many connections in 10 s");
    return;
  }
  loop_.Unwatch(fd);
  const Visitor visitor = std::move(silent_.extract(fd).mapped());
  CountDown(visitor.host, &silent_of_);
  const std::string& address = visitor.address;
  events_.let_in(fd, address);
}

void Doorkeeper::Answer(int fd, char first_byte) {
  // What is not read takes the answer along with the connection; but nobody is listened to for
  // long.
  char unread[4096];
  for (int more = kMostUnread; more > 0 && recv(fd, unread, sizeof(unread), 0) > 0; --more) {
  }
  const absl::string_view answer = first_byte == kTlsHandshake ? kTlsAlert
                                   : settings_.tls             ? kHttpAnswer
                                                               : absl::string_view();
  send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
}

bool Doorkeeper::TooMany(const std::string& host) {
  const MonoTime now = loop_.clock().Mono();
  while (!let_in_.empty() && now - let_in_.front().first >= kWindow) {
    CountDown(let_in_.front().second, &let_in_of_);
    let_in_.pop_front();
  }
  if (let_in_.size() >= settings_.max_per_10s) {
    return true;
  }
  size_t& mine = let_in_of_[host];
  if (mine >= settings_.max_per_10s_of_one) {
    return true;
  }
  ++mine;
  let_in_.emplace_back(now, host);
  return false;
}

void Doorkeeper::TurnAway(int fd, absl::string_view kind, absl::string_view reason) {
  const auto found = silent_.find(fd);
  const std::string address = std::move(found->second.address);
  CountDown(found->second.host, &silent_of_);
  silent_.erase(found);
  loop_.Unwatch(fd);
  close(fd);
  events_.refused(kind, address, reason);
}

void Doorkeeper::WatchSilence() {
  while (!order_.empty() && !silent_.contains(order_.front())) {
    order_.pop_front();
  }
  if (timer_.set() || order_.empty()) {
    return;
  }
  timer_.At(silent_.at(order_.front()).came + settings_.speak_within, [this] {
    const MonoTime now = loop_.clock().Mono();
    while (!order_.empty()) {
      const auto found = silent_.find(order_.front());
      if (found != silent_.end()) {
        if (now - found->second.came < settings_.speak_within) {
          break;
        }
        TurnAway(found->first, kRefusedSilence, "it connected and said nothing");
      }
      order_.pop_front();
    }
    WatchSilence();
  });
}

}  // namespace lockstep::coordinator
