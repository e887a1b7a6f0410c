#include "coordinator/rpc/grpc_server.h"

#include <chrono>
#include <cstring>
#include <utility>
#include <variant>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lockstep/v1/services.grpc.pb.h"

#include "coordinator/rpc/server_stream.h"
#include "coordinator/rpc/status_service.h"

namespace lockstep::coordinator {
namespace {

constexpr int kMaxMessageBytes = 64 << 20;

using ControlStream = ServerStream<v1::AgentMessage, v1::CoordinatorMessage>;
using BatchStream = ServerStream<v1::BatchMessage, v1::BatchAck>;
using AnyStream = std::variant<std::shared_ptr<ControlStream>, std::shared_ptr<BatchStream>>;

// Why `address` cannot be listened on: tries it once more by hand, as gRPC does not say.
std::string WhyNot(const std::string& address) {
  size_t colon = address.rfind(':');
  if (absl::StartsWith(address, "unix:") || colon == std::string::npos) {
    return "it must be HOST:PORT or unix:PATH, of a folder where one may write";
  }
  std::string host = address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (int error = getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found);
      error != 0) {
    return gai_strerror(error);
  }
  std::string reason = "it cannot be listened on";
  int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  if (fd >= 0) {
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 1) != 0) {
      char buffer[128];
      reason = strerror_r(errno, buffer, sizeof(buffer));
    }
    close(fd);
  }
  freeaddrinfo(found);
  return reason;
}

}  // namespace

struct GrpcServer::Impl final : public v1::Coordinator::CallbackService {
  explicit Impl(EventLoop& event_loop) : loop(event_loop) {}

  grpc::ServerBidiReactor<v1::AgentMessage, v1::CoordinatorMessage>* Session(
      grpc::CallbackServerContext*) override {
    return Accept<ControlStream, v1::AgentMessage>(
        [this](ConnectionId id, v1::AgentMessage message) { fleet->OnMessage(id, message); });
  }
  grpc::ServerBidiReactor<v1::BatchMessage, v1::BatchAck>* Batches(
      grpc::CallbackServerContext*) override {
    return Accept<BatchStream, v1::BatchMessage>(
        [this](ConnectionId id, v1::BatchMessage message) { fleet->OnBatch(id, message); });
  }

  // On a gRPC thread. `handle(id, message)` runs on the loop, for messages of a connection that is
  // still open.
  template <class Stream, class In, class Handle>
  Stream* Accept(Handle handle) {
    ConnectionId id = NextId();
    auto stream = std::make_shared<Stream>(typename Stream::Events{
        .on_message =
            [this, id, handle](In message) {
              loop.Post([this, id, handle, message = std::move(message)]() mutable {
                if (streams.contains(id)) {
                  handle(id, std::move(message));
                }
              });
            },
        .on_done =
            [this, id] {
              loop.Post([this, id] {
                if (streams.erase(id) > 0) {
                  fleet->OnClosed(id, absl::UnavailableError("the connection ended"));
                }
              });
            },
    });
    loop.Post([this, id, stream] {
      if (shut_down) {
        stream->Close(absl::UnavailableError("the coordinator is about to end"));
        return;
      }
      streams.emplace(id, stream);
      fleet->OnOpened(id);
    });
    stream->Start();
    return stream.get();
  }

  ConnectionId NextId() {
    MutexLock held(mutex);
    return ConnectionId{++last_id};
  }

  EventLoop& loop;
  Fleet* fleet = nullptr;
  std::unique_ptr<StatusService> status;
  std::unique_ptr<grpc::Server> server;
  std::vector<int> ports;

  bool shut_down = false;                                // loop only
  absl::flat_hash_map<ConnectionId, AnyStream> streams;  // loop only

  Mutex mutex;
  uint64_t last_id ABSL_GUARDED_BY(mutex) = 0;
};

GrpcServer::GrpcServer(EventLoop& loop) : impl_(std::make_unique<Impl>(loop)) {}

GrpcServer::~GrpcServer() {
  Shutdown();
}

absl::Status GrpcServer::Start(const std::vector<std::string>& addresses, Fleet& fleet,
                               RunControl& control) {
  impl_->fleet = &fleet;
  impl_->status = std::make_unique<StatusService>(impl_->loop, control);
  // For tools that know neither this program nor its protocol files: container platforms and
  // grpcurl.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  impl_->ports.assign(addresses.size(), 0);
  for (size_t i = 0; i < addresses.size(); ++i) {
    builder.AddListeningPort(addresses[i], grpc::InsecureServerCredentials(), &impl_->ports[i]);
  }
  builder.RegisterService(impl_.get());
  builder.RegisterService(impl_->status.get());
  impl_->server = builder.BuildAndStart();
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (impl_->server == nullptr && impl_->ports[i] == 0) {
      return absl::UnavailableError(
          absl::StrCat("cannot listen on ", addresses[i], ": ", WhyNot(addresses[i])));
    }
  }
  if (impl_->server == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", addresses[0], ": ", WhyNot(addresses[0])));
  }
  return absl::OkStatus();
}

int GrpcServer::port(size_t i) const {
  return impl_->ports[i];
}

void GrpcServer::Shutdown() {
  if (impl_->server == nullptr || impl_->shut_down) {
    return;
  }
  impl_->shut_down = true;
  if (auto* health = impl_->server->GetHealthCheckService(); health != nullptr) {
    health->SetServingStatus(false);
  }
  impl_->status->Shutdown();
  for (auto& [id, stream] : impl_->streams) {
    std::visit([](auto& s) { s->Close(absl::UnavailableError("the coordinator ends")); }, stream);
  }
  impl_->streams.clear();
  impl_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
}

void GrpcServer::Send(ConnectionId to, const v1::CoordinatorMessage& message) {
  auto found = impl_->streams.find(to);
  if (found != impl_->streams.end()) {
    if (auto* stream = std::get_if<std::shared_ptr<ControlStream>>(&found->second)) {
      (*stream)->Send(message);
    }
  }
}

void GrpcServer::Acknowledge(ConnectionId to, const v1::BatchAck& ack) {
  auto found = impl_->streams.find(to);
  if (found != impl_->streams.end()) {
    if (auto* stream = std::get_if<std::shared_ptr<BatchStream>>(&found->second)) {
      (*stream)->Send(ack);
    }
  }
}

void GrpcServer::Close(ConnectionId connection, absl::Status reason) {
  auto found = impl_->streams.find(connection);
  if (found != impl_->streams.end()) {
    std::visit([&](auto& s) { s->Close(reason); }, found->second);
    impl_->streams.erase(found);
  }
}

}  // namespace lockstep::coordinator
