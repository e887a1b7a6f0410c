#include "common/web/web_server.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include <httplib.h>
#include <sys/socket.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "common/base/host_port.h"
#include "common/base/status_macros.h"
#include "common/base/sync.h"
#include "common/web/silent_client.h"

namespace lockstep {
namespace {

constexpr size_t kThreads = 8;
constexpr size_t kLargestBody = 1 << 20;
constexpr auto kLastWords = std::chrono::seconds(1);  // for what streams have still to tell
constexpr int kPatienceSeconds = 3;                   // with a client that neither sends nor reads
constexpr absl::Duration kSilence = absl::Milliseconds(500);   // of a client, while others wait
constexpr auto kBetweenCuts = std::chrono::milliseconds(100);  // of those who are silent

// One request on its way to the loop and back. The first answer counts.
class Call {
 public:
  void Answer(WebResponse answer) {
    if (!answered_.exchange(true)) {
      response_.set_value(std::move(answer));
    }
  }
  WebResponse Wait() {
    std::future<WebResponse> response = response_.get_future();
    return response.wait_for(std::chrono::seconds(kPatienceSeconds)) == std::future_status::ready
               ? response.get()
               : WebResponse{.status = 503, .body = "the program is busy\n"};
  }

 private:
  std::atomic<bool> answered_ = false;
  std::promise<WebResponse> response_;
};

constexpr absl::string_view kEverywhere = "::";  // IPv4's addresses, too, as with Go
constexpr absl::string_view kEverywhereOfIpv4 = "0.0.0.0";

struct ListenAddress {
  std::string host;
  int port = 0;
};

absl::StatusOr<ListenAddress> ParseAddress(const std::string& address) {
  const HostAndPort parts = SplitHostPort(address);
  ListenAddress parsed{.host = std::string(parts.host.empty() ? kEverywhere : parts.host)};
  if (!parts.port.has_value() || !absl::SimpleAtoi(*parts.port, &parsed.port) || parsed.port < 0 ||
      parsed.port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid address \"", address, "\": expected HOST:PORT or :PORT"));
  }
  return parsed;
}

// The port of a connection's own end; 0 if it is not an internet connection.
int LocalPort(int fd) {
  int listens = 0;
  socklen_t size = sizeof(listens);
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens != 0) {
    return 0;
  }
  sockaddr_storage name = {};
  socklen_t length = sizeof(name);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) {
    return 0;
  }
  if (name.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(name).sin_port);
  }
  return name.ss_family == AF_INET6 ? ntohs(reinterpret_cast<const sockaddr_in6&>(name).sin6_port)
                                    : 0;
}

bool AnyConnection(int /*fd*/) {
  return true;
}

bool IsSilent(int fd) {
  return HasBeenSilentFor(kSilence, fd);
}

// Ends those of this process's connections on `port` that are meant, so that no thread goes on waiting
// for a client. The library knows them, but does not tell; no other socket can have the port that this
// process listens on.
void CutConnections(int port, bool (*is_meant)(int fd)) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    int fd = -1;
    if (absl::SimpleAtoi(entry.path().filename().string(), &fd) && LocalPort(fd) == port &&
        is_meant(fd)) {
      shutdown(fd, SHUT_RDWR);
    }
  }
}

// The library's threads. As long as a connection waits for one of them, those on which nothing has
// come are cut: whoever only connects keeps nobody out for longer than kSilence.
class Threads final : public httplib::ThreadPool {
 public:
  // `port` is borrowed, and known once there are connections.
  Threads(size_t threads, const int& port) : ThreadPool(threads), port_(port) {}

  // Nothing or whether it is taken on, as the version of the library wants it.
  using Enqueued = decltype(std::declval<httplib::TaskQueue&>().enqueue(nullptr));
  Enqueued enqueue(std::function<void()> task) override {
    CutSilent();
    ++waiting_;
    return ThreadPool::enqueue([this, task = std::move(task)] {
      --waiting_;
      task();
    });
  }
  void on_idle() override { CutSilent(); }

 private:
  // Listener's thread.
  void CutSilent() {
    const auto now = std::chrono::steady_clock::now();
    if (waiting_ > 0 && now >= next_cut_) {
      next_cut_ = now + kBetweenCuts;
      CutConnections(port_, IsSilent);
    }
  }

  const int& port_;
  std::atomic<size_t> waiting_ = 0;
  std::chrono::steady_clock::time_point next_cut_;
};

}  // namespace

struct WebServer::Impl {
  Impl(EventLoop& event_loop, Handler answer, size_t streams_at_once)
      : loop(event_loop), handler(std::move(answer)), most_streams(streams_at_once) {}

  void Serve(const httplib::Request& request, httplib::Response& response) {
    auto call = std::make_shared<Call>();
    {
      MutexLock held(mutex);
      if (ended) {
        call->Answer({.status = 503, .body = "the program is about to end\n"});
      } else {
        std::erase_if(waiting, [](const std::weak_ptr<Call>& w) { return w.expired(); });
        waiting.push_back(call);
      }
    }
    // To the library HEAD is a GET whose answer it does not send; here, too.
    WebRequest asked{request.method == "HEAD" ? "GET" : request.method, request.path, request.body,
                     request.get_header_value("Host"), request.get_header_value("Authorization")};
    loop.Post([self = alive, this, call, asked = std::move(asked)] {
      if (*self) {
        call->Answer(handler(asked));
      }
    });
    WebResponse answer = call->Wait();
    if (answer.stream != nullptr && !Admit(answer.stream)) {
      answer = {.status = 503, .body = "there are too many pages that listen\n"};
    }
    response.status = answer.status;
    for (const auto& [name, value] : answer.headers) {
      response.set_header(name, value);
    }
    if (answer.stream == nullptr) {
      response.set_content(answer.body, answer.content_type);
      return;
    }
    response.set_chunked_content_provider(
        answer.content_type,
        [stream = answer.stream](size_t, httplib::DataSink& sink) {
          const WebStream::Piece piece = stream->Next();
          if (piece == nullptr) {
            sink.done();
            return true;
          }
          return sink.write(piece->data(), piece->size());
        },
        [stream = answer.stream](bool) { stream->Abandon(); });
  }

