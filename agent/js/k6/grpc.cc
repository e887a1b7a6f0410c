#include "agent/js/k6/grpc.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "agent/grpc/engine.h"
#include "agent/grpc/proto_compiler.h"
#include "agent/grpc/reflection.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/grpc_stream.h"
#include "agent/js/k6/grpc_values.h"
#include "common/base/content_hash.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

using Context = v8::Local<v8::Context>;

// Roughly what a connection holds outside of V8, so that clients which a script forgets are collected in time.
constexpr size_t kClientBytes = size_t{64} << 10;

v8::Local<v8::Value> MethodInfoOf(Context context, const GrpcMethod& method) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> info = v8::Object::New(isolate);
  SetProperty(context, info, "package", JsText(isolate, method.package));
  SetProperty(context, info, "service",
              JsText(isolate, absl::string_view(method.service)
                                  .substr(method.package.empty() ? 0 : method.package.size() + 1)));
  SetProperty(context, info, "full_method", JsText(isolate, method.path));
  return info;
}

}  // namespace

// A promise that waits for its answer.
struct GrpcModule::AsyncCall {
  uint64_t client = 0;
  GrpcRequest request;
  v8::Global<v8::Promise::Resolver> resolver;
  absl::AnyInvocable<void(ApiVu::Task)> announce;
  GrpcResult result;
  std::unique_ptr<GrpcCall> call;
};

GrpcModule::GrpcModule(ApiVu& vu, SchemaStore& schemas, ScriptFiles files)
    : vu_(vu), schemas_(schemas), files_(std::move(files)) {}
GrpcModule::~GrpcModule() = default;

void GrpcModule::EndIteration() {
  calls_.clear();
  streams_.clear();
}

v8::Local<v8::Object> GrpcModule::NewClient(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  if (handles_.IsEmpty()) {
    const v8::Local<v8::ObjectTemplate> made = v8::ObjectTemplate::New(isolate);
    made->SetInternalFieldCount(2);
    handles_.Reset(isolate, made);
  }
  auto client = std::make_unique<GrpcClientState>();
  client->id = ++last_number_;
  const v8::Local<v8::Object> handle = handles_.Get(isolate)->NewInstance(context).ToLocalChecked();
  AttachOwned(isolate, handle, std::move(client), kClientBytes);
  return handle;
}

// ---- schemas ----

v8::MaybeLocal<v8::Value> GrpcModule::AddSchema(
    Context context, GrpcClientState& client, const std::string& key,
    absl::FunctionRef<absl::StatusOr<std::unique_ptr<const ProtoSchema>>()> make) {
  v8::Isolate* isolate = context->GetIsolate();
  const ProtoSchema* schema = schemas_.FindOrClaim(key);
  if (schema == nullptr) {
    absl::StatusOr<std::unique_ptr<const ProtoSchema>> made = make();
    if (!made.ok()) {
      schemas_.GiveUp(key);
      if (!absl::IsCancelled(made.status())) {
        ThrowError(isolate, made.status().message());
      }
      return {};
    }
    schema = schemas_.Keep(key, *std::move(made));
  }
  client.schemas.push_back(schema);
  std::vector<v8::Local<v8::Value>> methods;
  for (const GrpcMethod& method : schema->methods()) {
    methods.push_back(MethodInfoOf(context, method));
  }
  return v8::Array::New(isolate, methods.data(), methods.size());
}

namespace {

// The strings of an array; nothing for null and undefined.
absl::StatusOr<std::vector<std::string>> StringsOf(Context context, absl::string_view what,
                                                   v8::Local<v8::Value> value) {
  std::vector<std::string> strings;
  if (value->IsNullOrUndefined()) {
    return strings;
  }
  absl::Status wrong =
      absl::InvalidArgumentError(absl::StrCat("client.load(): ", what, " must be strings"));
  if (!value->IsArray()) {
    return wrong;
  }
  LOCKSTEP_RETURN_IF_ERROR(ForEachOwnOrStatus(
      context, value.As<v8::Object>(), [&](const std::string&, v8::Local<v8::Value> element) {
        if (!element->IsString()) {
          return wrong;
        }
        strings.push_back(TextOf(context->GetIsolate(), element.As<v8::String>()));
        return absl::OkStatus();
      }));
  return strings;
}

}  // namespace

