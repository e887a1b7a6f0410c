// A unary call in two batches of gRPC's core: what is sent with the status, and what comes before
// that. The C++ library has one for all of it, which does not end if there is a second message, and
// does not say whether there was a first.
#include <atomic>
#include <cstring>
#include <iterator>
#include <utility>

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/slice.h>
#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include "agent/grpc/call_parts.h"
#include "agent/grpc/engine.h"
#include "common/base/check.h"

namespace lockstep::agent {
namespace {

// Servers send numbers that the enumeration does not have, and the library stores them there as
// they are.
int NumberOf(const grpc_status_code& status) {
  static_assert(sizeof(int) == sizeof(status));
  int number = 0;
  std::memcpy(&number, &status, sizeof(number));
  return number;
}

// Where a server puts a google.rpc.Status.
constexpr char kDetails[] = "grpc-status-details-bin";

grpc_slice SliceOf(const std::string& bytes) {
  return grpc_slice_from_copied_buffer(bytes.data(), bytes.size());
}

// What is sent and what comes, in memory that gRPC's core works on.
struct UnaryParts {
  UnaryParts(const GrpcMetadata& metadata, const std::string& message) {
    for (const auto& [name, value] : metadata) {
      grpc_metadata& entry = sent_metadata.emplace_back();
      entry.key = SliceOf(name);
      entry.value = SliceOf(value);
    }
    grpc_slice slice = SliceOf(message);
    request = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    grpc_metadata_array_init(&headers);
    grpc_metadata_array_init(&trailers);
  }
  ~UnaryParts() {
    for (const grpc_metadata& entry : sent_metadata) {
      grpc_slice_unref(entry.key);
      grpc_slice_unref(entry.value);
    }
    for (grpc_byte_buffer* const buffer : {request, answer, surplus}) {
      if (buffer != nullptr) {
        grpc_byte_buffer_destroy(buffer);
      }
    }
    grpc_metadata_array_destroy(&headers);
    grpc_metadata_array_destroy(&trailers);
    grpc_slice_unref(text);
  }
  UnaryParts(const UnaryParts&) = delete;
  UnaryParts& operator=(const UnaryParts&) = delete;

  std::vector<grpc_metadata> sent_metadata;
  grpc_byte_buffer* request;
  grpc_metadata_array headers, trailers;
  grpc_byte_buffer *answer = nullptr, *surplus = nullptr;  // null: none has come
  grpc_status_code status = GRPC_STATUS_UNKNOWN;
  grpc_slice text = grpc_empty_slice();
};

// Lives until gRPC is done with it, which may be after its handle has gone.
class UnaryCall final {
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
        call_->cancelled_ = true;
        call_->context_.TryCancel();
      }
    }

