// A call that streams in one direction or in both.
#include <deque>
#include <utility>

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include "agent/grpc/call_parts.h"
#include "agent/grpc/engine.h"

namespace lockstep::agent {
namespace {

// Lives until gRPC is done with all of its parts, which may be after its handle has gone.
class StreamCall final {
 public:
  class Handle final : public GrpcStream {
   public:
    explicit Handle(StreamCall* call) : call_(call) { call_->handle_ = this; }
    ~Handle() override {
      if (call_ != nullptr) {
        call_->Abandon();
      }
    }
    void Cancel() override {
      if (call_ != nullptr) {
        call_->cancelled_ = true;
        call_->context_.TryCancel();
      }
    }
    bool Write(std::string message) override {
      return call_ != nullptr && call_->Write(std::move(message));
    }
    int64_t unsent_bytes() const override { return call_ != nullptr ? call_->unsent_bytes_ : 0; }
    void WritesDone() override {
      if (call_ != nullptr) {
        call_->WritesDone();
      }
    }
    void Taken() override {
      if (call_ != nullptr) {
        call_->Taken();
      }
    }
    void Fail(std::string why) override {
      if (call_ != nullptr) {
        call_->Fail(std::move(why));
      }
    }

   private:
    friend class StreamCall;
    StreamCall* call_;  // null once it is over
  };

  StreamCall(GrpcEngine& engine, const GrpcChannel& channel, const GrpcCallSpec& spec,
             GrpcStreamListener& listener)
      : engine_(engine),
        stub_(channel.get()),
        listener_(listener),
        one_message_(spec.one_message),
        one_request_(spec.one_request),
        begun_(engine.loop().clock().Mono()) {
    Prepare(spec, context_);
    stream_ = stub_.PrepareCall(&context_, spec.path, QueueFor(start_));
    stream_->StartCall(Tag(start_));
  }

 private:
  friend class Handle;

  // One kind of operation, of which gRPC has at most one at a time.
  struct Part final : GrpcEvent {
    Part(StreamCall& owner, void (StreamCall::*then)(bool, MonoTime))
        : call(owner), happened(then) {}
    void Happened(bool ok, MonoTime when) override {
      (call.*happened)(ok, when);
      --call.under_way_;  // only now, so that the call outlives whatever its listener does
      call.DeleteIfOver();
    }
    StreamCall& call;
    void (StreamCall::*happened)(bool, MonoTime);
  };
  // How many messages may wait for the script.
  static constexpr int kAhead = 16;

  // For the operation of `part`.
  grpc::CompletionQueue* QueueFor(Part&) {
    ++under_way_;
    return engine_.Expect();
  }
  static void* Tag(Part& part) { return static_cast<GrpcEvent*>(&part); }

  void Started(bool ok, MonoTime) {
    started_ = ok;
    if (ok) {
      Read();
      WriteNext();
    } else {
      Finish();
    }
  }
  void Read() {
    const bool wanted = untaken_ < kAhead || !failure_.empty();
    if (started_ && !reading_ && !finishing_ && wanted && handle_ != nullptr) {
      reading_ = true;
      QueueFor(read_);
      stream_->Read(&incoming_, Tag(read_));
    }
  }
  void HasRead(bool ok, MonoTime) {
    reading_ = false;
    if (!ok) {
      Finish();
      return;
    }
    if (handle_ != nullptr && !std::exchange(headers_told_, true)) {
      listener_.OnHeaders(HeadersOf(context_));
    }
    if (IsStillCompressed(context_)) {
      Fail(kStillCompressed);
    } else if (std::exchange(has_message_, true) && one_message_) {
      Fail(kMoreThanOneMessage);
    }
    if (handle_ != nullptr && failure_.empty()) {
      std::string message = BytesOfBuffer(incoming_);
      received_ += FramedBytes(message.size());
      ++untaken_;
      listener_.OnMessage(std::move(message));
    }
    Read();
  }
  // Its end comes with the cancellation; what comes until then is nobody's.
  void Fail(std::string why) {
    if (failure_.empty()) {
      failure_ = std::move(why);
      context_.TryCancel();
    }
  }
  void Taken() {
    --untaken_;
    Read();
  }

