#include "tests/support/http_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <map>
#include <unordered_map>
#include <utility>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/check.h"
#include "common/base/clock.h"
#include "tests/support/http_routes.h"
#include "tests/support/websocket_echo.h"

namespace lockstep::testing {
namespace {

constexpr size_t kReadChunk = size_t{64} << 10;

struct Connection {
  int fd = -1;
  uint64_t serial = 0;  // tells this connection from a later one on the same descriptor
  SSL* ssl = nullptr;
  std::string in, out;
  int64_t requests = 0;
  bool waiting = false;  // an answer is delayed: later requests wait
  bool close_when_written = false;
  bool wants_write = false;
  std::unique_ptr<WebSocketEcho> websocket;
};

// The reply to come after a delay.
struct Pending {
  int fd;
  uint64_t serial;
  std::string bytes;
  ServerReply::Then then;
  absl::Duration delay;
  std::vector<std::string> rest;
};

// Takes one request from the front of `in`; false if it is not complete yet.
bool TakeRequest(std::string& in, ServerRequest& request) {
  const size_t end = in.find("\r\n\r\n");
  if (end == std::string::npos) {
    return false;
  }
  const absl::string_view head(in.data(), end + 2);
  size_t length = 0;
  size_t line_start = head.find("\r\n") + 2;
  const absl::string_view first = head.substr(0, line_start - 2);
  while (line_start < head.size()) {
    const size_t line_end = head.find("\r\n", line_start);
    const absl::string_view line = head.substr(line_start, line_end - line_start);
    const size_t colon = line.find(':');
    if (colon != absl::string_view::npos) {
      request.headers.emplace_back(absl::AsciiStrToLower(line.substr(0, colon)),
                                   std::string(absl::StripAsciiWhitespace(line.substr(colon + 1))));
    }
    line_start = line_end + 2;
  }
  if (request.Header("transfer-encoding") == "chunked") {
    // The whole of what came, as sent: tests look at the last chunk, or at a few small ones.
    const size_t last = in.find("0\r\n\r\n", end + 4);
    if (last == std::string::npos) {
      return false;
    }
    length = last + 5 - end - 4;
  } else if (const absl::string_view text = request.Header("content-length"); !text.empty()) {
    int64_t number = 0;
    length = absl::SimpleAtoi(text, &number) && number > 0 ? static_cast<size_t>(number) : 0;
  }
  if (in.size() - end - 4 < length) {
    return false;
  }
  const size_t space = first.find(' ');
  request.method = std::string(first.substr(0, space));
  request.target = std::string(first.substr(space + 1, first.rfind(' ') - space - 1));
  const size_t question = request.target.find('?');
  request.path = request.target.substr(0, question);
  request.query = question == std::string::npos ? "" : request.target.substr(question + 1);
  request.head = std::string(head);
  request.body = in.substr(end + 4, length);
  in.erase(0, end + 4 + length);
  return true;
}

}  // namespace

class HttpServer::Serving {
 public:
  Serving(HttpServer& server, int listen_fd, SSL_CTX* context)
      : server_(server),
        listen_fd_(listen_fd),
        context_(context),
        epoll_fd_(epoll_create1(EPOLL_CLOEXEC)) {
    Watch(EPOLL_CTL_ADD, listen_fd_, EPOLLIN);
    Watch(EPOLL_CTL_ADD, server_.stop_fd_, EPOLLIN);
  }
  ~Serving() {
    for (auto& [fd, connection] : connections_) {
      SSL_free(connection->ssl);
      close(fd);
    }
    close(epoll_fd_);
    close(listen_fd_);
    SSL_CTX_free(context_);
  }

