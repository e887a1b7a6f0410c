// A gRPC server in the test's process, on a free port: the service suite.Desk of kDeskProto, health
// checks, and server reflection of either version. It counts what it gets.
#pragma once

#include <map>
#include <memory>
#include <string>

namespace lockstep::testing {

// Desk.Greet  one greeting, `times` over; the metadata x-client and x-client-bin come back as
//             headers x-srv and x-srv-bin, and there is a trailer x-trail: end. "nobody" is not
//             found, with details; "slow" never answers; "huge" is 5 MB.
// Desk.Count  as many messages as `times` says; then status ABORTED if the name is "abort".
// Desk.Sum    one message with the sum of all `times`.
// Desk.Chat   an answer to each message; "bye" ends it.
inline constexpr char kDeskProto[] = R"(syntax = "proto3";
package suite;
service Desk {
  rpc Greet (Ask) returns (Answer);
  rpc Count (Ask) returns (stream Answer);
  rpc Sum (stream Ask) returns (Answer);
  rpc Chat (stream Ask) returns (stream Answer);
}
message Ask { string name = 1; int32 times = 2; }
message Answer { string text = 1; string meta = 2; }
)";

class GrpcServer {
 public:
  struct Options {
    int port = 0;                            // 0: any free one
    std::string certificate = {}, key = {};  // PEM; both empty: plaintext
    std::string client_authority = {};       // PEM; not empty: clients need a certificate of it
    bool reflection_v1 = false, reflection_v1alpha = false;
    // The metadata without which reflection is refused; "": none.
    std::string reflection_needs = {};
  };
  // Null if the port is taken or the certificate cannot be read.
  static std::unique_ptr<GrpcServer> Start(Options options);
  static std::unique_ptr<GrpcServer> Start() { return Start(Options()); }
  virtual ~GrpcServer() = default;

  virtual int port() const = 0;
  std::string address() const;  // "127.0.0.1:port"
  // Of calls by path, and of messages in all of them.
  virtual std::map<std::string, int> calls() const = 0;
  virtual int messages() const = 0;
  // Of the latest call: its authority, and one of its metadata ("" without).
  virtual std::string authority() const = 0;
  virtual std::string metadata(const std::string& name) const = 0;
};

}  // namespace lockstep::testing