  bool Write(std::string message) {
    if (finishing_ || broken_ || no_more_) {
      return false;
    }
    unsent_bytes_ += static_cast<int64_t>(message.size());
    outgoing_.push_back(std::move(message));
    no_more_ = one_request_;
    WriteNext();
    return true;
  }
  void WritesDone() {
    no_more_ = true;
    WriteNext();
  }
  void WriteNext() {
    if (!started_ || writing_ || finishing_ || broken_ || handle_ == nullptr) {
      return;
    }
    if (!outgoing_.empty()) {
      writing_ = true;
      QueueFor(write_);
      stream_->Write(BufferOf(outgoing_.front()), Tag(write_));
    } else if (no_more_ && !std::exchange(end_sent_, true)) {
      writing_ = true;
      QueueFor(write_end_);
      stream_->WritesDone(Tag(write_end_));
    }
  }
  void Wrote(bool ok, MonoTime) {
    writing_ = false;
    if (!ok) {  // reading ends, too, and then says why
      broken_ = true;
      outgoing_.clear();
      unsent_bytes_ = 0;
      return;
    }
    sent_ += FramedBytes(outgoing_.front().size());
    unsent_bytes_ -= static_cast<int64_t>(outgoing_.front().size());
    outgoing_.pop_front();
    if (handle_ != nullptr) {
      listener_.OnSent();
    }
    WriteNext();
  }
  void WroteEnd(bool, MonoTime) { writing_ = false; }

  void Finish() {
    if (handle_ != nullptr && !std::exchange(finishing_, true)) {
      QueueFor(finish_);
      stream_->Finish(&status_, Tag(finish_));
    }
  }
  void Finished(bool, MonoTime when) {
    if (handle_ == nullptr) {
      return;
    }
    handle_->call_ = nullptr;
    handle_ = nullptr;
    GrpcResult result = ResultOf(context_, status_);
    result.duration = when - begun_;
    result.bytes_sent = sent_;
    result.bytes_received = received_;
    result.cancelled = cancelled_;
    if (result.status == GRPC_STATUS_OK && one_message_ && !has_message_) {
      failure_ = kNoWholeMessage;
    } else if (result.error == kNoTrailersOfWhom && has_message_ && failure_.empty()) {
      failure_ = kNoTrailers;
    }
    if (!failure_.empty()) {
      FailWith(failure_, &result);
    }
    listener_.OnEnd(std::move(result));
  }

  void Abandon() {
    handle_ = nullptr;
    context_.TryCancel();
    DeleteIfOver();
  }
  // gRPC needs no Finish of a call that nobody asks about.
  void DeleteIfOver() {
    if (under_way_ == 0 && handle_ == nullptr) {
      delete this;
    }
  }

  GrpcEngine& engine_;
  grpc::GenericStub stub_;
  GrpcStreamListener& listener_;
  const bool one_message_, one_request_;
  const MonoTime begun_;
  Handle* handle_ = nullptr;  // null once it is over or abandoned
  Part start_{*this, &StreamCall::Started}, read_{*this, &StreamCall::HasRead},
      write_{*this, &StreamCall::Wrote}, write_end_{*this, &StreamCall::WroteEnd},
      finish_{*this, &StreamCall::Finished};
  int under_way_ = 0;  // parts that gRPC has
  int untaken_ = 0;
  bool started_ = false, reading_ = false, writing_ = false, finishing_ = false;
  bool headers_told_ = false, no_more_ = false, end_sent_ = false, broken_ = false;
  bool has_message_ = false, cancelled_ = false;
  std::string failure_;  // "": none yet
  std::deque<std::string> outgoing_;
  int64_t unsent_bytes_ = 0;
  int64_t sent_ = 0, received_ = 0;
  grpc::ClientContext context_;
  grpc::ByteBuffer incoming_;
  grpc::Status status_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

}  // namespace

std::unique_ptr<GrpcStream> OpenStream(GrpcEngine& engine, const GrpcChannel& channel,
                                       const GrpcCallSpec& spec, GrpcStreamListener& listener) {
  return std::make_unique<StreamCall::Handle>(new StreamCall(engine, channel, spec, listener));
}

}  // namespace lockstep::agent
