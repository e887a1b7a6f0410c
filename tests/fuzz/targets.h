// What is fuzzed. Each target takes any bytes, and must neither crash nor hang nor break what it
// checks by itself (it aborts then).
#pragma once

#include "absl/strings/string_view.h"

namespace lockstep::fuzz {

// Two agents' run, beside which a third peer says what it likes: the run ends well.
void FuzzCoordinatorBesideRun(absl::string_view input);
// The third peer is a member of the run, and an operator pauses, resumes and scales as he likes:
// the run ends, one way or the other.
void FuzzCoordinatorWithinRun(absl::string_view input);
// Strangers without the fleet's token: nobody joins.
void FuzzDoor(absl::string_view input);
// A coordinator, which may not know the fleet's token, says what it likes to an agent.
void FuzzAgent(absl::string_view input);
// Archives, names in them, and lock files.
void FuzzArchive(absl::string_view input);
// Batches of metrics, as raw bytes and as well-formed messages, decoded and merged.
void FuzzBatch(absl::string_view input);
// What messages carry as text: options, thresholds, segments.
void FuzzTexts(absl::string_view input);
// What `lockstep new` makes scripts of: HARs, descriptions of APIs, Postman collections, curl
// command lines.
void FuzzConverters(absl::string_view input);
// Certificates, keys and revocation lists.
void FuzzTrust(absl::string_view input);
// What a server answers over HTTP/1.1: it means the same however it is cut.
void FuzzHttp(absl::string_view input);
// What a WebSocket's server sends: its 101, and frames.
void FuzzWebSocket(absl::string_view input);
// A text/event-stream, and bodies with content codings, while they come.
void FuzzEventStream(absl::string_view input);
// What a Redis replies, and what scripts say of one.
void FuzzRedis(absl::string_view input);
// Topics, filters and properties of MQTT: they come back as they were.
void FuzzMqtt(absl::string_view input);
// `.proto` files, protosets, and messages as JSON and as bytes.
void FuzzGrpc(absl::string_view input);

// What servers of Engine.IO and Socket.IO say.
void FuzzSocketIo(absl::string_view input);

// The steps that a target takes at most, so that one input takes no time.
inline constexpr int kMostSteps = 200;

struct Target {
  const char* name;
  void (*run)(absl::string_view input);
};
// Keeps the libraries silent about what is wrong with the bytes; once, before the first target.
void Quieten();

inline constexpr Target kTargets[] = {
    {"coordinator_beside_run", FuzzCoordinatorBesideRun},
    {"coordinator_within_run", FuzzCoordinatorWithinRun},
    {"door", FuzzDoor},
    {"agent", FuzzAgent},
    {"archive", FuzzArchive},
    {"batch", FuzzBatch},
    {"event_stream", FuzzEventStream},
    {"converters", FuzzConverters},
    {"grpc", FuzzGrpc},
    {"http", FuzzHttp},
    {"mqtt", FuzzMqtt},
    {"socket_io", FuzzSocketIo},
    {"redis", FuzzRedis},
    {"texts", FuzzTexts},
    {"trust", FuzzTrust},
    {"web_socket", FuzzWebSocket},
};

}  // namespace lockstep::fuzz
