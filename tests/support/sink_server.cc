#include "tests/support/sink_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "common/base/check.h"

namespace lockstep::testing {
namespace {

size_t ContentLength(absl::string_view head) {
  for (absl::string_view line : absl::StrSplit(head, "\r\n")) {
    size_t length = 0;
    if (absl::StartsWithIgnoreCase(line, "content-length:") &&
        absl::SimpleAtoi(absl::StripAsciiWhitespace(line.substr(15)), &length)) {
      return length;
    }
  }
  return 0;
}

}  // namespace

SinkServer::SinkServer(std::vector<int> statuses) : statuses_(std::move(statuses)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  LOCKSTEP_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  LOCKSTEP_CHECK(listen(listener_, 16) == 0);
  LOCKSTEP_CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  LOCKSTEP_CHECK(pipe(wake_) == 0);
  thread_ = std::thread([this] { Serve(); });
}

SinkServer::~SinkServer() {
  close(wake_[1]);
  thread_.join();
  close(wake_[0]);
  close(listener_);
}

std::string SinkServer::Url(absl::string_view path) const {
  return absl::StrCat("http://127.0.0.1:", port_, path);
}

std::vector<SinkServer::Request> SinkServer::requests() const {
  MutexLock lock(mutex_);
  return requests_;
}

void SinkServer::Serve() {
  for (;;) {
    pollfd events[] = {{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
    poll(events, 2, -1);
    if (events[1].revents != 0) {
      return;
    }
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection >= 0) {
      Talk(connection);
      close(connection);
    }
  }
}

void SinkServer::Talk(int connection) {
  std::string got;
  for (;;) {
    const size_t end = got.find("\r\n\r\n");
    const size_t whole = end == std::string::npos ? 0 : end + 4 + ContentLength(got.substr(0, end));
    if (end == std::string::npos || got.size() < whole) {
      pollfd events[] = {{connection, POLLIN, 0}, {wake_[0], POLLIN, 0}};
      poll(events, 2, -1);
      char data[65536];
      const ssize_t n = events[1].revents != 0 ? 0 : read(connection, data, sizeof data);
      if (n <= 0) {
        return;
      }
      got.append(data, static_cast<size_t>(n));
      continue;
    }
    size_t number = 0;
    {
      MutexLock lock(mutex_);
      requests_.push_back(
          {.head = got.substr(0, end), .body = got.substr(end + 4, whole - end - 4)});
      number = requests_.size() - 1;
    }
    got.erase(0, whole);
    const int status = number < statuses_.size() ? statuses_[number] : 204;
    if (status == 0) {
      continue;  // never
    }
    const std::string body = status == 204 ? "" : absl::StrCat("answer ", status, "\nmore");
    const std::string answer = absl::StrCat(
        "HTTP/1.1 ", status, " Text\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
    if (send(connection, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) {
      return;
    }
  }
}

}  // namespace lockstep::testing
