// From an address and credentials to a channel that is connected, or to why it is not.
#include <algorithm>
#include <limits>
#include <utility>

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/str_cat.h"

#include "agent/grpc/call.h"
#include "agent/grpc/channel.h"
#include "agent/grpc/connect_failure.h"
#include "agent/grpc/credentials.h"
#include "agent/grpc/engine.h"
#include "agent/http/url.h"
#include "agent/net/network.h"
#include "agent/net/resolver.h"
#include "agent/net/target.h"
#include "common/base/timer.h"

namespace lockstep::agent {
namespace {

constexpr int kMostMetadataBytes = 16 << 20;  // of headers or trailers

int Milliseconds(absl::Duration time) {
  return static_cast<int>(
      std::clamp<int64_t>(absl::ToInt64Milliseconds(time), 1, std::numeric_limits<int>::max()));
}

// k6 has a connection for each connect(), and no proxies, retries or service configurations.
grpc::ChannelArguments ArgumentsFor(const GrpcConnectSpec& spec) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
  arguments.SetInt(GRPC_ARG_MAX_CHANNEL_TRACE_EVENT_MEMORY_PER_NODE, 0);
  // gRPC's core takes 8 KiB (newer ones have a second limit), gRPC for Go 16 MiB.
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMostMetadataBytes);
  arguments.SetInt("grpc.absolute_max_metadata_size", kMostMetadataBytes);
  arguments.SetInt(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS, std::numeric_limits<int>::max());
  // How long gRPC tries to connect by itself: never less than the script does.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, Milliseconds(spec.timeout));
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY,
                      spec.authority.empty() ? spec.address : spec.authority);
  arguments.SetUserAgentPrefix(spec.user_agent);
  const auto bounded = [](int64_t bytes) {
    return static_cast<int>(std::min<int64_t>(bytes, std::numeric_limits<int>::max()));
  };
  if (spec.max_receive_bytes > 0) {
    arguments.SetMaxReceiveMessageSize(bounded(spec.max_receive_bytes));
  }
  if (spec.max_send_bytes > 0) {
    arguments.SetMaxSendMessageSize(bounded(spec.max_send_bytes));
  }
  return arguments;
}

