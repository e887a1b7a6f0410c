// A loopback HTTP server that answers every request at once and notes when it came, for
// scripts/bench pacing. The times are the kernel's receive stamps, so that they tell of the sender
// and not of this process's own turn to run.
//
//   pacing_server: prints "PORT"; at SIGTERM prints one arrival a line, in nanoseconds of the wall
//   clock, in the order of reading, and ends.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <unordered_map>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr char kAnswer[] =
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok";

int64_t Nanos(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

class Server {
 public:
  Server() {
    arrivals_.reserve(1 << 20);
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    // The stamps are inherited by the accepted sockets.
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 4096) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      perror("pacing_server");
      _exit(1);
    }
    Watch(listener_);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
  }

  void Run(int signals) {
    Watch(signals);
    for (;;) {
      std::array<epoll_event, 256> events;
      const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<size_t>(i)].data.fd;
        if (fd == signals) {
          return;
        }
        if (fd == listener_) {
          Accept();
        } else {
          Read(fd);
        }
      }
    }
  }

  void Print() const {
    for (const int64_t arrival : arrivals_) {
      printf("%lld\n", static_cast<long long>(arrival));
    }
  }

 private:
  void Watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void Accept() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        return;
      }
      const int on = 1;
      setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      Watch(fd);
    }
  }

  void Read(int fd) {
    char data[8192];
    alignas(cmsghdr) char control[256];
    iovec part{data, sizeof data};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t size = recvmsg(fd, &message, 0);
    if (size <= 0) {
      close(fd);
      unfinished_.erase(fd);
      return;
    }
    timespec stamp{};
    clock_gettime(CLOCK_REALTIME, &stamp);
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
      if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_TIMESTAMPNS) {
        std::memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
      }
    }
    std::string& text = unfinished_[fd];
    text.append(data, static_cast<size_t>(size));
    for (size_t end = text.find("\r\n\r\n"); end != std::string::npos;
         end = text.find("\r\n\r\n")) {
      text.erase(0, end + 4);
      arrivals_.push_back(Nanos(stamp));
      if (write(fd, kAnswer, sizeof kAnswer - 1) < 0) {
        perror("pacing_server: write");
      }
    }
  }

  int epoll_ = -1;
  int listener_ = -1;
  std::unordered_map<int, std::string> unfinished_;  // what came of a request that is not complete
  std::vector<int64_t> arrivals_;
};

}  // namespace

int main() {
  prctl(PR_SET_TIMERSLACK, 1);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  Server server;
  server.Run(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  server.Print();
  return 0;
}
