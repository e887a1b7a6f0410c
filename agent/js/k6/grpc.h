// The module `k6/net/grpc`: the classes Client and Stream, and the constants. A blocking call
// suspends the script; what is asynchronous comes while the script waits for nothing else, and
// keeps the iteration from ending.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <v8.h>

#include "absl/status/statusor.h"

#include "agent/grpc/call.h"
#include "agent/grpc/schema.h"
#include "agent/grpc/schema_store.h"
#include "agent/js/bind/numbered.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/grpc_client.h"
#include "agent/js/k6/grpc_schemas.h"
#include "agent/js/k6/script_files.h"

namespace lockstep::agent {

// A call that can be made.
struct GrpcRequest {
  const GrpcMethod* method = nullptr;
  GrpcCallSpec spec;
  std::string message;  // of a unary call
  TagSet tags = kEmptyTagSet;
  bool discard_message = false;
};

class GrpcModule final : public VuPart {
 public:
  // `vu` and `schemas` outlive the module.
  GrpcModule(ApiVu& vu, SchemaStore& schemas, ScriptFiles files);
  ~GrpcModule() override;

  v8::Local<v8::Object> MakeExports(Context context);
  // Abandons what an interrupted iteration left. Connections stay.
  void EndIteration() override;

  // ---- what the script's objects do; where they return nothing, an exception may be pending ----
  v8::Local<v8::Object> NewClient(Context context);
  void Connect(Context context, GrpcClientState& client, v8::Local<v8::Value> address,
               v8::Local<v8::Value> params);
  v8::MaybeLocal<v8::Value> Invoke(Context context, GrpcRequest request,
                                   const GrpcClientState& client);
  // Returns a promise to the function's caller.
  void InvokeAsync(const Info& info, GrpcRequest request, const GrpcClientState& client);
  void Close(GrpcClientState& client);

  enum class CallKind { kUnary, kStream };
  // Reads the arguments of a call. `schemas` are the client's, or the built-in ones.
  // InvalidArgument, NotFound,
  // FailedPrecondition: what is wrong; Cancelled: an exception is pending. Runs the script's code,
  // as SetMessage does: the client may be another one afterwards.
  absl::StatusOr<GrpcRequest> Prepare(Context context, const GrpcClientState& client,
                                      const std::vector<const ProtoSchema*>& schemas,
                                      v8::Local<v8::Value> method, v8::Local<v8::Value> params,
                                      CallKind kind);
  // Sets the message of a unary call.
  absl::Status SetMessage(Context context, v8::Local<v8::Value> message, GrpcRequest* request);

  class Stream;
  // Its number; 0: there is no connection.
  uint64_t OpenStream(v8::Isolate* isolate, GrpcRequest request, const GrpcClientState& client,
                      v8::Local<v8::Function> emit);
  Numbered<Stream>& streams() { return streams_; }

  ApiVu& vu() { return vu_; }
  GrpcSchemas& schemas() { return schemas_; }

 private:
  // A call that a promise waits for.
  struct AsyncCall {
    uint64_t client = 0;
    GrpcRequest request;
    std::unique_ptr<GrpcCall> call = nullptr;
  };

  ApiVu& vu_;
  GrpcSchemas schemas_;
  v8::Global<v8::ObjectTemplate> handles_;
  Numbered<AsyncCall> calls_;
  Numbered<Stream> streams_;
  uint64_t last_client_ = 0;
};

}  // namespace lockstep::agent
