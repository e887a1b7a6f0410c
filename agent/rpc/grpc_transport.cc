#include "agent/rpc/grpc_transport.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "lockstep/v1/services.grpc.pb.h"

#include "common/base/message_limits.h"
#include "common/rpc/channel.h"

namespace lockstep::agent {
namespace {

constexpr int kKeepaliveMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 5'000;
constexpr std::chrono::milliseconds kLastWords(500);

// Counts the streams that gRPC still works on, so that nothing of ours goes before them.
class StreamCount {
 public:
  void Add() {
    std::lock_guard<std::mutex> held(mutex_);
    ++count_;
  }
  void Remove() {
    std::lock_guard<std::mutex> held(mutex_);
    --count_;
    changed_.notify_all();
  }
  bool WaitForNone(std::chrono::milliseconds patience) {
    std::unique_lock<std::mutex> held(mutex_);
    return changed_.wait_for(held, patience, [&] { return count_ == 0; });
  }
  void WaitForNone() {
    std::unique_lock<std::mutex> held(mutex_);
    changed_.wait(held, [&] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

// One stream. Lives until gRPC is done with it, whoever else holds it.
template <class Out, class In>
class Stream final : public grpc::ClientBidiReactor<Out, In>,
                     public std::enable_shared_from_this<Stream<Out, In>> {
 public:
  using OnMessage = absl::AnyInvocable<void(In)>;
  using OnEnd = absl::AnyInvocable<void(const grpc::Status&)>;

  // The callbacks are called on gRPC's threads.
  Stream(StreamCount& count, OnMessage on_message, OnEnd on_end)
      : count_(count), on_message_(std::move(on_message)), on_end_(std::move(on_end)) {}

  template <class Open>  // void(ClientContext*, reactor*): the stub's method
  void Start(Open open) {
    self_ = this->shared_from_this();
    count_.Add();
    open(&context_, this);
    this->AddHold();  // writes start outside of gRPC's callbacks
    this->StartRead(&incoming_);
    this->StartCall();
  }

  void Send(const Out& message) {
    std::lock_guard<std::mutex> held(mutex_);
    if (closing_ || broken_) {
      return;
    }
    queue_.push_back(message);
    Pump();
  }

  void Close() {
    std::lock_guard<std::mutex> held(mutex_);
    if (!closing_) {
      closing_ = true;
      Pump();
    }
  }

  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (ok) {
      on_message_(std::move(incoming_));
      incoming_ = In();
      this->StartRead(&incoming_);
      return;
    }
    std::lock_guard<std::mutex> held(mutex_);
    Break();
  }

  void OnWriteDone(bool ok) override {
    std::lock_guard<std::mutex> held(mutex_);
    writing_ = false;
    if (!ok) {
      Break();
      return;
    }
    queue_.pop_front();
    Pump();
  }

  void OnWritesDoneDone(bool) override {}

  void OnDone(const grpc::Status& status) override {
    on_end_(status);
    StreamCount& count = count_;
    self_.reset();  // may delete this
    count.Remove();
  }

 private:
  void Pump() {
    if (writing_ || broken_) {
      return;
    }
    if (!queue_.empty()) {
      writing_ = true;
      this->StartWrite(&queue_.front());
    } else if (closing_ && !half_closed_) {
      half_closed_ = true;
      this->StartWritesDone();
    }
  }
  void Break() {
    if (!broken_) {
      broken_ = true;
      this->RemoveHold();
    }
  }

  StreamCount& count_;
  OnMessage on_message_;
  OnEnd on_end_;
  grpc::ClientContext context_;
  In incoming_;
  std::shared_ptr<Stream> self_;  // until OnDone

  std::mutex mutex_;
  std::deque<Out> queue_;
  bool writing_ = false;
  bool closing_ = false;
  bool half_closed_ = false;
  bool broken_ = false;
};

using ControlStream = Stream<v1::AgentMessage, v1::CoordinatorMessage>;
using BatchStream = Stream<v1::BatchMessage, v1::BatchAck>;

}  // namespace

// A pair of streams. Its events reach the loop only as long as it is the transport's present
// connection.
class GrpcTransport::Connection : public std::enable_shared_from_this<GrpcTransport::Connection> {
 public:
  Connection(EventLoop& loop, std::shared_ptr<v1::Coordinator::Stub> stub, StreamCount& count,
             bool tls, Events events)
      : loop_(loop), stub_(std::move(stub)), count_(count), tls_(tls), events_(std::move(events)) {}

  void Open() {
    std::weak_ptr<Connection> weak = weak_from_this();
    control_ = std::make_shared<ControlStream>(
        count_,
        [&loop = loop_, weak](v1::CoordinatorMessage message) {
          loop.Post([weak, message = std::move(message)]() mutable {
            if (std::shared_ptr<Connection> self = weak.lock(); self != nullptr && !self->closed_) {
              self->events_.on_message(std::move(message));
            }
          });
        },
        End());
    control_->Start([this](grpc::ClientContext* context, ControlStream* stream) {
      stub_->async()->Session(context, stream);
    });
  }

  void Send(const v1::AgentMessage& message) {
    if (message.ByteSizeLong() <= kPieceBytes) {
      control_->Send(message);
      return;
    }
    const std::string whole = message.SerializeAsString();
    for (size_t begin = 0; begin < whole.size(); begin += kPieceBytes) {
      v1::AgentMessage part;
      part.mutable_piece()->set_data(whole.substr(begin, kPieceBytes));
      part.mutable_piece()->set_last(begin + kPieceBytes >= whole.size());
      control_->Send(part);
    }
  }

