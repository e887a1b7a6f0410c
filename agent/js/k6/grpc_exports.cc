// The exports of `k6/net/grpc`: functions that read their arguments and hand over to GrpcModule,
// and the constants.
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/grpc/builtin_protos.h"
#include "agent/http/unsent.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/grpc.h"
#include "agent/js/k6/grpc_stream.h"

namespace lockstep::agent {
namespace {

constexpr char kHealthCheck[] = "grpc.health.v1.Health/Check";

// What the message of a health check's response has as its status.
constexpr std::pair<const char*, const char*> kHealth[] = {
    {"HealthCheckUnknown", "UNKNOWN"},
    {"HealthCheckServing", "SERVING"},
    {"HealthCheckNotServing", "NOT_SERVING"},
    {"HealthCheckServiceUnknown", "SERVICE_UNKNOWN"},
    {"HealthCheckServiceUnkown", "SERVICE_UNKNOWN"}};  // as k6's types spell it

// The client that the first argument is the handle of.
GrpcClientState& ClientOf(const Info& info) {
  return *OwnedBy<GrpcClientState>(info[0].As<v8::Object>());
}

void MakeClient(const Info& info) {
  info.GetReturnValue().Set(BoundTo<GrpcModule>(info).NewClient(ContextOf(info)));
}

void LoadFiles(const Info& info) {
  Return(info, BoundTo<GrpcModule>(info).schemas().Load(ContextOf(info), ClientOf(info), info[1],
                                                        info[2].As<v8::Array>()));
}

void LoadProtosetFile(const Info& info) {
  Return(info, BoundTo<GrpcModule>(info).schemas().LoadProtoset(ContextOf(info), ClientOf(info),
                                                                info[1]));
}

void ConnectClient(const Info& info) {
  BoundTo<GrpcModule>(info).Connect(ContextOf(info), ClientOf(info), info[1], info[2]);
  info.GetReturnValue().Set(true);
}

void CloseClient(const Info& info) {
  BoundTo<GrpcModule>(info).Close(ClientOf(info));
}

// A unary call of (client, method, message, params).
absl::StatusOr<GrpcRequest> UnaryRequest(const Info& info) {
  GrpcModule& module = BoundTo<GrpcModule>(info);
  const Context context = ContextOf(info);
  const GrpcClientState& client = ClientOf(info);
  absl::StatusOr<GrpcRequest> request = module.Prepare(context, client, client.schemas, info[1],
                                                       info[3], GrpcModule::CallKind::kUnary);
  if (!request.ok()) {
    return request;
  }
  if (request->method->client_streams || request->method->server_streams) {
    return absl::FailedPreconditionError(absl::StrCat(
        "method \"", request->spec.path, "\" is a stream: use new grpc.Stream(client, method)"));
  }
  const absl::Status read = module.SetMessage(context, info[2], &*request);
  return read.ok() ? std::move(request) : read;
}

void InvokeMethod(const Info& info) {
  absl::StatusOr<GrpcRequest> request = UnaryRequest(info);
  if (!request.ok()) {
    ThrowErrorOf(info.GetIsolate(), request.status());
    return;
  }
  Return(info,
         BoundTo<GrpcModule>(info).Invoke(ContextOf(info), *std::move(request), ClientOf(info)));
}

void InvokeMethodAsync(const Info& info) {
  absl::StatusOr<GrpcRequest> request = UnaryRequest(info);
  if (!request.ok()) {
    ThrowErrorOf(info.GetIsolate(), request.status());
    return;
  }
  BoundTo<GrpcModule>(info).InvokeAsync(info, *std::move(request), ClientOf(info));
}

// (client, service, params)
void CheckHealth(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = ContextOf(info);
  GrpcModule& module = BoundTo<GrpcModule>(info);
  const v8::Local<v8::Object> message = v8::Object::New(isolate);
  if (!info[1]->IsNullOrUndefined()) {
    SetProperty(context, message, "service", info[1]);
  }
  absl::StatusOr<GrpcRequest> request =
      module.Prepare(context, ClientOf(info), {&BuiltinProtos()}, JsText(isolate, kHealthCheck),
                     info[2], GrpcModule::CallKind::kUnary);
  const absl::Status status =
      request.ok() ? module.SetMessage(context, message, &*request) : request.status();
  if (!status.ok()) {
    ThrowErrorOf(isolate, status);
    return;
  }
  Return(info, module.Invoke(context, *std::move(request), ClientOf(info)));
}

// (client, method, params, emit)
void OpenStreamOf(const Info& info) {
  GrpcModule& module = BoundTo<GrpcModule>(info);
  const GrpcClientState& client = ClientOf(info);
  absl::StatusOr<GrpcRequest> request = module.Prepare(
      ContextOf(info), client, client.schemas, info[1], info[2], GrpcModule::CallKind::kStream);
  if (!request.ok()) {
    ThrowErrorOf(info.GetIsolate(), request.status());
    return;
  }
  request->spec.one_message = !request->method->server_streams;
  request->spec.one_request = !request->method->client_streams;
  const uint64_t number =
      module.OpenStream(info.GetIsolate(), *std::move(request), client, info[3].As<v8::Function>());
  info.GetReturnValue().Set(static_cast<double>(number));
}

GrpcModule::Stream* StreamOf(const Info& info) {
  return BoundTo<GrpcModule>(info).streams().Find(info[0]);
}

void WriteToStream(const Info& info) {
  GrpcModule& module = BoundTo<GrpcModule>(info);
  GrpcModule::Stream* stream = StreamOf(info);
  if (stream != nullptr) {
    GrpcRequest request = stream->request();
    const absl::Status read = module.SetMessage(ContextOf(info), info[1], &request);
    if (!read.ok()) {
      ThrowErrorOf(info.GetIsolate(), read);
      return;
    }
    stream = StreamOf(info);  // toJSON() may have done anything
    if (stream != nullptr && !MayWait(stream->unsent_bytes(), request.message.size())) {
      ThrowError(
          info.GetIsolate(),
          absl::StrCat(
              "grpc: more than ", kMostUnsentBytes,
              " bytes of the stream would wait to be sent: the server has not taken them yet"));
      return;
    }
    if (stream != nullptr && stream->Write(std::move(request.message))) {
      return;
    }
  }
  WarnOfCall(
      module.vu(),
      "a message was written to a gRPC stream that is closed, or whose method takes one only: it is not sent");
}

void EndStream(const Info& info) {
  if (GrpcModule::Stream* stream = StreamOf(info)) {
    stream->WritesDone();
  }
}

}  // namespace

v8::Local<v8::Object> GrpcModule::MakeExports(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> native = NativeObject(context,
                                                    {{"newClient", MakeClient},
                                                     {"load", LoadFiles},
                                                     {"loadProtoset", LoadProtosetFile},
                                                     {"connect", ConnectClient},
                                                     {"close", CloseClient},
                                                     {"invoke", InvokeMethod},
                                                     {"asyncInvoke", InvokeMethodAsync},
                                                     {"healthCheck", CheckHealth},
                                                     {"openStream", OpenStreamOf},
                                                     {"write", WriteToStream},
                                                     {"end", EndStream}},
                                                    v8::External::New(isolate, this));
  AddPart(context, native, "bindMethods", "k6/bound_methods.js");
  const v8::Local<v8::Object> exports = ExportsOf(context, "k6/grpc.js", native);
  int number = 0;
  for (const char* name : kGrpcStatusNames) {
    SetProperty(context, exports, absl::StrCat("Status", name), number++);
  }
  for (const auto& [name, value] : kHealth) {
    SetProperty(context, exports, name, value);
  }
  return exports;
}

}  // namespace lockstep::agent
