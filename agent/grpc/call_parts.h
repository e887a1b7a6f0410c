// What unary calls and streams have in common. Only agent/grpc includes this: it shows gRPC.
#pragma once

#include <string>

#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include "agent/grpc/call.h"

namespace lockstep::agent {

grpc::ByteBuffer BufferOf(const std::string& bytes);
std::string BytesOfBuffer(const grpc::ByteBuffer& buffer);
// On the wire, with the frames around it.
int64_t FramedBytes(size_t message_bytes);

void Prepare(const GrpcCallSpec& spec, grpc::ClientContext& context);
// What has come with the call's end: status, headers, trailers.
GrpcResult ResultOf(const grpc::ClientContext& context, const grpc::Status& status);
GrpcMetadata HeadersOf(const grpc::ClientContext& context);

}  // namespace lockstep::agent