v8::MaybeLocal<v8::Value> GrpcModule::Load(Context context, GrpcClientState& client,
                                           v8::Local<v8::Value> import_paths,
                                           v8::Local<v8::Array> names) {
  v8::Isolate* isolate = context->GetIsolate();
  if (!vu_.in_init()) {
    ThrowError(isolate, "load must be called in the init context");
    return {};
  }
  absl::StatusOr<std::vector<std::string>> paths =
      StringsOf(context, "the import paths, an array,", import_paths);
  const absl::StatusOr<std::vector<std::string>> files =
      StringsOf(context, "the names of files", names);
  for (const absl::Status& status : {paths.status(), files.status()}) {
    if (!status.ok()) {
      if (!absl::IsCancelled(status)) {
        ThrowStatus(isolate, status);
      }
      return {};
    }
  }
  if (files->empty()) {
    ThrowTypeError(isolate, "client.load(): no .proto file is named");
    return {};
  }
  if (paths->empty()) {
    paths->push_back(".");
  }
  const auto read = [&](const std::string& name) -> absl::StatusOr<std::string> {
    absl::Status why;
    for (const std::string& path : *paths) {
      const bool absolute = !name.empty() && name.front() == '/';
      LOCKSTEP_ASSIGN_OR_RETURN(
          const std::string url,
          files_.url_of(absolute || path == "." ? name : absl::StrCat(path, "/", name)));
      absl::StatusOr<std::string> text = files_.load(url);
      if (!absl::IsNotFound(text.status())) {
        return text;
      }
      why = text.status();
    }
    return why;
  };
  return AddSchema(
      context, client,
      absl::StrCat("load\n", absl::StrJoin(*paths, "\n"), "\n\n", absl::StrJoin(*files, "\n")),
      [&] { return CompileProtos(*files, read); });
}

v8::MaybeLocal<v8::Value> GrpcModule::LoadProtoset(Context context, GrpcClientState& client,
                                                   v8::Local<v8::Value> path) {
  v8::Isolate* isolate = context->GetIsolate();
  if (!vu_.in_init()) {
    ThrowError(isolate, "loadProtoset must be called in the init context");
    return {};
  }
  if (!path->IsString()) {
    ThrowTypeError(isolate, "client.loadProtoset(): the name of a file is expected");
    return {};
  }
  const std::string name = TextOf(isolate, path.As<v8::String>());
  return AddSchema(
      context, client, absl::StrCat("protoset\n", name),
      [&]() -> absl::StatusOr<std::unique_ptr<const ProtoSchema>> {
        LOCKSTEP_ASSIGN_OR_RETURN(const std::string url, files_.url_of(name));
        absl::StatusOr<std::string> bytes = files_.load(url);
        if (absl::IsCancelled(bytes.status())) {
          return bytes.status();
        }
        if (!bytes.ok()) {
          return absl::InvalidArgumentError(
              absl::StrCat("couldn't open protoset ", name, ": ", bytes.status().message()));
        }
        auto made = ProtoSchema::FromProtoset(*bytes);
        return made.ok() ? std::move(made)
                         : absl::InvalidArgumentError(absl::StrCat("couldn't read protoset ", name,
                                                                   ": ", made.status().message()));
      });
}

// ---- connections ----

void GrpcModule::Connect(Context context, GrpcClientState& client, v8::Local<v8::Value> address,
                         v8::Local<v8::Value> params) {
  v8::Isolate* isolate = context->GetIsolate();
  if (vu_.in_init()) {
    ThrowError(isolate, "connecting to a gRPC server in the init context is not supported");
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
    absl::StatusOr<std::shared_ptr<GrpcChannel>> channel = absl::CancelledError();
    std::unique_ptr<GrpcWork> work;
    const bool resumed = vu_.Park([&](ApiVu::Task wake) {
      work = StartConnect(vu_.grpc(), wanted.spec,
                          [&channel, wake = std::move(wake)](auto connected) mutable {
                            channel = std::move(connected);
                            wake();
                          });
    });
    status = resumed ? channel.status() : absl::CancelledError();
    if (status.ok()) {
      client.channel = *std::move(channel);
      client.address = wanted.spec.address;
      status = wanted.reflect ? Reflect(wanted, client) : absl::OkStatus();
    }
  }
  if (!status.ok() && !absl::IsCancelled(status)) {
    ThrowError(isolate, status.message());
  }
}

absl::Status GrpcModule::Reflect(const GrpcConnectParams& params, GrpcClientState& client) {
  absl::StatusOr<std::vector<std::string>> files = absl::CancelledError();
  std::unique_ptr<GrpcWork> work;
  const bool resumed = vu_.Park([&](ApiVu::Task wake) {
    work =
        StartReflection(vu_.grpc(), *client.channel, params.reflect_metadata, params.spec.timeout,
                        [&files, wake = std::move(wake)](auto found) mutable {
                          files = std::move(found);
                          wake();
                        });
  });
  if (!resumed) {
    return absl::CancelledError();
  }
  LOCKSTEP_RETURN_IF_ERROR(files.status());
  const std::string key = absl::StrCat("reflected\n", Sha256(absl::StrJoin(*files, "")));
  const ProtoSchema* schema = schemas_.FindOrClaim(key);
  if (schema == nullptr) {
    absl::StatusOr<std::unique_ptr<const ProtoSchema>> made = ProtoSchema::FromFiles(*files);
    if (!made.ok()) {
      schemas_.GiveUp(key);
      return absl::UnavailableError(
          absl::StrCat("the server's reflection cannot be used: ", made.status().message()));
    }
    schema = schemas_.Keep(key, *std::move(made));
  }
  if (std::find(client.schemas.begin(), client.schemas.end(), schema) == client.schemas.end()) {
    client.schemas.push_back(schema);
  }
  return absl::OkStatus();
}

