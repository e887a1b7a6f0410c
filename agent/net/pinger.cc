#include "agent/net/pinger.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "agent/net/engine.h"
#include "agent/net/ip.h"
#include "agent/net/net_error.h"
#include "agent/net/socket_address.h"
#include "agent/net/target.h"
#include "common/base/timer.h"

namespace lockstep::agent {
namespace {

constexpr size_t kIcmpHead = 8;
constexpr uint8_t kEchoRequest4 = 8, kEchoReply4 = 0, kEchoRequest6 = 128, kEchoReply6 = 129;

uint16_t InternetChecksum(absl::string_view bytes) {  // RFC 1071
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const uint32_t byte = static_cast<uint8_t>(bytes[i]);
    sum += i % 2 == 0 ? byte << 8 : byte;
  }
  while (sum >> 16 != 0) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<uint16_t>(~sum);
}

void PutBig16(uint16_t value, size_t at, std::string* bytes) {
  (*bytes)[at] = static_cast<char>(value >> 8);
  (*bytes)[at + 1] = static_cast<char>(value & 0xff);
}
uint16_t Big16At(absl::string_view bytes, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) << 8 |
                               static_cast<uint8_t>(bytes[at + 1]));
}

class Pinger final : public Ping {
 public:
  Pinger(Engine& engine, DnsClient& dns, PingSpec spec, PingListener& listener);
  ~Pinger() override {
    *alive_ = false;
    CloseSocket();
  }
  Pinger(const Pinger&) = delete;
  Pinger& operator=(const Pinger&) = delete;

 private:
  void Begin();
  void Choose(const absl::StatusOr<std::vector<std::string>>& addresses);
  void Open(const IpAddress& ip);
  // Nothing, or why there is no socket.
  absl::Status OpenSocket(const IpAddress& ip);
  absl::Status SetUpSocket(const IpAddress& ip);
  void SendNext();
  void Receive();
  // Whether `packet` answers the request that is under way; its own bytes are then left in it.
  bool IsAnswer(absl::string_view* packet) const;
  // The request under way is over.
  void Settle(PingEcho echo);
  // The last thing that is done.
  void End(absl::Status why);
  void CloseSocket();

  Engine& engine_;
  DnsClient& dns_;
  const PingSpec spec_;
  PingListener& listener_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for answers that come late
  const MonoTime began_;
  MonoTime resolved_;
  Timer timer_{engine_.loop()}, deadline_{engine_.loop()};
  int fd_ = -1;
  bool v6_ = false, raw_ = false;
  int sent_ = 0;          // requests
  bool waiting_ = false;  // for the answer to the last
  MonoTime sent_at_;
  absl::Time sent_wall_;
  std::string data_;
};

Pinger::Pinger(Engine& engine, DnsClient& dns, PingSpec spec, PingListener& listener)
    : engine_(engine),
      dns_(dns),
      spec_(std::move(spec)),
      listener_(listener),
      began_(engine.clock().Mono()) {
  timer_.After(absl::ZeroDuration(), [this] { Begin(); });
  if (spec_.deadline < absl::InfiniteDuration()) {
    deadline_.After(spec_.deadline, [this] {
      const std::shared_ptr<bool> alive = alive_;
      if (waiting_) {
        Settle({.error = "deadline exceeded"});
      }
      if (*alive) {
        End(absl::DeadlineExceededError("deadline exceeded"));
      }
    });
  }
}

void Pinger::Begin() {
  const Target found = MakeTarget(engine_.network(), spec_.target, /*port=*/0, /*tls=*/false);
  if (found.refused.code != 0) {
    End(absl::PermissionDeniedError(found.refused.in_full()));
  } else if (found.ip) {
    Open(*found.ip);
  } else {
    dns_.LookUp(found.host,
                [this, alive = alive_](const absl::StatusOr<std::vector<std::string>>& addresses) {
                  if (*alive) {
                    Choose(addresses);
                  }
                });
  }
}

