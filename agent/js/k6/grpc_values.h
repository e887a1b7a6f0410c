// What scripts get from `k6/net/grpc`: responses, errors, metadata; and the samples of calls.
#pragma once

#include <string>

#include <v8.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "agent/js/k6/grpc.h"

namespace lockstep::agent {

// {name: [value, ...]}; values of names that end with "-bin" are ArrayBuffers.
v8::Local<v8::Object> GrpcMetadataValue(Context context, const GrpcMetadata& metadata);
// {code, message, details} of a call that failed.
v8::Local<v8::Value> GrpcErrorValue(Context context, const GrpcRequest& request,
                                    const GrpcResult& result);
// A call that is over, and its message as JSON: "" where there is none, or the script wants none.
struct GrpcAnswer {
  GrpcResult result;
  std::string json = {};
};

// A serialised message as JSON. Internal: it is none of the method's.
absl::StatusOr<std::string> ReadGrpcMessage(const GrpcRequest& request, absl::string_view bytes);
// A message that cannot be read fails the call.
GrpcAnswer ReadGrpcAnswer(const GrpcRequest& request, GrpcResult result);
// The JSON as the script sees it, null for "". Empty with a pending exception.
v8::MaybeLocal<v8::Value> GrpcMessageValue(Context context, absl::string_view json);
// {status, message, error, headers, trailers}. Empty with a pending exception.
v8::MaybeLocal<v8::Value> GrpcResponseValue(Context context, const GrpcRequest& request,
                                            const GrpcAnswer& answer);

// Adds the tags that k6 gives to a call's samples to those of `request`.
void TagGrpcCall(ApiVu& vu, const std::string& address, GrpcRequest* request);
// grpc_req_duration and the bytes of a call that is over.
void MeasureGrpcCall(ApiVu& vu, const GrpcRequest& request, const GrpcResult& result);
// The row of the table of errors of a connection that did not come about, or whose server's
// reflection is of no use, whether the script catches the exception or not. None where the
// iteration ended (Cancelled), and for the script's own mistakes (InvalidArgument). `address` as
// the script has it.
void CountGrpcConnectFailure(ApiVu& vu, absl::string_view address, const absl::Status& status);
// One of the counters of streams.
void CountGrpc(ApiVu& vu, const GrpcRequest& request, uint32_t metric);

}  // namespace lockstep::agent
