#include "agent/js/k6/grpc.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/grpc/engine.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/grpc_stream.h"
#include "agent/js/k6/grpc_values.h"
#include "agent/js/k6/pending_promises.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

// Roughly what a connection holds outside of V8, so that clients which a script forgets are
// collected in time.
constexpr size_t kClientBytes = size_t{64} << 10;

constexpr absl::Duration kCallTimeout = absl::Seconds(60);  // of a unary one
constexpr char kNotConnected[] = "no gRPC connection, you must call connect first";

// Whether a call can be made now: reading its arguments runs the script's code, which may have
// closed the client. Otherwise an exception is pending.
bool IsConnected(v8::Isolate* isolate, const GrpcClientState& client) {
  if (client.channel == nullptr) {
    ThrowError(isolate, kNotConnected);
  }
  return client.channel != nullptr;
}

}  // namespace

GrpcModule::GrpcModule(ApiVu& vu, SchemaStore& schemas, ScriptFiles files)
    : vu_(vu), schemas_(vu, schemas, std::move(files)) {}
GrpcModule::~GrpcModule() = default;

void GrpcModule::EndIteration() {
  calls_.Clear();
  streams_.Clear();
}

v8::Local<v8::Object> GrpcModule::NewClient(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  if (handles_.IsEmpty()) {
    const v8::Local<v8::ObjectTemplate> made = v8::ObjectTemplate::New(isolate);
    made->SetInternalFieldCount(2);
    handles_.Reset(isolate, made);
  }
  auto client = std::make_unique<GrpcClientState>();
  client->id = ++last_client_;
  const v8::Local<v8::Object> handle = handles_.Get(isolate)->NewInstance(context).ToLocalChecked();
  AttachOwned(isolate, handle, std::move(client), kClientBytes);
  return handle;
}

// ---- connections ----

void GrpcModule::Connect(Context context, GrpcClientState& client, v8::Local<v8::Value> address,
                         v8::Local<v8::Value> params) {
  v8::Isolate* isolate = context->GetIsolate();
  if (RefusedInInit(vu_, isolate, "connecting to a gRPC server")) {
    return;
  }
  GrpcConnectParams wanted;
  if (!address->IsString()) {
    ThrowTypeError(isolate, "client.connect(): the address, \"host:port\", must be a string");
    return;
  }
  wanted.spec.address = TextOf(isolate, address.As<v8::String>());
  wanted.spec.user_agent = vu_.options().user_agent;
  absl::Status status = ReadConnectParams(context, params, &wanted);
  if (status.ok()) {
    Close(client);
    std::unique_ptr<GrpcWork> work;
    auto channel = ParkFor<absl::StatusOr<std::shared_ptr<GrpcChannel>>>(
        vu_, [&](auto done) { work = StartConnect(vu_.grpc(), wanted.spec, std::move(done)); });
    status = channel ? channel->status() : absl::CancelledError();
    if (status.ok()) {
      client.channel = **std::move(channel);
      client.address = wanted.spec.address;
      status = wanted.reflect ? schemas_.Reflect(wanted, client) : absl::OkStatus();
    }
    CountGrpcConnectFailure(vu_, wanted.spec.address, status);
  }
  if (!status.ok()) {
    ThrowErrorOf(isolate, status);
  }
}

void GrpcModule::Close(GrpcClientState& client) {
  client.channel.reset();
  for (const auto& [number, call] : calls_.all()) {
    if (call->client == client.id) {
      call->call->Cancel();
    }
  }
  for (const auto& [number, stream] : streams_.all()) {
    if (stream->client() == client.id) {
      stream->Cancel();
    }
  }
}

// ---- calls ----

