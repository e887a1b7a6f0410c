#include "common/web/clients.h"

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "absl/functional/function_ref.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "common/web/silent_client.h"

namespace lockstep {
namespace {

constexpr absl::Duration kSilence = absl::Milliseconds(500);
constexpr auto kPatience = std::chrono::seconds(2);
// How long a thread that is free reads what has come.
constexpr auto kReading = std::chrono::milliseconds(300);
constexpr auto kBetweenCuts = std::chrono::milliseconds(100);

int PortOf(const sockaddr_storage& name) {
  return name.ss_family == AF_INET    ? ntohs(reinterpret_cast<const sockaddr_in&>(name).sin_port)
         : name.ss_family == AF_INET6 ? ntohs(reinterpret_cast<const sockaddr_in6&>(name).sin6_port)
                                      : 0;
}

// The port of a connection's own end; 0 if it is not an internet connection.
int LocalPort(int fd) {
  int listens = 0;
  socklen_t size = sizeof(listens);
  sockaddr_storage name = {};
  socklen_t length = sizeof(name);
  const bool connected = getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
                         listens == 0 &&
                         getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) == 0;
  return connected ? PortOf(name) : 0;
}

std::string ClientText(absl::string_view host, int port) {
  return absl::StrCat(host, " ", port);
}

// As the library tells it with a request; "": there is nobody any more.
std::string ClientOf(int fd) {
  sockaddr_storage name = {};
  socklen_t length = sizeof(name);
  char host[NI_MAXHOST];
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0 ||
      getnameinfo(reinterpret_cast<sockaddr*>(&name), length, host, sizeof(host), nullptr, 0,
                  NI_NUMERICHOST) != 0) {
    return "";
  }
  return ClientText(host, PortOf(name));
}

// What has come waits for a thread: it is not the client who is slow.
bool HasUnread(int fd) {
  int bytes = 0;
  return ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

// This process's connections on `port`. No other socket can have the port that the process listens
// on.
void ForEachConnection(int port, absl::FunctionRef<void(int fd)> visit) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    int fd = -1;
    if (absl::SimpleAtoi(entry.path().filename().string(), &fd) && LocalPort(fd) == port) {
      visit(fd);
    }
  }
}

}  // namespace

std::function<void()> Clients::Wait(std::function<void()> serve) {
  CutSlow();
  ++waiting_;
  return [this, serve = std::move(serve)] {
    --waiting_;
    serve();
    MutexLock held(mutex_);
    asked_.erase(std::this_thread::get_id());
  };
}

void Clients::NoteAsked(const std::string& host, int port) {
  MutexLock held(mutex_);
  asked_[std::this_thread::get_id()] = ClientText(host, port);
}

void Clients::CutSlow() {
  const Time now = std::chrono::steady_clock::now();
  if (waiting_ == 0 || now < next_cut_) {
    return;
  }
  next_cut_ = now + kBetweenCuts;
  std::set<std::string> asked;
  {
    MutexLock held(mutex_);
    for (const auto& [thread, client] : asked_) {
      asked.insert(client);
    }
  }
  std::map<std::string, Slowness> seen;
  ForEachConnection(port_, [&](int fd) {
    const std::string client = ClientOf(fd);
    if (asked.contains(client)) {
      return;
    }
    const auto known = seen_.find(client);
    Slowness& slow = seen[client] = known == seen_.end() ? Slowness{now, now} : known->second;
    if (HasUnread(fd)) {
      slow.heard_at = now;
    }
    const bool too_slow = now - slow.came_at >= kPatience && now - slow.heard_at >= kReading;
    if (too_slow || HasBeenSilentFor(kSilence, fd)) {
      shutdown(fd, SHUT_RDWR);
    }
  });
  seen_ = std::move(seen);
}

void Clients::CutAll() const {
  ForEachConnection(port_, [](int fd) { shutdown(fd, SHUT_RDWR); });
}

}  // namespace lockstep