  bool Admit(const std::shared_ptr<WebStream>& stream) {
    MutexLock held(mutex);
    std::erase_if(streams, [](const std::weak_ptr<WebStream>& weak) {
      const std::shared_ptr<WebStream> each = weak.lock();
      return each == nullptr || !each->open();
    });
    if (ended || streams.size() >= most_streams) {
      stream->Abandon();
      return false;
    }
    streams.push_back(stream);
    return true;
  }

  EventLoop& loop;
  Handler handler;  // loop only
  const size_t most_streams;
  // False once there is no server any more; loop only.
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  httplib::Server server;
  std::thread listener;
  int port = 0;

  Mutex mutex;
  bool ended ABSL_GUARDED_BY(mutex) = false;
  std::vector<std::weak_ptr<Call>> waiting ABSL_GUARDED_BY(mutex);
  std::vector<std::weak_ptr<WebStream>> streams ABSL_GUARDED_BY(mutex);
};

WebServer::WebServer(EventLoop& loop, Handler handler, size_t most_streams)
    : impl_(std::make_unique<Impl>(loop, std::move(handler), most_streams)) {}

WebServer::~WebServer() {
  Shutdown();
}

absl::Status WebServer::CheckAddress(const std::string& address) {
  return ParseAddress(address).status();
}

absl::Status WebServer::Start(const std::string& address) {
  LOCKSTEP_ASSIGN_OR_RETURN(const ListenAddress parsed, ParseAddress(address));
  httplib::Server& server = impl_->server;
  server.new_task_queue = [this, threads = kThreads + impl_->most_streams] {
    return new Threads(threads, impl_->port);
  };
  server.set_idle_interval(kBetweenCuts);
  server.set_keep_alive_max_count(1);
  server.set_payload_max_length(kLargestBody);
  server.set_read_timeout(kPatienceSeconds);
  server.set_write_timeout(kPatienceSeconds);
  // Without the library's own SO_REUSEPORT: two runs on one port are a mistake that must be reported.
  int listening = -1;
  server.set_socket_options([&listening](socket_t fd) {
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    listening = fd;
  });
  // A request that tells no length has no body (RFC 9112, section 6.3). The library would read until
  // the client gives up, so it is told.
  server.set_pre_routing_handler([](const httplib::Request& request, httplib::Response&) {
    if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding")) {
      const_cast<httplib::Request&>(request).headers.emplace("Content-Length", "0");
    }
    return httplib::Server::HandlerResponse::Unhandled;
  });
  const auto serve = [this](const httplib::Request& request, httplib::Response& response) {
    impl_->Serve(request, response);
  };
  server.Get(".*", serve).Post(".*", serve).Put(".*", serve).Patch(".*", serve).Delete(".*", serve);
  const auto bind = [&](const std::string& host) {
    errno = 0;
    const bool any = parsed.port == 0;
    impl_->port = any                                      ? server.bind_to_any_port(host)
                  : server.bind_to_port(host, parsed.port) ? parsed.port
                                                           : -1;
    return impl_->port > 0;
  };
  const auto no_ipv6 = [] { return errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL; };
  if (!bind(parsed.host) &&
      !(parsed.host == kEverywhere && no_ipv6() && bind(std::string(kEverywhereOfIpv4)))) {
    char buffer[128];
    const char* reason = errno == 0 ? "no such host" : strerror_r(errno, buffer, sizeof(buffer));
    impl_->port = 0;
    return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ": ", reason));
  }
  listen(listening,
         SOMAXCONN);  // the library lets five wait to be accepted, and others for a second
  impl_->listener = std::thread([this] { impl_->server.listen_after_bind(); });
  return absl::OkStatus();
}

int WebServer::port() const {
  return impl_->port;
}

void WebServer::Shutdown() {
  *impl_->alive = false;
  if (!impl_->listener.joinable()) {
    return;
  }
  std::vector<std::shared_ptr<WebStream>> streams;
  {
    MutexLock held(impl_->mutex);
    impl_->ended = true;
    for (const std::weak_ptr<WebStream>& weak : impl_->streams) {
      if (std::shared_ptr<WebStream> stream = weak.lock()) {
        stream->End();
        streams.push_back(std::move(stream));
      }
    }
    for (const std::weak_ptr<Call>& weak : impl_->waiting) {
      if (std::shared_ptr<Call> call = weak.lock()) {
        call->Answer({.status = 503, .body = "the program is about to end\n"});
      }
    }
  }
  const auto deadline = std::chrono::steady_clock::now() + kLastWords;
  for (const std::shared_ptr<WebStream>& stream : streams) {
    stream->WaitUntilTold(deadline);
  }
  while (!impl_->server.is_running()) {
    std::this_thread::yield();  // the thread does not listen yet, and would miss the stop
  }
  impl_->server.stop();
  CutConnections(impl_->port, AnyConnection);
  impl_->listener.join();
}

}  // namespace lockstep
