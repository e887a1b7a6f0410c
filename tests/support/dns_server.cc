#include "tests/support/dns_server.h"

#include <cstdint>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "common/base/check.h"

namespace lockstep::testing {
namespace {

constexpr size_t kHead = 12;
constexpr int kTypeA = 1;

std::string Big16(size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

}  // namespace

DnsServer::DnsServer(std::map<std::string, Answer> answers) : answers_(std::move(answers)) {
  fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  LOCKSTEP_CHECK(bind(fd_, reinterpret_cast<sockaddr*>(&at), size) == 0);
  getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
  port_ = ntohs(at.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

DnsServer::~DnsServer() {
  shutdown(fd_, SHUT_RDWR);
  thread_.join();
  close(fd_);
}

void DnsServer::Serve() {
  char bytes[1500];
  for (;;) {
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    const ssize_t count =
        recvfrom(fd_, bytes, sizeof(bytes), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (count <= 0) {  // it is shut down
      return;
    }
    ++questions_;
    const std::string reply = Reply({bytes, static_cast<size_t>(count)});
    if (!reply.empty()) {
      sendto(fd_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }
}

std::string DnsServer::Reply(absl::string_view question) {
  std::string name;
  size_t at = kHead;
  while (at < question.size() && question[at] != 0) {
    const size_t length = static_cast<uint8_t>(question[at]);
    absl::StrAppend(&name, name.empty() ? "" : ".", question.substr(at + 1, length));
    at += 1 + length;
  }
  if (at + 5 > question.size()) {
    return "";
  }
  const bool v4 = static_cast<uint8_t>(question[at + 2]) == kTypeA;
  const auto known = answers_.find(name);
  const Answer answer = known == answers_.end() ? Answer{.code = 3} : known->second;
  if (answer.silent) {
    return "";
  }
  std::string records;
  size_t count = 0;
  for (const std::string& address : answer.addresses) {
    char data[16];
    if (inet_pton(v4 ? AF_INET : AF_INET6, address.c_str(), data) == 1) {
      ++count;
      const size_t size = v4 ? 4 : 16;
      absl::StrAppend(&records, Big16(0xc000 | kHead), Big16(v4 ? kTypeA : 28), Big16(1), Big16(0),
                      Big16(60), Big16(size), absl::string_view(data, size));
    }
  }
  return absl::StrCat(question.substr(0, 2), Big16(0x8180 | static_cast<size_t>(answer.code)),
                      Big16(1), Big16(count), Big16(0), Big16(0),
                      question.substr(kHead, at + 5 - kHead), records);
}

}  // namespace lockstep::testing