void Pinger::Choose(const absl::StatusOr<std::vector<std::string>>& addresses) {
  if (!addresses.ok()) {
    // Not at once: this may be within LookUp.
    timer_.After(absl::ZeroDuration(), [this, why = addresses.status()] { End(why); });
    return;
  }
  std::optional<IpAddress> chosen;
  for (const std::string& text : *addresses) {
    const IpAddress ip = *ParseIp(text);
    if (!chosen || (chosen->is_v4() == spec_.prefer_v6 && ip.is_v4() != spec_.prefer_v6)) {
      chosen = ip;
    }
  }
  timer_.After(absl::ZeroDuration(), [this, chosen] {
    if (chosen) {
      Open(*chosen);
    } else {
      End(absl::NotFoundError("no such host"));
    }
  });
}

void Pinger::Open(const IpAddress& ip) {
  resolved_ = engine_.clock().Mono();
  if (const HttpError refused = CheckAddress(engine_.network(), ip); refused.code != 0) {
    End(absl::PermissionDeniedError(refused.in_full()));
    return;
  }
  v6_ = !ip.is_v4();
  if (absl::Status opened = OpenSocket(ip); !opened.ok()) {
    End(std::move(opened));
    return;
  }
  data_.resize(spec_.size);
  for (size_t i = 0; i < data_.size(); ++i) {
    data_[i] = static_cast<char>(i);
  }
  // Raw sockets hear the answers to everybody's requests.
  const uint64_t token =
      static_cast<uint64_t>(engine_.clock().Mono().nanos()) ^ reinterpret_cast<uintptr_t>(this);
  std::memcpy(data_.data(), &token, std::min(sizeof(token), data_.size()));
  engine_.loop().Watch(fd_, EPOLLIN, [this](uint32_t) { Receive(); });
  listener_.OnPingReady(ip.ToString(), v6_, resolved_ - began_, engine_.clock().Mono() - resolved_);
  SendNext();
}

absl::Status Pinger::OpenSocket(const IpAddress& ip) {
  const int family = v6_ ? AF_INET6 : AF_INET;
  const int protocol = v6_ ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP};
  fd_ = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  raw_ = fd_ < 0 && (errno == EACCES || errno == EPERM || errno == EPROTONOSUPPORT);
  if (raw_) {
    fd_ = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  }
  if (fd_ >= 0) {
    return SetUpSocket(ip);
  }
  if (errno == EACCES || errno == EPERM) {
    return absl::PermissionDeniedError(
        "socket: permission denied: the agent needs a group in the range of "
        "net.ipv4.ping_group_range, or the capability CAP_NET_RAW");
  }
  return absl::UnavailableError(absl::StrCat("socket: ", ErrnoText(errno)));
}

absl::Status Pinger::SetUpSocket(const IpAddress& ip) {
  const int on = 1;
  if (v6_) {
    setsockopt(fd_, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on));
  } else {
    setsockopt(fd_, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on));
  }
  if (spec_.ttl > 0 &&
      setsockopt(fd_, v6_ ? int{IPPROTO_IPV6} : int{IPPROTO_IP}, v6_ ? IPV6_UNICAST_HOPS : IP_TTL,
                 &spec_.ttl, sizeof(spec_.ttl)) != 0) {
    return absl::UnavailableError(absl::StrCat("ttl: ", ErrnoText(errno)));
  }
  // The id of a socket that is not raw is its port: it is chosen by the system where somebody else
  // has this one.
  IpAddress local = *ParseIp(v6_ ? "::" : "0.0.0.0");
  if (!spec_.source.empty()) {
    const absl::StatusOr<IpAddress> source = ParseIp(spec_.source);
    if (!source.ok() || source->is_v4() == v6_) {
      return absl::InvalidArgumentError(absl::StrCat("source: an address of IPv", v6_ ? 6 : 4,
                                                     " is expected, got \"", spec_.source, "\""));
    }
    local = *source;
  }
  const SocketAddress wanted(local, raw_ ? 0 : spec_.id), any(local, 0);
  if (bind(fd_, wanted.get(), wanted.size) != 0 && bind(fd_, any.get(), any.size) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("bind: ", ErrnoText(errno)));
  }
  const SocketAddress to(ip, 0);
  if (connect(fd_, to.get(), to.size) != 0) {
    return absl::UnavailableError(absl::StrCat("connect: ", ErrnoText(errno)));
  }
  return absl::OkStatus();
}

