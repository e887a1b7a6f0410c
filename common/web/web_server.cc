#include "common/web/web_server.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <thread>

#include <httplib.h>
#include <sys/socket.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "common/base/host_port.h"
#include "common/base/status_macros.h"
#include "common/base/sync.h"
#include "common/web/clients.h"

namespace lockstep {
namespace {

constexpr size_t kThreads = 8;
constexpr size_t kLargestBody = 1 << 20;
constexpr auto kLastWords = std::chrono::seconds(1);  // for what streams have still to tell
constexpr int kPatienceSeconds = 3;                   // with a client that neither sends nor reads
constexpr auto kBetweenLooks = std::chrono::milliseconds(100);  // at those who are slow

// One request on its way to the loop and back. Whoever takes it answers it.
class Call {
 public:
  // False if somebody has taken it already.
  bool Take() { return !taken_.exchange(true); }
  void Answer(WebResponse answer) { response_.set_value(std::move(answer)); }
  // A request that nobody takes for too long is given up, and not carried out.
  WebResponse Wait() {
    std::future<WebResponse> response = response_.get_future();
    const auto patience = std::chrono::seconds(kPatienceSeconds);
    return response.wait_for(patience) == std::future_status::ready || !Take()
               ? response.get()
               : WebResponse{.status = 503, .body = "the program is busy\n"};
  }

 private:
  std::atomic<bool> taken_ = false;
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

// The library's threads, for which clients wait.
class Threads final : public httplib::TaskQueue {
 public:
  // `clients` is borrowed.
  Threads(size_t threads, Clients& clients) : pool_(threads), clients_(clients) {}

  // Nothing or whether it is taken on, as the version of the library wants it.
  using Enqueued = decltype(std::declval<httplib::TaskQueue&>().enqueue(nullptr));
  Enqueued enqueue(std::function<void()> task) override {
    return pool_.enqueue(clients_.Wait(std::move(task)));
  }
  void shutdown() override { pool_.shutdown(); }
  void on_idle() override { clients_.CutSlow(); }

 private:
  httplib::ThreadPool pool_;
  Clients& clients_;
};

}  // namespace

struct WebServer::Impl {
  Impl(EventLoop& event_loop, Handler answer, size_t streams_at_once)
      : loop(event_loop), handler(std::move(answer)), most_streams(streams_at_once) {}

  void Serve(const httplib::Request& request, httplib::Response& response) {
    clients.NoteAsked(request.remote_addr, request.remote_port);
    auto call = std::make_shared<Call>();
    {
      MutexLock held(mutex);
      if (ended) {
        call->Take();
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
      if (*self && call->Take()) {
        WebResponse answer = handler(asked);
        if (gate) {
          gate([call, answer = std::move(answer)]() mutable { call->Answer(std::move(answer)); });
        } else {
          call->Answer(std::move(answer));
        }
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
  Gate gate;        // likewise
  const size_t most_streams;
  // False once there is no server any more; loop only.
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  int port = 0;
  Clients clients{port};
  httplib::Server server;
  std::thread listener;

  Mutex mutex;
  bool ended ABSL_GUARDED_BY(mutex) = false;
  std::vector<std::weak_ptr<Call>> waiting ABSL_GUARDED_BY(mutex);
  std::vector<std::weak_ptr<WebStream>> streams ABSL_GUARDED_BY(mutex);
};

void WebServer::AnswerWhen(Gate gate) {
  impl_->gate = std::move(gate);
}

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
    return new Threads(threads, impl_->clients);
  };
  server.set_idle_interval(kBetweenLooks);
  server.set_keep_alive_max_count(1);
  server.set_payload_max_length(kLargestBody);
  server.set_read_timeout(kPatienceSeconds);
  server.set_write_timeout(kPatienceSeconds);
  // Without the library's own SO_REUSEPORT: two runs on one port are a mistake that must be
  // reported.
  int listening = -1;
  server.set_socket_options([&listening](socket_t fd) {
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    listening = fd;
  });
  // A request that tells no length has no body (RFC 9112, section 6.3). The library would read
  // until the client gives up, so it is told.
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
      if (std::shared_ptr<Call> call = weak.lock(); call != nullptr && call->Take()) {
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
  impl_->clients.CutAll();
  impl_->listener.join();
}

}  // namespace lockstep
