#include "coordinator/rpc/grpc_server.h"

#include <chrono>
#include <utility>
#include <variant>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "lockstep/v1/services.grpc.pb.h"

#include "common/base/message_limits.h"
#include "common/base/status_macros.h"
#include "common/base/timer.h"
#include "coordinator/rpc/doorkeeper.h"
#include "coordinator/rpc/peer_gate.h"
#include "coordinator/rpc/reflection_service.h"
#include "coordinator/rpc/server_stream.h"
#include "coordinator/rpc/status_service.h"
#include "coordinator/rpc/stranger_watch.h"
#include "coordinator/rpc/uncalled_peers.h"

namespace lockstep::coordinator {
namespace {

// A peer is not known to belong to the fleet until it has proved that it knows the token. Larger
// messages come in pieces, which the fleet puts together for its members.
constexpr int kMaxReceivedBytes = static_cast<int>(kPieceBytes + kPieceOverheadBytes);
constexpr int kMaxSentBytes = static_cast<int>(kMostMessageBytes + kPieceOverheadBytes);

using ControlStream = ServerStream<v1::AgentMessage, v1::CoordinatorMessage>;
using BatchStream = ServerStream<v1::BatchMessage, v1::BatchAck>;
using AnyStream = std::variant<std::shared_ptr<ControlStream>, std::shared_ptr<BatchStream>>;

// How long a connection may take for its TLS handshake and HTTP/2's first frames, and how long it
// may stay without a call.
constexpr int kHandshakeMs = 5'000;
constexpr int kIdleMs = 10'000;
constexpr int kMostCallsPerConnection = 100;

constexpr const char* kServices[] = {
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "lockstep.v1.Coordinator",
    "lockstep.v1.Status",
};

// "10.0.0.7:4711" of gRPC's "ipv4:10.0.0.7:4711" and "ipv6:%5B::1%5D:4711".
std::string PlainAddress(absl::string_view peer) {
  if (!absl::ConsumePrefix(&peer, "ipv4:")) {
    absl::ConsumePrefix(&peer, "ipv6:");
  }
  return absl::StrReplaceAll(peer, {{"%5B", "["}, {"%5D", "]"}});
}

}  // namespace

struct GrpcServer::Impl final : public v1::Coordinator::CallbackService {
  Impl(EpollLoop& event_loop, absl::Duration reread) : loop(event_loop), reread_every(reread) {}

  grpc::ServerBidiReactor<v1::AgentMessage, v1::CoordinatorMessage>* Session(
      grpc::CallbackServerContext* context) override {
    return Accept<ControlStream, v1::AgentMessage>(
        *context, [this](ConnectionId id, const v1::AgentMessage& message) {
          fleet->OnMessage(id, message);
        });
  }
  grpc::ServerBidiReactor<v1::BatchMessage, v1::BatchAck>* Batches(
      grpc::CallbackServerContext* context) override {
    return Accept<BatchStream, v1::BatchMessage>(
        *context,
        [this](ConnectionId id, const v1::BatchMessage& message) { fleet->OnBatch(id, message); });
  }

  // On a gRPC thread. `handle(id, message)` runs on the loop, for messages of a connection that is
  // still open.
  template <class Stream, class In, class Handle>
  Stream* Accept(const grpc::CallbackServerContext& context, Handle handle) {
    ConnectionId id = NextId();
    Peer peer{.address = PlainAddress(context.peer()),
              .identity = IdentityOf(*context.auth_context())};
    Called(peer.address);
    std::string chain = ChainOf(*context.auth_context());
    auto stream = std::make_shared<Stream>(typename Stream::Events{
        .on_message =
            [this, id, handle](In message) {
              loop.Post([this, id, handle, message = std::move(message)]() mutable {
                if (streams.contains(id)) {
                  handle(id, std::move(message));
                }
                if (const auto open = streams.find(id); open != streams.end()) {
                  std::visit([](auto& handled) { handled->ReadNext(); }, open->second);
                }
              });
            },
        .on_done =
            [this, id] {
              loop.Post([this, id] {
                chains.erase(id);
                peers.erase(id);
                if (streams.erase(id) > 0) {
                  fleet->OnClosed(id, absl::UnavailableError("the connection ended"));
                }
              });
            },
    });
    loop.Post([this, id, stream, peer = std::move(peer), chain = std::move(chain)]() mutable {
      if (shut_down) {
        stream->Close(absl::UnavailableError("the coordinator is about to end"));
        return;
      }
      streams.emplace(id, stream);
      if (gate != nullptr && !chain.empty()) {
        chains.emplace(id, std::move(chain));
      }
      peers.emplace(id, peer.address);
      fleet->OnOpened(id, std::move(peer));
    });
    stream->Start();
    return stream.get();
  }

