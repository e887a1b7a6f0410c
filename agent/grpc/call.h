// Calls over a channel, in bytes: of one answer, and streams. All on the engine's loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

#include "agent/grpc/channel.h"

namespace lockstep::agent {

// gRPC's codes as Go and k6 name them, in the order of their numbers.
inline constexpr const char* kGrpcStatusNames[] = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

// In the order in which it was sent. Names in lower case; values of those that end with "-bin" are
// bytes.
using GrpcMetadata = std::vector<std::pair<std::string, std::string>>;

// InvalidArgument: gRPC cannot send an entry with such a name or value.
absl::Status CheckMetadata(const std::string& name, const std::string& value);

struct GrpcCallSpec {
  std::string path;  // "/suite.Desk/Greet"
  GrpcMetadata metadata = {};
  absl::Duration timeout = absl::InfiniteDuration();
  // Of a stream: that its method has one message as its answer. A unary call has that anyway.
  bool one_message = false;
  // Of a stream: that its method takes one message. The stream then takes no more after the first,
  // and tells the server so at once: many a server begins only then.
  bool one_request = false;
};

// How a call ended. INTERNAL is also the status of answers that their method cannot have, or that
// are compressed in no known way, even if the server calls that a success.
struct GrpcResult {
  int status = 0;          // gRPC's codes
  std::string error;       // the status's message
  std::string details;     // a serialised google.rpc.Status; "": the server sent none
  bool cancelled = false;  // GrpcCall::Cancel was called; the server may have ended it before
  GrpcMetadata headers = {}, trailers = {};
  std::string response = {};  // of a unary call; whether there is one says the status
  absl::Duration duration;    // from its start until the end was seen
  // Messages with their frames.
  int64_t bytes_sent = 0, bytes_received = 0;
};

class GrpcCall : public GrpcWork {
 public:
  // The call ends with the status CANCELLED, unless it has ended already.
  virtual void Cancel() = 0;
};

// `done` is called once, in a later turn of the loop.
std::unique_ptr<GrpcCall> StartUnary(GrpcEngine& engine, const GrpcChannel& channel,
                                     const GrpcCallSpec& spec, const std::string& request,
                                     absl::AnyInvocable<void(GrpcResult)> done);

// Any function may destroy the stream.
class GrpcStreamListener {
 public:
  virtual ~GrpcStreamListener() = default;
  // Once, before the first message; not if the stream ends without.
  virtual void OnHeaders(const GrpcMetadata& headers) = 0;
  // No more than a few come before GrpcStream::Taken says that one was worked on.
  virtual void OnMessage(std::string bytes) = 0;
  // A message has been handed to the connection.
  virtual void OnSent() = 0;
  // The last one.
  virtual void OnEnd(GrpcResult result) = 0;
};

class GrpcStream : public GrpcCall {
 public:
  // Queues a message; false if the stream does not take any more. The caller sees to it that not
  // too much waits (agent/http/unsent.h).
  virtual bool Write(std::string message) = 0;
  // Of messages that have not been handed to the connection.
  virtual int64_t unsent_bytes() const = 0;
  // After what is queued: there will be no more messages.
  virtual void WritesDone() = 0;
  // The listener is done with one message.
  virtual void Taken() = 0;
  // The listener cannot read a message that it is being told of: the stream ends with INTERNAL and
  // `why`.
  virtual void Fail(std::string why) = 0;
};

// `listener` outlives the stream.
std::unique_ptr<GrpcStream> OpenStream(GrpcEngine& engine, const GrpcChannel& channel,
                                       const GrpcCallSpec& spec, GrpcStreamListener& listener);

}  // namespace lockstep::agent
