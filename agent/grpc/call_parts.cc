#include "agent/grpc/call_parts.h"

#include <cstdint>
#include <map>
#include <vector>

#include <grpc/grpc.h>
#include <grpcpp/support/slice.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

GrpcMetadata MetadataOf(const std::multimap<grpc::string_ref, grpc::string_ref>& entries) {
  GrpcMetadata metadata;
  metadata.reserve(entries.size());
  for (const auto& [name, value] : entries) {
    metadata.emplace_back(std::string(name.data(), name.size()),
                          std::string(value.data(), value.size()));
  }
  return metadata;
}

// `timeout` from now; infinite if that is.
gpr_timespec DeadlineIn(absl::Duration timeout) {
  if (timeout == absl::InfiniteDuration()) {
    return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  }
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(absl::ToInt64Nanoseconds(timeout), GPR_TIMESPAN));
}

}  // namespace

absl::Status CheckMetadata(const std::string& name, const std::string& value) {
  const grpc::Slice key(name), text(value);
  if (!grpc_header_key_is_legal(key.c_slice()) || absl::StartsWith(name, ":")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "metadata \"", name, "\": a name consists of letters, digits, '-', '_' and '.'"));
  }
  if (!grpc_is_binary_header(key.c_slice()) && !grpc_header_nonbin_value_is_legal(text.c_slice())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "metadata \"", name,
        "\": a value consists of printable ASCII characters; for others a name has to end with \"-bin\""));
  }
  return absl::OkStatus();
}

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string BytesOfBuffer(const grpc::ByteBuffer& buffer) {
  std::string bytes;
  std::vector<grpc::Slice> slices;
  if (buffer.Valid() && buffer.Dump(&slices).ok()) {
    bytes.reserve(buffer.Length());
    for (const grpc::Slice& slice : slices) {
      bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
  }
  return bytes;
}

int64_t FramedBytes(size_t message_bytes) {
  constexpr int64_t kMessagePrefix = 5, kFrameHeader = 9;  // gRPC's and HTTP/2's
  return static_cast<int64_t>(message_bytes) + kMessagePrefix + kFrameHeader;
}

void Prepare(const GrpcCallSpec& spec, grpc::ClientContext& context) {
  for (const auto& [name, value] : spec.metadata) {
    context.AddMetadata(name, value);
  }
  context.set_deadline(DeadlineIn(spec.timeout));
}

GrpcMetadata HeadersOf(const grpc::ClientContext& context) {
  return MetadataOf(context.GetServerInitialMetadata());
}

GrpcResult ResultOf(const grpc::ClientContext& context, const grpc::Status& status) {
  GrpcResult result;
  result.status = status.error_code();
  result.error = status.error_message();
  // What gRPC itself says when nobody else has ended the call, in the words of Go.
  if (result.error == "Deadline Exceeded") {
    result.error = "context deadline exceeded";
  } else if (result.error == "CANCELLED" || result.error == "Cancelled") {
    result.error = "context canceled";
  }
  result.details = status.error_details();
  result.headers = HeadersOf(context);
  result.trailers = MetadataOf(context.GetServerTrailingMetadata());
  return result;
}

}  // namespace lockstep::agent