  void Run() {
    for (;;) {
      std::array<epoll_event, 256> events;
      const int count =
          epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), WaitMs());
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<size_t>(i)].data.fd;
        if (fd == server_.stop_fd_) {
          return;
        }
        if (fd == listen_fd_) {
          Accept();
        } else if (const auto found = connections_.find(fd); found != connections_.end()) {
          Serve(*found->second);
        }
      }
      SendDue();
    }
  }

 private:
  void Watch(int operation, int fd, uint32_t events) const {
    epoll_event event{.events = events, .data = {.fd = fd}};
    LOCKSTEP_CHECK(epoll_ctl(epoll_fd_, operation, fd, &event) == 0);
  }

  int WaitMs() const {
    if (pending_.empty()) {
      return -1;
    }
    const absl::Duration left = pending_.begin()->first - clock_.Mono();
    return static_cast<int>(absl::ToInt64Milliseconds(
        absl::Ceil(std::max(left, absl::ZeroDuration()), absl::Milliseconds(1))));
  }

  void Accept() {
    for (;;) {
      const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        return;
      }
      const int one = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      auto connection = std::make_unique<Connection>();
      connection->fd = fd;
      connection->serial = ++last_serial_;
      if (context_ != nullptr) {
        connection->ssl = SSL_new(context_);
        SSL_set_fd(connection->ssl, fd);
        SSL_set_accept_state(connection->ssl);
      }
      connections_[fd] = std::move(connection);
      Watch(EPOLL_CTL_ADD, fd, EPOLLIN);
      server_.connections_.fetch_add(1, std::memory_order_relaxed);
    }
  }

  // Bytes read, 0 for "later", -1 for the end.
  ssize_t Read(Connection& connection) {
    if (connection.ssl == nullptr) {
      const ssize_t count = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
      return count > 0 ? count : count < 0 && errno == EAGAIN ? 0 : -1;
    }
    ERR_clear_error();
    const int count = SSL_read(connection.ssl, buffer_.data(), static_cast<int>(buffer_.size()));
    if (count > 0) {
      return count;
    }
    const int error = SSL_get_error(connection.ssl, count);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
  }

  ssize_t Write(Connection& connection) {
    const std::string& out = connection.out;
    if (connection.ssl == nullptr) {
      const ssize_t count = send(connection.fd, out.data(), out.size(), MSG_NOSIGNAL);
      return count >= 0 ? count : errno == EAGAIN ? 0 : -1;
    }
    ERR_clear_error();
    const int count = SSL_write(connection.ssl, out.data(), static_cast<int>(out.size()));
    return count > 0                                                      ? count
           : SSL_get_error(connection.ssl, count) == SSL_ERROR_WANT_WRITE ? 0
                                                                          : -1;
  }

  void Serve(Connection& connection) {
    for (;;) {
      const ssize_t count = Read(connection);
      if (count < 0) {
        Drop(connection, false);
        return;
      }
      connection.in.append(buffer_.data(), static_cast<size_t>(count));
      // A short read has emptied the socket, but TLS may keep more of what it read.
      if (count == 0 ||
          (connection.ssl == nullptr && static_cast<size_t>(count) < buffer_.size())) {
        break;
      }
    }
    if (Process(connection)) {
      Flush(connection);
    }
  }

  // Answers what is complete. False if the connection is gone.
  bool Process(Connection& connection) {
    while (!connection.waiting && !connection.close_when_written) {
      if (connection.websocket != nullptr) {
        connection.close_when_written =
            !connection.websocket->Receive(connection.in, connection.out);
        connection.in.clear();
        return true;
      }
      if (!connection.in.empty() &&
          !absl::ascii_isalpha(static_cast<unsigned char>(connection.in[0]))) {
        connection.out += "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
        connection.close_when_written = true;
        return true;
      }
      ServerRequest request;
      if (!TakeRequest(connection.in, request)) {
        return true;
      }
      request.kept_connection = connection.requests++ > 0;
      const int64_t before = server_.requests_.fetch_add(request.path == "/__count" ? 0 : 1);
      if (absl::StartsWith(request.path, "/ws") && !request.Header("sec-websocket-key").empty()) {
        Upgrade(connection, request);
        continue;
      }
      ServerReply reply = Answer(request, before);
      if (request.method == "HEAD") {
        reply.first.resize(std::min(reply.first.find("\r\n\r\n") + 4, reply.first.size()));
      }
      if (request.Header("connection") == "close") {
        reply.then =
            reply.then == ServerReply::Then::kKeep ? ServerReply::Then::kClose : reply.then;
      }
      if (!Send(connection, std::move(reply))) {
        return false;
      }
    }
    return true;
  }

  bool Send(Connection& connection, ServerReply reply) {
    if (reply.then == ServerReply::Then::kReset) {
      Drop(connection, true);
      return false;
    }
    if (reply.delay_first || !reply.second.empty()) {
      if (!reply.delay_first) {
        connection.out += reply.first;
      }
      pending_.emplace(clock_.Mono() + reply.delay,
                       Pending{connection.fd, connection.serial,
                               reply.delay_first ? std::move(reply.first) : std::move(reply.second),
                               reply.then, reply.delay, std::move(reply.rest)});
      connection.waiting = true;
      return true;
    }
    connection.out += reply.first;
    connection.close_when_written = reply.then == ServerReply::Then::kClose;
    return true;
  }

  static void Upgrade(Connection& connection, const ServerRequest& request) {
    absl::StrAppend(
        &connection.out,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        "Sec-WebSocket-Accept: ", WebSocketAccept(request.Header("sec-websocket-key")), "\r\n");
    const absl::string_view protocols = request.Header("sec-websocket-protocol");
    if (!protocols.empty()) {
      absl::StrAppend(&connection.out,
                      "Sec-WebSocket-Protocol: ", protocols.substr(0, protocols.find(',')), "\r\n");
    }
    absl::StrAppend(&connection.out, "\r\n");
    connection.websocket = std::make_unique<WebSocketEcho>(request.path == "/ws/mute");
    absl::string_view code_text = request.path;
    int code = 0;
    if (absl::ConsumePrefix(&code_text, "/ws/close/") && absl::SimpleAtoi(code_text, &code)) {
      const std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 255), 'b',
                                   'y', 'e'};
      absl::StrAppend(&connection.out, WebSocketFrame(8, payload));
    } else if (request.path == "/ws/ping") {
      absl::StrAppend(&connection.out, WebSocketFrame(9, "are you there"));
    } else if (request.path == "/ws/drop") {
      connection.close_when_written = true;
    }
  }

  void Flush(Connection& connection) {
    while (!connection.out.empty()) {
      const ssize_t count = Write(connection);
      if (count < 0) {
        Drop(connection, false);
        return;
      }
      if (count == 0) {
        break;
      }
      connection.out.erase(0, static_cast<size_t>(count));
    }
    if (connection.out.empty() && connection.close_when_written) {
      Drop(connection, false);
      return;
    }
    if (connection.wants_write != !connection.out.empty()) {
      connection.wants_write = !connection.out.empty();
      Watch(EPOLL_CTL_MOD, connection.fd, connection.wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
  }

  void SendDue() {
    while (!pending_.empty() && pending_.begin()->first <= clock_.Mono()) {
      Pending pending = std::move(pending_.begin()->second);
      pending_.erase(pending_.begin());
      const auto found = connections_.find(pending.fd);
      if (found == connections_.end() || found->second->serial != pending.serial) {
        continue;  // the client gave up
      }
      Connection& connection = *found->second;
      connection.out += pending.bytes;
      connection.waiting = !pending.rest.empty();
      if (connection.waiting) {
        pending.bytes = std::move(pending.rest.front());
        pending.rest.erase(pending.rest.begin());
        pending_.emplace(clock_.Mono() + pending.delay, std::move(pending));
        Flush(connection);
        continue;
      }
      connection.close_when_written = pending.then == ServerReply::Then::kClose;
      if (Process(connection)) {
        Flush(connection);
      }
    }
  }

  void Drop(Connection& connection, bool reset) {
    const int fd = connection.fd;
    if (reset) {
      const linger hard{.l_onoff = 1, .l_linger = 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    } else if (connection.ssl != nullptr) {
      SSL_shutdown(connection.ssl);
    }
    SSL_free(connection.ssl);
    close(fd);
    connections_.erase(fd);
  }

  HttpServer& server_;
  const int listen_fd_;
  SSL_CTX* const context_;
  const int epoll_fd_;
  const SystemClock clock_;
  std::array<char, kReadChunk> buffer_;
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;
  std::multimap<MonoTime, Pending> pending_;
  uint64_t last_serial_ = 0;
};

namespace {

absl::StatusOr<SSL_CTX*> MakeContext(const HttpServerOptions& options) {
  signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to a client that has gone without MSG_NOSIGNAL
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    SSL_CTX_free(context);
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read the certificate ", options.certificate_file));
  }
  if (options.want_client_certificate) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       [](int /*ok*/, X509_STORE_CTX* /*chain*/) { return 1; });
  }
  return context;
}

