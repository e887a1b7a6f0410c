// Where a script's gRPC client knows messages and methods from: .proto files, protosets, the server
// itself.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <v8.h>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

#include "agent/grpc/schema.h"
#include "agent/grpc/schema_store.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/grpc_client.h"
#include "agent/js/k6/grpc_params.h"
#include "agent/js/k6/script_files.h"

namespace lockstep::agent {

class GrpcSchemas {
 public:
  // `vu` and `store`, which has what is described alike only once, outlive this.
  GrpcSchemas(ApiVu& vu, SchemaStore& store, ScriptFiles files)
      : vu_(vu), store_(store), files_(std::move(files)) {}

  // Both add to what the client knows, and return the methods as a script sees them. Empty with a
  // pending exception.
  v8::MaybeLocal<v8::Value> Load(Context context, GrpcClientState& client,
                                 v8::Local<v8::Value> import_paths, v8::Local<v8::Array> names);
  v8::MaybeLocal<v8::Value> LoadProtoset(Context context, GrpcClientState& client,
                                         v8::Local<v8::Value> path);
  // Asks the server that the client is connected to; the script waits. Unavailable: it does not
  // say, or not what can be used; Cancelled: the VU was interrupted.
  absl::Status Reflect(const GrpcConnectParams& params, GrpcClientState& client);

 private:
  v8::MaybeLocal<v8::Value> Add(
      Context context, GrpcClientState& client, const std::string& key,
      absl::FunctionRef<absl::StatusOr<std::unique_ptr<const ProtoSchema>>()> make);
  // The text of `name`, in the first of the folders that has it; NotFound: none has.
  absl::StatusOr<std::string> Search(const std::vector<std::string>& paths,
                                     const std::string& name);

  ApiVu& vu_;
  SchemaStore& store_;
  const ScriptFiles files_;
};

}  // namespace lockstep::agent
