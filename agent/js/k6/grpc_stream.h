// One stream of a script: its events in the script's turn, its samples.
#pragma once

#include <string>

#include <v8.h>

#include "agent/js/k6/grpc.h"
#include "agent/js/k6/script_events.h"

namespace lockstep::agent {

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
  void EmitMessage(const std::string& json, double unix_milliseconds);
  // What the script's functions do not take to its end is left out: an exception ends the
  // iteration.
  void EmitEnd(const GrpcResult& result);

  GrpcModule& module_;
  const uint64_t number_;
  const GrpcRequest request_;
  const uint64_t client_;
  ScriptEvents events_;
  std::unique_ptr<GrpcStream> stream_;
};

}  // namespace lockstep::agent