  void SendBatch(const v1::BatchMessage& message) {
    if (batches_ == nullptr) {
      std::weak_ptr<Connection> weak = weak_from_this();
      batches_ = std::make_shared<BatchStream>(
          count_,
          [&loop = loop_, weak](v1::BatchAck ack) {
            loop.Post([weak, ack = std::move(ack)]() mutable {
              if (std::shared_ptr<Connection> self = weak.lock();
                  self != nullptr && !self->closed_) {
                self->events_.on_batch_ack(std::move(ack));
              }
            });
          },
          End());
      batches_->Start([this](grpc::ClientContext* context, BatchStream* stream) {
        stub_->async()->Batches(context, stream);
      });
    }
    if (message.batch().size() <= kPieceBytes) {
      batches_->Send(message);
      return;
    }
    for (size_t begin = 0; begin < message.batch().size(); begin += kPieceBytes) {
      v1::BatchMessage part;
      part.set_session_id(message.session_id());
      part.set_run_id(message.run_id());
      part.set_number(message.number());
      part.set_batch(message.batch().substr(begin, kPieceBytes));
      part.set_more(begin + kPieceBytes < message.batch().size());
      batches_->Send(part);
    }
  }

  void Close() {
    closed_ = true;
    control_->Close();
    if (batches_ != nullptr) {
      batches_->Close();
    }
  }

  void Cancel() {
    control_->Cancel();
    if (batches_ != nullptr) {
      batches_->Cancel();
    }
  }

 private:
  absl::AnyInvocable<void(const grpc::Status&)> End() {
    return [&loop = loop_, weak = weak_from_this(), tls = tls_](const grpc::Status& result) {
      loop.Post([weak, status = Explain(result, tls)] {
        std::shared_ptr<Connection> self = weak.lock();
        if (self == nullptr || self->closed_) {
          return;
        }
        self->closed_ = true;
        self->Cancel();
        self->events_.on_closed(
            status.ok() ? absl::UnavailableError("the coordinator ended the connection") : status);
      });
    };
  }

  EventLoop& loop_;
  const std::shared_ptr<v1::Coordinator::Stub> stub_;
  StreamCount& count_;
  const bool tls_;
  Events events_;
  std::shared_ptr<ControlStream> control_;
  std::shared_ptr<BatchStream> batches_;
  bool closed_ = false;  // loop only
};

struct GrpcTransport::Impl {
  explicit Impl(EventLoop& conductor_loop) : loop(conductor_loop) {}
  // Later connections are made like this.
  void Use(const Credentials* credentials);

  EventLoop& loop;
  std::string address;
  std::string name;  // in the coordinator's certificate
  bool tls = false;
  StreamCount count;
  std::shared_ptr<v1::Coordinator::Stub> stub;  // on a channel of its own
  std::shared_ptr<Connection> connection;
  std::vector<std::shared_ptr<Connection>> closing;  // their last words may still be on the way
};

GrpcTransport::GrpcTransport(EventLoop& loop, const std::string& address,
                             const Credentials* credentials, const std::string& name)
    : impl_(std::make_unique<Impl>(loop)) {
  impl_->address = address;
  impl_->name = name;
  impl_->Use(credentials);
}

void GrpcTransport::Renew(const Credentials& credentials) {
  impl_->Use(&credentials);
}

void GrpcTransport::Impl::Use(const Credentials* credentials) {
  tls = credentials != nullptr;
  grpc::ChannelArguments arguments;
  constexpr int kMost = static_cast<int>(kMostMessageBytes + kPieceOverheadBytes);
  arguments.SetMaxReceiveMessageSize(kMost);
  arguments.SetMaxSendMessageSize(kMost);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  // The session paces its own retries; the channel must be ready to try when it is.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // Without it, channels to one address would share connections, whatever they show.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  stub = v1::Coordinator::NewStub(MakeChannel(address, credentials, arguments, name));
}

GrpcTransport::~GrpcTransport() {
  Close();
  if (!impl_->count.WaitForNone(kLastWords)) {
    for (const std::shared_ptr<Connection>& connection : impl_->closing) {
      connection->Cancel();
    }
    impl_->count.WaitForNone();
  }
}

void GrpcTransport::Connect(Events events) {
  Close();
  impl_->connection = std::make_shared<Connection>(impl_->loop, impl_->stub, impl_->count,
                                                   impl_->tls, std::move(events));
  impl_->connection->Open();
}

void GrpcTransport::Send(const v1::AgentMessage& message) {
  if (impl_->connection != nullptr) {
    impl_->connection->Send(message);
  }
}

void GrpcTransport::SendBatch(const v1::BatchMessage& message) {
  if (impl_->connection != nullptr) {
    impl_->connection->SendBatch(message);
  }
}

void GrpcTransport::Close() {
  if (impl_->connection == nullptr) {
    return;
  }
  for (const std::shared_ptr<Connection>& old : impl_->closing) {
    old->Cancel();
  }
  impl_->closing.clear();
  impl_->connection->Close();
  impl_->closing.push_back(std::move(impl_->connection));
  impl_->connection = nullptr;
}

}  // namespace lockstep::agent
