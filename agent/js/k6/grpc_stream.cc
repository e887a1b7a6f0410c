#include "agent/js/k6/grpc_stream.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/grpc_values.h"

namespace lockstep::agent {

GrpcModule::Stream::Stream(GrpcModule& module, uint64_t number, v8::Isolate* isolate,
                           GrpcRequest request, const GrpcClientState& client,
                           v8::Local<v8::Function> emit)
    : module_(module),
      number_(number),
      request_(std::move(request)),
      client_(client.id),
      events_(module.vu(), isolate, emit),
      stream_(
          lockstep::agent::OpenStream(module.vu().grpc(), *client.channel, request_.spec, *this)) {
  CountGrpc(module_.vu(), request_, builtin::kGrpcStreams);
}

void GrpcModule::Stream::OnHeaders(const GrpcMetadata& headers) {
  events_.Announce(
      [this, headers] { events_.Emit("metadata", GrpcMetadataValue(events_.context(), headers)); });
}

void GrpcModule::Stream::OnMessage(std::string bytes) {
  absl::StatusOr<std::string> json = ReadGrpcMessage(request_, bytes);
  if (!json.ok()) {
    stream_->Fail(std::string(json.status().message()));
    return;
  }
  CountGrpc(module_.vu(), request_, builtin::kGrpcStreamsMsgsReceived);
  const double now = static_cast<double>(absl::ToUnixMillis(module_.vu().loop().clock().Wall()));
  events_.Announce([this, now, json = *std::move(json)] { EmitMessage(json, now); });
}

void GrpcModule::Stream::EmitMessage(const std::string& json, double unix_milliseconds) {
  const Context context = events_.context();
  stream_->Taken();
  v8::Local<v8::Value> message;
  if (!GrpcMessageValue(context, json).ToLocal(&message)) {
    return;
  }
  const v8::Local<v8::Object> facts = v8::Object::New(context->GetIsolate());
  SetProperty(context, facts, "ts", unix_milliseconds);
  events_.Emit("data", message, facts);
}

void GrpcModule::Stream::OnSent() {
  CountGrpc(module_.vu(), request_, builtin::kGrpcStreamsMsgsSent);
}

void GrpcModule::Stream::OnEnd(GrpcResult result) {
  MeasureGrpcCall(module_.vu(), request_, result);
  events_.Last([this, result = std::move(result)] {
    GrpcModule& module = module_;
    const uint64_t number = number_;
    EmitEnd(result);
    module.streams().Forget(number);  // with this task
  });
}

void GrpcModule::Stream::EmitEnd(const GrpcResult& result) {
  const v8::Local<v8::Value> status = GrpcErrorValue(events_.context(), request_, result);
  if (result.status != 0) {
    v8::Local<v8::Value> heard;
    if (!events_.Emit("error", status).ToLocal(&heard)) {
      return;
    }
    if (!heard->IsTrue()) {
      module_.vu().logger().Warn(absl::StrCat(
          "a gRPC stream of ", request_.method->path, " ended with status ", result.status, ": ",
          result.error, "; no handler of its errors is set (stream.on('error', ...))"));
    }
  }
  if (!events_.Emit("status", status).IsEmpty()) {
    events_.Emit("end");
  }
}

}  // namespace lockstep::agent
