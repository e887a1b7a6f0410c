// What unary calls and streams have in common. Only agent/grpc includes this: it shows gRPC.
#pragma once

#include <cstdint>
#include <string>

#include <grpc/grpc.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include "agent/grpc/call.h"

namespace lockstep::agent {

grpc::ByteBuffer BufferOf(const std::string& bytes);
std::string BytesOfBuffer(const grpc::ByteBuffer& buffer);
std::string BytesOfBuffer(grpc_byte_buffer& buffer);
std::string BytesOfSlice(const grpc_slice& slice);
// On the wire, with the frames around it.
int64_t FramedBytes(size_t message_bytes);

void Prepare(const GrpcCallSpec& spec, grpc::ClientContext& context);
// What has come with the call's end: status, headers, trailers.
GrpcResult ResultOf(const grpc::ClientContext& context, const grpc::Status& status);
// Status and its message alone.
GrpcResult ResultOf(int status, std::string message);
GrpcMetadata HeadersOf(const grpc::ClientContext& context);
GrpcMetadata MetadataOf(const grpc_metadata_array& entries);

// ---- what fails a call, whatever status its server gives it: INTERNAL, as in Go ----

inline constexpr char kNoWholeMessage[] =
    "cardinality violation: the one message of the answer is missing, or cut short (unexpected EOF)";
inline constexpr char kMoreThanOneMessage[] =
    "cardinality violation: the answer has more than one message, though its method has no stream of them";
// UNKNOWN, as in Go, which names the content-type here; the library does not tell it.
inline constexpr char kNoGrpcStatus[] =
    "the server's answer has no grpc-status: its content-type may not be that of gRPC";
inline constexpr char kNoTrailersOfWhom[] =
    "server closed the stream without sending trailers: its content-type may not be that of gRPC";
// INTERNAL again, of streams: a message has come, so the server is one of gRPC. The library may drop
// that of a unary call, whose status it has been asked for from the start.
inline constexpr char kNoTrailers[] = "server closed the stream without sending trailers";
inline constexpr char kStillCompressed[] =
    "the message is marked as compressed, but the answer's grpc-encoding is missing or neither gzip nor deflate";

// Whether the message that has come last, before the next one is asked for, is compressed in a way
// that gRPC does not know.
bool IsStillCompressed(grpc::ClientContext& context);
void FailWith(absl::string_view failure, GrpcResult* result);

}  // namespace lockstep::agent