  // On gRPC's threads.
  void Called(const std::string& address) {
    loop.Post([this, address] { uncalled.Forget(address); });
  }

  ConnectionId NextId() {
    MutexLock held(mutex);
    return ConnectionId{++last_id};
  }

  // On gRPC's threads.
  void Refused(std::string kind, std::string reason) {
    loop.Post([this, kind = std::move(kind), reason = std::move(reason)] {
      if (!shut_down) {
        fleet->refusals().Add(kind, uncalled.TakeSuspect(), reason);
      }
    });
  }
  // Looks for changes of the authority and of the list of revoked certificates, again and again.
  void RereadTrust();

  std::shared_ptr<grpc::ServerCredentials> CredentialsFor(const Credentials* credentials);
  absl::Status Open(const std::vector<std::string>& addresses, const Credentials* credentials,
                    grpc::ServerBuilder& builder);

  EpollLoop& loop;
  const absl::Duration reread_every;
  Fleet* fleet = nullptr;
  std::unique_ptr<StatusService> status;
  std::unique_ptr<ReflectionService> reflection;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor;
  std::unique_ptr<Doorkeeper> doorkeeper;  // for the addresses that are not Unix sockets
  std::vector<int> ports;

  std::shared_ptr<PeerGate> gate;  // null: plain text
  Credentials trusted;             // loop only, like what follows
  Timer reread_timer{loop};
  bool reread_failed = false;
  absl::flat_hash_map<ConnectionId, std::string> chains;  // that the agents' sessions have shown

  bool shut_down = false;                                // loop only
  absl::flat_hash_map<ConnectionId, AnyStream> streams;  // loop only
  absl::flat_hash_map<ConnectionId, std::string>
      peers;  // addresses of the streams' peers; loop only
  StrangerWatch strangers{loop, [this](const std::string& address) {
                            fleet->refusals().Add(kRefusedLimit, address,
                                                  "it sent too much before it had proved to "
                                                  "belong to the fleet");
                          }};
  UncalledPeers uncalled{loop, [this](const std::string& address) {
                           fleet->refusals().Add(kRefusedUncalled, address,
                                                 "it connected and made no call that is allowed; "
                                                 "its own log may say why");
                         }};

  Mutex mutex;
  uint64_t last_id ABSL_GUARDED_BY(mutex) = 0;
};

// A client's certificate is asked for and not judged in the handshake: PeerGate does that for each
// call, so that the peer hears why it is refused.
std::shared_ptr<grpc::ServerCredentials> GrpcServer::Impl::CredentialsFor(
    const Credentials* credentials) {
  if (credentials == nullptr) {
    return grpc::InsecureServerCredentials();
  }
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  options.pem_root_certs = credentials->anchors.authority;
  options.pem_key_cert_pairs.push_back({credentials->key, credentials->certificate});
  std::shared_ptr<grpc::ServerCredentials> made = grpc::SslServerCredentials(options);
  gate = std::make_shared<PeerGate>(credentials->anchors,
                                    [this](std::string kind, std::string reason) {
                                      Refused(std::move(kind), std::move(reason));
                                    });
  made->SetAuthMetadataProcessor(gate);
  trusted = *credentials;
  return made;
}

void GrpcServer::Impl::RereadTrust() {
  reread_timer.After(reread_every, [this] { RereadTrust(); });
  absl::StatusOr<TrustAnchors> anchors = RereadAnchors(trusted);
  if (!anchors.ok()) {
    if (!std::exchange(reread_failed, true)) {
      fleet->logger().Warn(absl::StrCat(
          "the certificates and revocations that this coordinator trusts cannot be read again; it "
          "keeps those that it has: ",
          anchors.status().message()));
    }
    return;
  }
  reread_failed = false;
  if (anchors->authority == trusted.anchors.authority &&
      anchors->revoked == trusted.anchors.revoked) {
    return;
  }
  trusted.anchors = *anchors;
  gate->Trust(*std::move(anchors));
  fleet->logger().Info("the trusted authority or the list of revoked certificates has changed");
  const std::vector<std::pair<ConnectionId, std::string>> shown(chains.begin(), chains.end());
  for (const auto& [id, chain] : shown) {
    if (const absl::Status judged = gate->Judge(chain); !judged.ok()) {
      fleet->Banish(id, kRefusedCertificate, judged);
    }
  }
}

absl::Status GrpcServer::Impl::Open(const std::vector<std::string>& addresses,
                                    const Credentials* credentials, grpc::ServerBuilder& builder) {
  ports.assign(addresses.size(), 0);
  doorkeeper = std::make_unique<Doorkeeper>(
      loop, DoorSettings{.tls = credentials != nullptr},
      Doorkeeper::Events{
          .let_in =
              [this](int fd, const std::string& address) {
                uncalled.Add(address);
                strangers.Add(fd, address);
                grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
                connection.fd = fd;
                acceptor->HandleNewConnection(&connection);
              },
          .refused =
              [this](absl::string_view kind, const std::string& address, absl::string_view reason) {
                fleet->refusals().Add(kind, address, reason);
              }});
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (absl::StartsWith(addresses[i], "unix:")) {
      builder.AddListeningPort(addresses[i], grpc::InsecureServerCredentials(), &ports[i]);
    } else {
      LOCKSTEP_ASSIGN_OR_RETURN(ports[i], doorkeeper->Listen(addresses[i]));
    }
  }
  acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      CredentialsFor(credentials));
  return absl::OkStatus();
}

