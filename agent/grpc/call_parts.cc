#include "agent/grpc/call_parts.h"

#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include <grpc/byte_buffer_reader.h>
#include <grpcpp/support/slice.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "agent/net/response_reader.h"

// gRPC's core hands out no message's flags but by this function, and takes one that is compressed
// in no known way for one that is not compressed. Another version of the library may lack it.
// NOLINTNEXTLINE(readability-identifier-naming): the library's name
[[gnu::weak]] uint32_t grpc_call_test_only_get_message_flags(grpc_call* call);

namespace lockstep::agent {
namespace {

// What gRPC's core says of a message that is not what its grpc-encoding says, with a status that is
// none of those.
constexpr char kNotDecompressed[] = "Unexpected error decompressing data";

// A flag of a message, which gRPC takes away where it has decompressed it.
constexpr uint32_t kCompressed = 0x80000000;

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

// gRPC's words for a connection that its peer has reset: the system's, and before them the call
// that met the reset, where that was not the poll.
bool IsOfAResetConnection(absl::string_view error) {
  if (!absl::ConsumePrefix(&error, "recvmsg:")) {
    absl::ConsumePrefix(&error, "sendmsg:");
  }
  return error == "Connection reset by peer" || error == "Broken pipe";
}

// HTTP/2's errors by their numbers.
constexpr absl::string_view kHttp2Errors[] = {"NO_ERROR",
                                              "PROTOCOL_ERROR",
                                              "INTERNAL_ERROR",
                                              "FLOW_CONTROL_ERROR",
                                              "SETTINGS_TIMEOUT",
                                              "STREAM_CLOSED",
                                              "FRAME_SIZE_ERROR",
                                              "REFUSED_STREAM",
                                              "CANCEL",
                                              "COMPRESSION_ERROR",
                                              "CONNECT_ERROR",
                                              "ENHANCE_YOUR_CALM",
                                              "INADEQUATE_SECURITY",
                                              "HTTP_1_1_REQUIRED"};

// What gRPC itself says of a server that is none of gRPC's, or that breaks a call off, in the words
// of Go; "" for other texts.
std::string OfABadServer(int status, absl::string_view error) {
  uint32_t number = 0;
  if (absl::ConsumePrefix(&error, "Received http2 header with status: ") &&
      absl::SimpleAtoi(error, &number)) {
    return absl::StrCat("unexpected HTTP status code received from server: ", number, " (",
                        ReasonPhrase(static_cast<int>(number)), ")");
  }
  if (absl::ConsumePrefix(&error, "Received RST_STREAM with error code ") &&
      absl::SimpleAtoi(error, &number)) {
    return absl::StrCat("stream terminated by RST_STREAM with error code: ",
                        number < std::size(kHttp2Errors)
                            ? std::string(kHttp2Errors[number])
                            : absl::StrCat("unknown error code 0x", absl::Hex(number)));
  }
  if (status != GRPC_STATUS_UNKNOWN) {
    return "";
  }
  return error == "No status received" ? kNoGrpcStatus
         : error == "Stream removed"   ? kNoTrailersOfWhom
                                       : "";
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

std::string BytesOfBuffer(grpc_byte_buffer& buffer) {
  std::string bytes;
  grpc_byte_buffer_reader reader;
  if (grpc_byte_buffer_reader_init(&reader, &buffer) != 0) {
    bytes.reserve(grpc_byte_buffer_length(&buffer));
    grpc_slice* slice = nullptr;
    while (grpc_byte_buffer_reader_peek(&reader, &slice) != 0) {
      bytes.append(reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(*slice)),
                   GRPC_SLICE_LENGTH(*slice));
    }
    grpc_byte_buffer_reader_destroy(&reader);
  }
  return bytes;
}

std::string BytesOfSlice(const grpc_slice& slice) {
  return std::string(reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)),
                     GRPC_SLICE_LENGTH(slice));
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

GrpcMetadata MetadataOf(const grpc_metadata_array& entries) {
  GrpcMetadata metadata;
  metadata.reserve(entries.count);
  for (size_t i = 0; i < entries.count; ++i) {
    metadata.emplace_back(BytesOfSlice(entries.metadata[i].key),
                          BytesOfSlice(entries.metadata[i].value));
  }
  return metadata;
}

GrpcResult ResultOf(int status, std::string message) {
  GrpcResult result;
  result.status = status;
  result.error = std::move(message);
  // What gRPC itself says when nobody else has ended the call, in the words of Go.
  if (result.error == "Deadline Exceeded") {
    result.error = "context deadline exceeded";
  } else if (result.error == "CANCELLED" || result.error == "Cancelled") {
    result.error = "context canceled";
  } else if (status == GRPC_STATUS_UNAVAILABLE && result.error == "Socket closed") {
    result.error = "error reading from server: EOF";
  } else if (status == GRPC_STATUS_UNAVAILABLE && IsOfAResetConnection(result.error)) {
    result.error = "error reading from server: read: connection reset by peer";
  } else if (std::string words = OfABadServer(status, result.error); !words.empty()) {
    result.error = std::move(words);
  }
  if (status == GRPC_STATUS_UNKNOWN && absl::StartsWith(result.error, kNotDecompressed)) {
    FailWith("grpc: failed to decompress the received message", &result);
  }
  return result;
}

GrpcResult ResultOf(const grpc::ClientContext& context, const grpc::Status& status) {
  GrpcResult result = ResultOf(status.error_code(), status.error_message());
  result.details = status.error_details();
  result.headers = HeadersOf(context);
  result.trailers = MetadataOf(context.GetServerTrailingMetadata());
  return result;
}

bool IsStillCompressed(grpc::ClientContext& context) {
  return grpc_call_test_only_get_message_flags != nullptr &&
         (grpc_call_test_only_get_message_flags(context.c_call()) & kCompressed) != 0;
}

void FailWith(absl::string_view failure, GrpcResult* result) {
  result->status = GRPC_STATUS_INTERNAL;
  result->error = std::string(failure);
  result->details.clear();
}

}  // namespace lockstep::agent
