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
      isolate_(isolate),
      request_(std::move(request)),
      client_(client.id),
      emit_(isolate, emit),
      next_(module.vu().Expect()),
      stream_(
          lockstep::agent::OpenStream(module.vu().grpc(), *client.channel, request_.spec, *this)) {
  CountGrpc(module_.vu(), request_, builtin::kGrpcStreams);
}

void GrpcModule::Stream::Announce(Task task) {
  auto announced = std::exchange(next_, module_.vu().Expect());
  announced(std::move(task));
}

bool GrpcModule::Stream::Emit(const char* event, v8::Local<v8::Value> value,
                              v8::Local<v8::Value> more, bool* heard) {
  v8::Local<v8::Value> arguments[] = {JsText(isolate_, event), value, more};
  v8::Local<v8::Value> result;
  if (!emit_.Get(isolate_)
           ->Call(isolate_->GetCurrentContext(), v8::Undefined(isolate_), 3, arguments)
           .ToLocal(&result)) {
    return false;
  }
  if (heard != nullptr) {
    *heard = result->IsTrue();
  }
  return true;
}

void GrpcModule::Stream::OnHeaders(const GrpcMetadata& headers) {
  Announce([this, headers] {
    Emit("metadata", GrpcMetadataValue(isolate_->GetCurrentContext(), headers),
         v8::Undefined(isolate_));
  });
}

void GrpcModule::Stream::OnMessage(std::string bytes) {
  absl::StatusOr<std::string> json = ReadGrpcMessage(request_, bytes);
  if (!json.ok()) {
    stream_->Fail(std::string(json.status().message()));
    return;
  }
  CountGrpc(module_.vu(), request_, builtin::kGrpcStreamsMsgsReceived);
  const double now = static_cast<double>(absl::ToUnixMillis(module_.vu().loop().clock().Wall()));
  Announce([this, now, json = *std::move(json)] { EmitMessage(json, now); });
}

void GrpcModule::Stream::EmitMessage(const std::string& json, double unix_milliseconds) {
  const Context context = isolate_->GetCurrentContext();
  stream_->Taken();
  v8::Local<v8::Value> message;
  if (!GrpcMessageValue(context, json).ToLocal(&message)) {
    return;
  }
  const v8::Local<v8::Object> facts = v8::Object::New(isolate_);
  SetProperty(context, facts, "ts", v8::Number::New(isolate_, unix_milliseconds));
  Emit("data", message, facts);
}

void GrpcModule::Stream::OnSent() {
  CountGrpc(module_.vu(), request_, builtin::kGrpcStreamsMsgsSent);
}

void GrpcModule::Stream::OnEnd(GrpcResult result) {
  MeasureGrpcCall(module_.vu(), request_, result);
  std::exchange(next_, nullptr)([this, result = std::move(result)] { EmitEnd(result); });
}

void GrpcModule::Stream::EmitEnd(const GrpcResult& result) {
  GrpcModule& module = module_;
  const uint64_t number = number_;
  EmitResult(result);
  module.streams().Forget(number);
}

bool GrpcModule::Stream::EmitResult(const GrpcResult& result) {
  const Context context = isolate_->GetCurrentContext();
  const v8::Local<v8::Value> nothing = v8::Undefined(isolate_);
  const v8::Local<v8::Value> status = GrpcErrorValue(context, request_, result);
  if (result.status != 0) {
    bool heard = false;
    if (!Emit("error", status, nothing, &heard)) {
      return false;
    }
    if (!heard) {
      module_.vu().logger().Warn(absl::StrCat(
          "a gRPC stream of ", request_.method->path, " ended with status ", result.status, ": ",
          result.error, "; no handler of its errors is set (stream.on('error', ...))"));
    }
  }
  return Emit("status", status, nothing) && Emit("end", nothing, nothing);
}

}  // namespace lockstep::agent