GrpcServer::GrpcServer(EpollLoop& loop, absl::Duration reread_every)
    : impl_(std::make_unique<Impl>(loop, reread_every)) {}

GrpcServer::~GrpcServer() {
  Shutdown();
}

absl::Status GrpcServer::Start(const std::vector<std::string>& addresses,
                               const Credentials* credentials, Fleet& fleet, RunControl& control) {
  impl_->fleet = &fleet;
  impl_->status = std::make_unique<StatusService>(
      impl_->loop, control,
      [impl = impl_.get()](const std::string& peer) { impl->Called(PlainAddress(peer)); });
  impl_->reflection = std::make_unique<ReflectionService>(
      std::vector<std::string>(std::begin(kServices), std::end(kServices)),
      [impl = impl_.get()](const std::string& peer) { impl->Called(PlainAddress(peer)); });
  // For tools that know neither this program nor its protocol files: container platforms and
  // grpcurl.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kMaxReceivedBytes);
  builder.SetMaxSendMessageSize(kMaxSentBytes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMostCallsPerConnection);
  LOCKSTEP_RETURN_IF_ERROR(impl_->Open(addresses, credentials, builder));
  if (impl_->gate != nullptr) {
    impl_->reread_timer.After(impl_->reread_every, [impl = impl_.get()] { impl->RereadTrust(); });
  }
  builder.RegisterService(impl_.get());
  builder.RegisterService(impl_->status.get());
  builder.RegisterService(impl_->reflection.get());
  impl_->server = builder.BuildAndStart();
  if (impl_->server != nullptr) {  // null: see below
    for (const char* service : kServices) {
      impl_->server->GetHealthCheckService()->SetServingStatus(service, true);
    }
  }
  return impl_->server != nullptr
             ? absl::OkStatus()
             : absl::UnavailableError(absl::StrCat("cannot listen on ", addresses[0],
                                                   ": the folder of a Unix socket must exist, and "
                                                   "one must be allowed to write there"));
}

int GrpcServer::port(size_t i) const {
  return impl_->ports[i];
}

void GrpcServer::Shutdown() {
  if (impl_->server == nullptr || impl_->shut_down) {
    return;
  }
  impl_->shut_down = true;
  impl_->reread_timer.Cancel();
  if (auto* health = impl_->server->GetHealthCheckService(); health != nullptr) {
    health->SetServingStatus(false);
  }
  impl_->doorkeeper->Shutdown();
  impl_->strangers.Clear();
  impl_->uncalled.Clear();
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

void GrpcServer::Trust(ConnectionId connection) {
  if (const auto peer = impl_->peers.find(connection); peer != impl_->peers.end()) {
    impl_->strangers.Forget(peer->second);
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