void Pinger::SendNext() {
  std::string packet(kIcmpHead, '\0');
  packet[0] = static_cast<char>(v6_ ? kEchoRequest6 : kEchoRequest4);
  PutBig16(spec_.id, 4, &packet);
  PutBig16(static_cast<uint16_t>(spec_.seq + sent_), 6, &packet);
  packet += data_;
  if (!v6_) {  // of IPv6's, the system sees to it
    PutBig16(InternetChecksum(packet), 2, &packet);
  }
  ++sent_;
  waiting_ = true;
  sent_wall_ = engine_.clock().Wall();
  sent_at_ = engine_.clock().Mono();
  if (send(fd_, packet.data(), packet.size(), 0) < 0) {
    const std::string why = absl::StrCat("send: ", ErrnoText(errno));
    timer_.After(absl::ZeroDuration(), [this, why] { Settle({.error = why}); });
    return;
  }
  listener_.OnPingSent(packet.size());
  timer_.After(spec_.timeout, [this] { Settle({.error = "timeout"}); });
}

bool Pinger::IsAnswer(absl::string_view* packet) const {
  if (raw_ && !v6_ && !packet->empty()) {  // with IP's header in front
    const size_t head = (static_cast<uint8_t>((*packet)[0]) & 15) * size_t{4};
    packet->remove_prefix(std::min(head, packet->size()));
  }
  return waiting_ && packet->size() >= kIcmpHead &&
         static_cast<uint8_t>((*packet)[0]) == (v6_ ? kEchoReply6 : kEchoReply4) &&
         (!raw_ || Big16At(*packet, 4) == spec_.id) &&
         Big16At(*packet, 6) == static_cast<uint16_t>(spec_.seq + sent_ - 1) &&
         packet->substr(kIcmpHead) == data_;
}

void Pinger::Receive() {
  std::string bytes(data_.size() + 256, '\0');  // and IP's header, with options
  alignas(cmsghdr) char control[128] = {};
  iovec piece{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  const ssize_t count = recvmsg(fd_, &message, 0);
  if (count < 0) {
    if (errno != EAGAIN && errno != EINTR && waiting_) {
      Settle({.error = absl::StrCat("receive: ", ErrnoText(errno))});
    }
    return;
  }
  absl::string_view packet(bytes.data(), static_cast<size_t>(count));
  if (!IsAnswer(&packet)) {
    return;
  }
  PingEcho echo;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if ((part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_TTL) ||
        (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_HOPLIMIT)) {
      std::memcpy(&echo.ttl, CMSG_DATA(part), sizeof(echo.ttl));
    }
  }
  echo.id = Big16At(packet, 4);
  echo.size = packet.size();
  echo.received_at = engine_.clock().Wall();
  echo.round_trip = engine_.clock().Mono() - sent_at_;
  Settle(std::move(echo));
}

void Pinger::Settle(PingEcho echo) {
  timer_.Cancel();
  waiting_ = false;
  echo.sent_at = sent_wall_;
  echo.seq = static_cast<uint16_t>(spec_.seq + sent_ - 1);
  const std::shared_ptr<bool> alive = alive_;
  listener_.OnPingEcho(echo);
  if (!*alive) {
    return;
  }
  if (sent_ < spec_.count) {
    timer_.At(std::max(sent_at_ + spec_.interval, engine_.clock().Mono()), [this] { SendNext(); });
  } else {
    timer_.After(absl::ZeroDuration(), [this] { End(absl::OkStatus()); });
  }
}

void Pinger::End(absl::Status why) {
  timer_.Cancel();
  deadline_.Cancel();
  CloseSocket();
  listener_.OnPingEnd(std::move(why));
}

void Pinger::CloseSocket() {
  if (fd_ >= 0) {
    engine_.loop().Unwatch(fd_);
    close(std::exchange(fd_, -1));
  }
}

}  // namespace

std::unique_ptr<Ping> MakePing(Engine& engine, DnsClient& dns, PingSpec spec,
                               PingListener& listener) {
  return std::make_unique<Pinger>(engine, dns, std::move(spec), listener);
}

}  // namespace lockstep::agent
