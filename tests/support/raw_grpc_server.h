// A server of HTTP/2 that answers each call with the bytes that a test says, right or wrong: what a
// gRPC library would not send. Connections one after another, on 127.0.0.1, without TLS.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

#include "common/base/sync.h"
#include "tests/support/one_by_one_server.h"

namespace lockstep::testing {

class RawGrpcServer {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  enum class End { kTrailers, kData, kClose, kReset };
  struct Answer {
    std::string data = {};  // of the body, with the frames of its messages
    Fields headers = {};    // besides :status and content-type, unless :status is the first of them
    Fields trailers = {{"grpc-status", "0"}};
    // Without trailers the data are the last of the stream, or the connection ends in their place.
    End end = End::kTrailers;
  };

  RawGrpcServer() = default;
  RawGrpcServer(const RawGrpcServer&) = delete;
  RawGrpcServer& operator=(const RawGrpcServer&) = delete;

  std::string address() const;  // "127.0.0.1:port"
  // To all calls from now on.
  void Say(Answer answer);

  // A message in its frame; `flag` 1 says that it is compressed.
  static std::string Framed(absl::string_view message, char flag = 0);

 private:
  void Talk(int connection);

  Mutex mutex_;
  Answer answer_ ABSL_GUARDED_BY(mutex_);
  OneByOneServer server_{[this](int connection) { Talk(connection); }};
};

}  // namespace lockstep::testing
