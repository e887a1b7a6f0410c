// What scripts say to `k6/net/grpc` in objects: how to connect, and the parameters of calls.
#pragma once

#include <v8.h>

#include "absl/status/status.h"

#include "agent/grpc/call.h"
#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

struct GrpcConnectParams {
  GrpcConnectSpec spec;
  bool reflect = false;
  GrpcMetadata reflect_metadata;
};

struct GrpcCallParams {
  GrpcMetadata metadata;
  absl::Duration timeout;
  bool discard_message = false;
  TagSet tags = kEmptyTagSet;  // the VU's and the script's
};

// Both: InvalidArgument says which parameter is wrong; Cancelled: an exception is pending. `value`
// may be undefined or null.
absl::Status ReadConnectParams(Context context, v8::Local<v8::Value> value,
                               GrpcConnectParams* params);
// `timeout` is left as it is unless the script has one.
absl::Status ReadCallParams(Context context, ApiVu& vu, v8::Local<v8::Value> value,
                            GrpcCallParams* params);

}  // namespace lockstep::agent