   private:
    friend class UnaryCall;
    UnaryCall* call_;  // null once it is over
  };

  UnaryCall(GrpcEngine& engine, const GrpcChannel& channel, const GrpcCallSpec& spec,
            const std::string& request, absl::AnyInvocable<void(GrpcResult)> done)
      : engine_(engine),
        stub_(channel.get()),
        done_(std::move(done)),
        begun_(engine.loop().clock().Mono()),
        sent_(FramedBytes(request.size())),
        parts_(spec.metadata, request) {
    Prepare({.path = spec.path, .timeout = spec.timeout}, context_);
    grpc::CompletionQueue* const queue = engine.Expect();
    stream_ = stub_.PrepareCall(&context_, spec.path, queue);
    SendAndAwaitStatus();
    engine.Expect();
    AwaitMessage();
  }

 private:
  friend class Handle;

  // A batch that gRPC's core has, or has had.
  struct Part final : GrpcEvent, grpc::internal::CompletionQueueTag {
    Part(UnaryCall& owner, void (UnaryCall::*then)(MonoTime)) : call(owner), happened(then) {}
    bool FinalizeResult(void** tag, bool*) override {  // on gRPC's thread
      has_come.store(true, std::memory_order_release);
      *tag = static_cast<GrpcEvent*>(this);
      return true;
    }
    void Happened(bool, MonoTime when) override {
      under_way = false;
      (call.*happened)(when);
    }
    UnaryCall& call;
    void (UnaryCall::*happened)(MonoTime);
    bool under_way = false;
    std::atomic<bool> has_come = false;  // even if it has not been told yet
  };

  void Start(Part& part, const grpc_op* ops, size_t count) {
    part.under_way = true;
    void* const tag = static_cast<grpc::internal::CompletionQueueTag*>(&part);
    const grpc_call_error error =
        grpc_call_start_batch(context_.c_call(), ops, count, tag, nullptr);
    LOCKSTEP_CHECK(error == GRPC_CALL_OK);
  }
  void SendAndAwaitStatus() {
    grpc_op ops[4] = {};
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[0].data.send_initial_metadata.count = parts_.sent_metadata.size();
    ops[0].data.send_initial_metadata.metadata = parts_.sent_metadata.data();
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = parts_.request;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    ops[3].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    ops[3].data.recv_status_on_client = {.trailing_metadata = &parts_.trailers,
                                         .status = &parts_.status,
                                         .status_details = &parts_.text,
                                         .error_string = nullptr};
    Start(status_, ops, std::size(ops));
  }
  void AwaitMessage() {
    grpc_op ops[2] = {};
    ops[0].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[0].data.recv_initial_metadata.recv_initial_metadata = &parts_.headers;
    ops[1].op = GRPC_OP_RECV_MESSAGE;
    ops[1].data.recv_message.recv_message = &parts_.answer;
    Start(message_, ops, std::size(ops));
  }

  void HasStatus(MonoTime when) {
    ended_ = when;
    EndIfOver();
  }
  void HasMessage(MonoTime) {
    if (parts_.answer != nullptr && IsStillCompressed(context_)) {
      failure_ = kStillCompressed;
    }
    if (parts_.answer != nullptr && !status_.has_come.load(std::memory_order_acquire)) {
      // There is no status before all messages have been taken, so there may be another. Mostly it
      // has come with the message.
      engine_.Expect();
      grpc_op op = {};
      op.op = GRPC_OP_RECV_MESSAGE;
      op.data.recv_message.recv_message = &parts_.surplus;
      Start(surplus_, &op, 1);
    }
    EndIfOver();
  }
  void HasSurplus(MonoTime) {
    if (parts_.surplus != nullptr) {
      failure_ = kMoreThanOneMessage;
      context_.TryCancel();  // there may be even more
    }
    EndIfOver();
  }

  void EndIfOver() {
    if (status_.under_way || message_.under_way || surplus_.under_way) {
      return;
    }
    if (handle_ != nullptr) {
      handle_->call_ = nullptr;
      done_(Result());
    }
    delete this;
  }
  GrpcResult Result() {
    GrpcResult result = ResultOf(NumberOf(parts_.status), BytesOfSlice(parts_.text));
    result.headers = MetadataOf(parts_.headers);
    result.trailers = MetadataOf(parts_.trailers);
    for (const auto& [name, value] : result.trailers) {
      if (name == kDetails) {
        result.details = value;
      }
    }
    result.duration = ended_ - begun_;
    result.bytes_sent = sent_;
    result.cancelled = cancelled_;
    if (result.status == GRPC_STATUS_OK && parts_.answer == nullptr && failure_.empty()) {
      failure_ = kNoWholeMessage;
    }
    if (!failure_.empty()) {
      FailWith(failure_, &result);
    } else if (result.status == GRPC_STATUS_OK) {
      result.response = BytesOfBuffer(*parts_.answer);
      result.bytes_received = FramedBytes(result.response.size());
    }
    return result;
  }

  GrpcEngine& engine_;
  grpc::GenericStub stub_;
  absl::AnyInvocable<void(GrpcResult)> done_;
  const MonoTime begun_;
  const int64_t sent_;
  UnaryParts parts_;
  Handle* handle_ = nullptr;  // null once it is abandoned
  Part status_{*this, &UnaryCall::HasStatus}, message_{*this, &UnaryCall::HasMessage},
      surplus_{*this, &UnaryCall::HasSurplus};
  MonoTime ended_;
  bool cancelled_ = false;  // by us
  std::string failure_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;  // only holds the call
};

}  // namespace

std::unique_ptr<GrpcCall> StartUnary(GrpcEngine& engine, const GrpcChannel& channel,
                                     const GrpcCallSpec& spec, const std::string& request,
                                     absl::AnyInvocable<void(GrpcResult)> done) {
  return std::make_unique<UnaryCall::Handle>(
      new UnaryCall(engine, channel, spec, request, std::move(done)));
}

}  // namespace lockstep::agent