absl::StatusOr<int> Listen(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, SOMAXCONN) != 0) {
    close(fd);
    return absl::UnavailableError(absl::StrCat("cannot listen on 127.0.0.1:", port));
  }
  return fd;
}

}  // namespace

HttpServer::HttpServer() = default;

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options) {
  SSL_CTX* context = nullptr;
  if (!options.certificate_file.empty()) {
    const absl::StatusOr<SSL_CTX*> made = MakeContext(options);
    if (!made.ok()) {
      return made.status();
    }
    context = *made;
  }
  const absl::StatusOr<int> fd = Listen(options.port);
  if (!fd.ok()) {
    SSL_CTX_free(context);
    return fd.status();
  }
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(*fd, reinterpret_cast<sockaddr*>(&address), &size);
  std::unique_ptr<HttpServer> server(new HttpServer());
  server->port_ = ntohs(address.sin_port);
  server->secure_ = context != nullptr;
  server->stop_fd_ = eventfd(0, EFD_CLOEXEC);
  server->serving_ = std::make_unique<Serving>(*server, *fd, context);
  server->thread_ = std::thread([serving = server->serving_.get()] { serving->Run(); });
  return server;
}

HttpServer::~HttpServer() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    LOCKSTEP_CHECK(write(stop_fd_, &one, sizeof one) == sizeof one);
    thread_.join();
  }
  serving_.reset();
  close(stop_fd_);
}

std::string HttpServer::Url(absl::string_view path) const {
  return absl::StrCat(secure_ ? "https" : "http", "://127.0.0.1:", port_, path);
}

}  // namespace lockstep::testing