// One attempt. Held by its handle; what comes after that has gone finds it no more.
class Connector final : public std::enable_shared_from_this<Connector> {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::shared_ptr<GrpcChannel>>)>;

  Connector(GrpcEngine& engine, GrpcConnectSpec spec, Done done)
      : engine_(engine), spec_(std::move(spec)), done_(std::move(done)) {}

  void Start() {
    // Even what fails at once is told in a later turn.
    timer_.After(spec_.timeout,
                 [this] { Fail(absl::DeadlineExceededError("context deadline exceeded")); });
    engine_.loop().Post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        self->Look();
      }
    });
  }

 private:
  // Waits for the channel's next state. Does not hold the channel: destroying that ends the wait.
  class Watch final : public GrpcEvent {
   public:
    explicit Watch(std::weak_ptr<Connector> connector) : connector_(std::move(connector)) {}
    void Happened(bool, MonoTime) override {
      if (const auto connector = connector_.lock()) {
        connector->LookAtState();
      }
      delete this;
    }

   private:
    const std::weak_ptr<Connector> connector_;
  };

  void Look() {
    const Network& network = engine_.network();
    const absl::StatusOr<Url> url =
        ParseUrl(absl::StrCat(spec_.plaintext ? "http://" : "https://", spec_.address));
    if (!url.ok() || url->authority().empty() || url->target() != "/" || url->has_credentials) {
      const std::string shown = MaskCredentials(absl::StrCat("//", spec_.address)).substr(2);
      Fail(absl::InvalidArgumentError(
          absl::StrCat("invalid address \"", shown, "\": host:port without a scheme is expected")));
      return;
    }
    Target target = MakeTarget(network, *url);
    host_ = target.host;
    port_ = target.dial_port;
    if (target.refused.code != 0) {
      Fail(absl::UnavailableError(target.refused.in_full()));
    } else if (target.ip) {
      Dial(*target.ip);
    } else if (const auto cached =
                   network.resolver().Cached(host_, engine_.loop().clock().Mono())) {
      Dial(*cached);
    } else {
      network.resolver().Resolve(host_, engine_.loop(),
                                 [weak = weak_from_this()](const absl::StatusOr<IpAddress>& found) {
                                   if (const auto self = weak.lock()) {
                                     self->Resolved(found);
                                   }
                                 });
    }
  }

  void Resolved(const absl::StatusOr<IpAddress>& found) {
    if (found.ok()) {
      Dial(*found);
    } else {
      Fail(absl::UnavailableError(absl::StrCat("dial tcp: ", found.status().message())));
    }
  }

  void Dial(const IpAddress& ip) {
    if (const HttpError refused = CheckAddress(engine_.network(), ip); refused.code != 0) {
      Fail(absl::UnavailableError(refused.in_full()));
      return;
    }
    auto credentials = MakeCredentials(engine_, spec_, host_);
    if (!credentials.ok()) {
      Fail(credentials.status());
      return;
    }
    place_ = HostPort(ip.ToString(), port_);
    channel_ = std::make_shared<GrpcChannel>(grpc::CreateCustomChannel(
        absl::StrCat(ip.is_v4() ? "ipv4:" : "ipv6:", place_), *credentials, ArgumentsFor(spec_)));
    LookAtState();
  }

  void LookAtState() {
    if (!done_) {
      return;  // the time was over
    }
    const grpc_connectivity_state state = channel_->get()->GetState(/*try_to_connect=*/true);
    if (state == GRPC_CHANNEL_READY) {
      std::exchange(done_, nullptr)(std::move(channel_));
    } else if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN) {
      AskWhy();
    } else {
      channel_->get()->NotifyOnStateChange(state, gpr_inf_future(GPR_CLOCK_MONOTONIC),
                                           engine_.Expect(),
                                           static_cast<GrpcEvent*>(new Watch(weak_from_this())));
    }
  }

  // A channel says that it failed, but only calls are told why. This one never leaves: the next
  // attempt to connect is a second away.
  void AskWhy() {
    probe_ = StartUnary(
        engine_, *channel_, {.path = "/grpc.health.v1.Health/Check", .timeout = absl::Seconds(1)},
        "", [this](const GrpcResult& result) {
          Fail(absl::UnavailableError(absl::StrCat("connection error: desc = \"",
                                                   ConnectFailure(result.error, place_), "\"")));
        });
  }

  void Fail(absl::Status why) {
    if (done_) {
      channel_.reset();
      std::exchange(done_, nullptr)(std::move(why));
    }
  }

  GrpcEngine& engine_;
  const GrpcConnectSpec spec_;
  Done done_;  // null once it has been called
  Timer timer_{engine_.loop()};
  std::string host_;
  int port_ = 0;
  std::string place_;  // "127.0.0.1:50051"
  std::shared_ptr<GrpcChannel> channel_;
  std::unique_ptr<GrpcCall> probe_;
};

class ConnectHandle final : public GrpcWork {
 public:
  explicit ConnectHandle(std::shared_ptr<Connector> connector) : connector_(std::move(connector)) {}

 private:
  const std::shared_ptr<Connector> connector_;
};

}  // namespace

std::unique_ptr<GrpcWork> StartConnect(
    GrpcEngine& engine, GrpcConnectSpec spec,
    absl::AnyInvocable<void(absl::StatusOr<std::shared_ptr<GrpcChannel>>)> done) {
  auto connector = std::make_shared<Connector>(engine, std::move(spec), std::move(done));
  connector->Start();
  return std::make_unique<ConnectHandle>(std::move(connector));
}

}  // namespace lockstep::agent