void GrpcModule::Close(GrpcClientState& client) {
  client.channel.reset();
  for (const auto& [number, call] : calls_) {
    if (call->client == client.id) {
      call->call->Cancel();
    }
  }
  for (const auto& [number, stream] : streams_) {
    if (stream->client() == client.id) {
      stream->Cancel();
    }
  }
}

// ---- calls ----

absl::StatusOr<GrpcRequest> GrpcModule::Prepare(Context context, const GrpcClientState& client,
                                                const std::vector<const ProtoSchema*>& schemas,
                                                v8::Local<v8::Value> method,
                                                v8::Local<v8::Value> params,
                                                absl::Duration timeout) {
  if (vu_.in_init()) {
    return absl::FailedPreconditionError(
        "invoking RPC methods in the init context is not supported");
  }
  if (client.channel == nullptr) {
    return absl::FailedPreconditionError("no gRPC connection, you must call connect first");
  }
  const std::string name =
      method->IsString() ? TextOf(context->GetIsolate(), method.As<v8::String>()) : "";
  if (name.empty()) {
    return absl::FailedPreconditionError("method to invoke cannot be empty");
  }
  GrpcRequest request;
  request.spec.path = MethodPath(name);
  LOCKSTEP_ASSIGN_OR_RETURN(request.method, FindMethod(schemas, request.spec.path));
  GrpcCallParams read;
  read.timeout = timeout;
  if (absl::Status status = ReadCallParams(context, vu_, params, &read); !status.ok()) {
    return absl::IsCancelled(status)
               ? status
               : absl::FailedPreconditionError(
                     absl::StrCat("invalid GRPC's client.invoke() parameters: ", status.message()));
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
  GrpcResult result;
  std::unique_ptr<GrpcCall> call;
  const bool resumed = vu_.Park([&](ApiVu::Task wake) {
    call = StartUnary(vu_.grpc(), *client.channel, request.spec, request.message,
                      [&result, wake = std::move(wake)](GrpcResult got) mutable {
                        result = std::move(got);
                        wake();
                      });
  });
  if (!resumed) {
    return {};
  }
  MeasureGrpcCall(vu_, request, result);
  return GrpcResponseValue(context, request, result);
}

v8::MaybeLocal<v8::Value> GrpcModule::InvokeAsync(Context context, GrpcRequest request,
                                                  const GrpcClientState& client) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Promise::Resolver> resolver;
  if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) {
    return {};
  }
  const uint64_t number = ++last_number_;
  auto waiting = std::make_unique<AsyncCall>();
  AsyncCall& call = *waiting;
  calls_[number] = std::move(waiting);
  call.client = client.id;
  call.resolver.Reset(isolate, resolver);
  call.announce = vu_.Expect();
  call.request = std::move(request);
  call.call =
      StartUnary(vu_.grpc(), *client.channel, call.request.spec, call.request.message,
                 [this, isolate, number, &call](GrpcResult result) {
                   call.result = std::move(result);
                   MeasureGrpcCall(vu_, call.request, call.result);
                   std::exchange(call.announce, nullptr)([this, isolate, number, &call] {
                     const Context here = isolate->GetCurrentContext();
                     v8::Local<v8::Value> value;
                     v8::TryCatch caught(isolate);
                     const v8::Local<v8::Promise::Resolver> promise = call.resolver.Get(isolate);
                     if (GrpcResponseValue(here, call.request, call.result).ToLocal(&value)) {
                       promise->Resolve(here, value).Check();
                     } else if (!caught.HasTerminated()) {
                       promise->Reject(here, caught.Exception()).Check();
                     }
                     calls_.erase(number);
                   });
                 });
  return resolver->GetPromise();
}

uint64_t GrpcModule::OpenStream(v8::Isolate* isolate, GrpcRequest request,
                                const GrpcClientState& client, v8::Local<v8::Function> emit) {
  const uint64_t number = ++last_number_;
  streams_[number] =
      std::make_unique<Stream>(*this, number, isolate, std::move(request), client, emit);
  return number;
}

GrpcModule::Stream* GrpcModule::FindStream(uint64_t number) {
  const auto known = streams_.find(number);
  return known == streams_.end() ? nullptr : known->second.get();
}

void GrpcModule::Forget(uint64_t number) {
  streams_.erase(number);
}

}  // namespace lockstep::agent