absl::StatusOr<GrpcRequest> GrpcModule::Prepare(Context context, const GrpcClientState& client,
                                                const std::vector<const ProtoSchema*>& schemas,
                                                v8::Local<v8::Value> method,
                                                v8::Local<v8::Value> params, CallKind kind) {
  if (vu_.in_init()) {
    return absl::FailedPreconditionError(
        "invoking RPC methods in the init context is not supported");
  }
  if (client.channel == nullptr) {
    return absl::FailedPreconditionError(kNotConnected);
  }
  const std::string name = TextIfString(context->GetIsolate(), method);
  if (name.empty()) {
    return absl::FailedPreconditionError("method to invoke cannot be empty");
  }
  GrpcRequest request;
  request.spec.path = MethodPath(name);
  LOCKSTEP_ASSIGN_OR_RETURN(request.method, FindMethod(schemas, request.spec.path));
  GrpcCallParams read;
  const bool stream = kind == CallKind::kStream;
  read.timeout = stream ? absl::InfiniteDuration() : kCallTimeout;
  if (absl::Status status = ReadCallParams(context, vu_, params, &read); !status.ok()) {
    return absl::IsCancelled(status)
               ? status
               : absl::FailedPreconditionError(
                     absl::StrCat("invalid GRPC", stream ? " Stream's" : "'s client.invoke()",
                                  " parameters: ", status.message()));
  }
  request.spec.metadata = std::move(read.metadata);
  request.spec.timeout = read.timeout;
  request.discard_message = read.discard_message;
  request.tags = read.tags;
  TagGrpcCall(vu_, client.address, &request);
  return request;
}

absl::Status GrpcModule::SetMessage(Context context, v8::Local<v8::Value> message,
                                    GrpcRequest* request) {
  v8::Local<v8::String> json;
  if (message->IsNullOrUndefined()) {
    return absl::FailedPreconditionError("request cannot be nil");
  }
  if (!v8::JSON::Stringify(context, message).ToLocal(&json)) {
    return absl::CancelledError();
  }
  const GrpcMethod& method = *request->method;
  absl::StatusOr<std::string> bytes =
      method.schema->Encode(*method.input, TextOf(context->GetIsolate(), json));
  if (!bytes.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "unable to serialise request object to protocol buffer: ", bytes.status().message()));
  }
  request->message = *std::move(bytes);
  return absl::OkStatus();
}

v8::MaybeLocal<v8::Value> GrpcModule::Invoke(Context context, GrpcRequest request,
                                             const GrpcClientState& client) {
  if (!IsConnected(context->GetIsolate(), client)) {
    return {};
  }
  std::unique_ptr<GrpcCall> call;
  std::optional<GrpcResult> result = ParkFor<GrpcResult>(vu_, [&](auto done) {
    call = StartUnary(vu_.grpc(), *client.channel, request.spec, request.message, std::move(done));
  });
  if (!result) {
    return {};
  }
  const GrpcAnswer answer = ReadGrpcAnswer(request, *std::move(result));
  MeasureGrpcCall(vu_, request, answer.result);
  return GrpcResponseValue(context, request, answer);
}

void GrpcModule::InvokeAsync(const Info& info, GrpcRequest request, const GrpcClientState& client) {
  if (!IsConnected(info.GetIsolate(), client)) {
    return;
  }
  const auto settle = vu_.promises().Begin(info);
  if (!settle) {
    return;
  }
  const uint64_t number = calls_.NextNumber();
  auto made = std::make_unique<AsyncCall>(AsyncCall{client.id, std::move(request)});
  AsyncCall& call = *made;
  calls_.Add(number, std::move(made));
  call.call = StartUnary(
      vu_.grpc(), *client.channel, call.request.spec, call.request.message,
      [this, number, settle = *settle, &call](GrpcResult result) {
        GrpcAnswer answer = ReadGrpcAnswer(call.request, std::move(result));
        MeasureGrpcCall(vu_, call.request, answer.result);
        settle(ResolveWith([this, number, &call, answer = std::move(answer)](Context context) {
          const v8::MaybeLocal<v8::Value> response =
              GrpcResponseValue(context, call.request, answer);
          calls_.Forget(number);
          return response;
        }));
      });
}

uint64_t GrpcModule::OpenStream(v8::Isolate* isolate, GrpcRequest request,
                                const GrpcClientState& client, v8::Local<v8::Function> emit) {
  if (!IsConnected(isolate, client)) {
    return 0;
  }
  const uint64_t number = streams_.NextNumber();
  streams_.Add(number,
               std::make_unique<Stream>(*this, number, isolate, std::move(request), client, emit));
  return number;
}

}  // namespace lockstep::agent
