// The floor of the method, for scripts/bench pacing: requests at precomputed instants over 64 kept
// connections, with nothing but epoll in between.
//
//   bare_pacer PORT constant RATE SECONDS    start k (from 0) at k / RATE
//   bare_pacer PORT ramp RATE SECONDS        from 0 to RATE: start k (from 1) when the area is k
//
// Prints how many requests it has sent. Fails if a start finds no free connection.
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr int kConnections = 64;
constexpr char kRequest[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bare-pacer\r\n\r\n";

int64_t Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::vector<int64_t> Instants(const std::string& shape, double rate, double seconds) {
  std::vector<int64_t> instants;
  if (shape == "constant") {
    for (int64_t k = 0; k < static_cast<int64_t>(rate * seconds); ++k) {
      instants.push_back(std::llround(static_cast<double>(k) * 1e9 / rate));
    }
  } else {
    const double total = rate * seconds / 2;
    for (int64_t k = 1; k <= static_cast<int64_t>(total); ++k) {
      instants.push_back(std::llround(std::sqrt(static_cast<double>(k) / total) * seconds * 1e9));
    }
  }
  return instants;
}

int Connect(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    perror("bare_pacer: connect");
    exit(1);
  }
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: bare_pacer PORT constant|ramp RATE SECONDS\n");
    return 2;
  }
  prctl(PR_SET_TIMERSLACK, 1);
  const std::vector<int64_t> instants = Instants(argv[2], atof(argv[3]), atof(argv[4]));
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<int> idle;
  for (int i = 0; i < kConnections; ++i) {
    const int fd = Connect(static_cast<uint16_t>(atoi(argv[1])));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    idle.push_back(fd);
  }
  const int64_t start = Now() + 100'000'000;
  size_t sent = 0;
  size_t answered = 0;
  while (answered < instants.size()) {
    while (sent < instants.size() && start + instants[sent] <= Now()) {
      if (idle.empty()) {
        fprintf(stderr, "bare_pacer: no connection is free\n");
        return 1;
      }
      const int fd = idle.front();
      idle.erase(idle.begin());
      if (write(fd, kRequest, sizeof kRequest - 1) < 0) {
        perror("bare_pacer: write");
        return 1;
      }
      ++sent;
    }
    const int64_t wait = sent < instants.size() ? start + instants[sent] - Now() : 1'000'000'000;
    const timespec timeout{wait > 0 ? wait / 1'000'000'000 : 0,
                           wait > 0 ? wait % 1'000'000'000 : 0};
    std::array<epoll_event, 64> events;
    const int count = epoll_pwait2(epoll, events.data(), events.size(), &timeout, nullptr);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<size_t>(i)].data.fd;
      char answer[1024];
      if (read(fd, answer, sizeof answer) <= 0) {
        fprintf(stderr, "bare_pacer: the server closed a connection\n");
        return 1;
      }
      ++answered;
      idle.push_back(fd);
    }
  }
  printf("%zu\n", sent);
  return 0;
}
