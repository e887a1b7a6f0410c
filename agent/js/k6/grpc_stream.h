// One stream of a script: its events in the script's turn, its samples.
#pragma once

#include <functional>
#include <string>

#include <v8.h>

#include "agent/js/k6/grpc.h"

namespace lockstep::agent {

// The next event is always announced, so that the iteration lasts as long as the stream.
class GrpcModule::Stream final : public GrpcStreamListener {
 public:
  Stream(GrpcModule& module, uint64_t number, v8::Isolate* isolate, GrpcRequest request,
         const GrpcClientState& client, v8::Local<v8::Function> emit);

  uint64_t client() const { return client_; }
  const GrpcRequest& request() const { return request_; }
  void Cancel() { stream_->Cancel(); }
  // False if the stream takes no more messages.
  bool Write(std::string message) { return stream_->Write(std::move(message)); }
  int64_t unsent_bytes() const { return stream_->unsent_bytes(); }
  void WritesDone() { stream_->WritesDone(); }

  void OnHeaders(const GrpcMetadata& headers) override;
  void OnMessage(std::string bytes) override;
  void OnSent() override;
  void OnEnd(GrpcResult result) override;

 private:
  using Task = std::function<void()>;
  // Lets `task` run in the script's turn, and announces the next.
  void Announce(Task task);
  // The functions return false with a pending exception.
  bool Emit(const char* event, v8::Local<v8::Value> value, v8::Local<v8::Value> more,
            bool* heard = nullptr);
  void EmitMessage(const std::string& json, double unix_milliseconds);
  // Destroys the stream.
  void EmitEnd(const GrpcResult& result);
  bool EmitResult(const GrpcResult& result);

  GrpcModule& module_;
  const uint64_t number_;
  v8::Isolate* const isolate_;
  const GrpcRequest request_;
  const uint64_t client_;
  v8::Global<v8::Function> emit_;
  absl::AnyInvocable<void(ApiVu::Task)> next_;
  std::unique_ptr<GrpcStream> stream_;
};

}  // namespace lockstep::agent
