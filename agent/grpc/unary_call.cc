#include <utility>

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include "agent/grpc/call_parts.h"
#include "agent/grpc/engine.h"

namespace lockstep::agent {
namespace {

// Lives until gRPC is done with it, which may be after its handle has gone.
class UnaryCall final : public GrpcEvent {
 public:
  class Handle final : public GrpcCall {
   public:
    explicit Handle(UnaryCall* call) : call_(call) { call_->handle_ = this; }
    ~Handle() override {
      if (call_ != nullptr) {
        call_->handle_ = nullptr;
        call_->context_.TryCancel();
      }
    }
    void Cancel() override {
      if (call_ != nullptr) {
        call_->context_.TryCancel();
      }
    }

   private:
    friend class UnaryCall;
    UnaryCall* call_;  // null once it is over
  };

  UnaryCall(GrpcEngine& engine, const GrpcChannel& channel, const GrpcCallSpec& spec,
            const std::string& request, absl::AnyInvocable<void(GrpcResult)> done)
      : stub_(channel.get()),
        done_(std::move(done)),
        begun_(engine.loop().clock().Mono()),
        sent_(FramedBytes(request.size())) {
    Prepare(spec, context_);
    reader_ = stub_.PrepareUnaryCall(&context_, spec.path, BufferOf(request), engine.Expect());
    reader_->StartCall();
    reader_->Finish(&response_, &status_, static_cast<GrpcEvent*>(this));
  }

  void Happened(bool, MonoTime when) override {
    if (handle_ != nullptr) {
      handle_->call_ = nullptr;
      GrpcResult result = ResultOf(context_, status_);
      result.duration = when - begun_;
      result.bytes_sent = sent_;
      if (status_.ok()) {
        result.response = BytesOfBuffer(response_);
        result.bytes_received = FramedBytes(result.response.size());
      }
      done_(std::move(result));
    }
    delete this;
  }

 private:
  grpc::GenericStub stub_;
  absl::AnyInvocable<void(GrpcResult)> done_;
  const MonoTime begun_;
  const int64_t sent_;
  Handle* handle_ = nullptr;  // null once it is abandoned
  grpc::ClientContext context_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader_;
};

}  // namespace

std::unique_ptr<GrpcCall> StartUnary(GrpcEngine& engine, const GrpcChannel& channel,
                                     const GrpcCallSpec& spec, const std::string& request,
                                     absl::AnyInvocable<void(GrpcResult)> done) {
  return std::make_unique<UnaryCall::Handle>(
      new UnaryCall(engine, channel, spec, request, std::move(done)));
}

}  // namespace lockstep::agent
