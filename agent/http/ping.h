// Echo requests of ICMP, as scripts ask for them. All calls and events on the loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace lockstep::agent {

struct PingSpec {
  std::string target = {};  // a name or an address
  bool prefer_v6 = false;   // of a name that has addresses of both kinds
  std::string source = {};  // an address of this machine; "": the system's choice
  // The system may choose another one where the process has no right to raw sockets.
  uint16_t id = 0;
  uint16_t seq = 0;                                    // of the first request
  int ttl = 0;                                         // 0: the system's
  int count = 1;                                       // requests, one after another
  size_t size = 56;                                    // bytes of data in each
  absl::Duration timeout = absl::Seconds(10);          // of one
  absl::Duration interval = absl::Seconds(1);          // from one to the next, at least
  absl::Duration deadline = absl::InfiniteDuration();  // of all
};

// What became of one request.
struct PingEcho {
  std::string error = {};  // "": it was answered, and what follows `sent_at` is of the answer
  absl::Time sent_at = {}, received_at = {};
  absl::Duration round_trip = {};
  int id = 0, seq = 0;
  int ttl = 0;      // 0: the system has not told
  size_t size = 0;  // bytes, ICMP's header included
};

class PingListener {
 public:
  virtual ~PingListener() = default;
  // The requests go to the address `ip`, which took `resolve` to find and `setup` to get a socket
  // for.
  virtual void OnPingReady(const std::string& ip, bool v6, absl::Duration resolve,
                           absl::Duration setup) = 0;
  virtual void OnPingSent(size_t bytes) = 0;
  virtual void OnPingEcho(const PingEcho& echo) = 0;
  // The last event. OK: all requests have been answered, or have not been in time. NotFound: no
  // such host; PermissionDenied: a rule of the run, or a process without the right to send any;
  // InvalidArgument, FailedPrecondition: a target or a source that cannot be; DeadlineExceeded: the
  // deadline, or no answer to a lookup in time;
  // Unavailable: otherwise, such as no way to there. The ping may be destroyed in it.
  virtual void OnPingEnd(absl::Status why) = 0;
};

class Ping {
 public:
  // Ends the requests and the events.
  virtual ~Ping() = default;
};

class PingClient {
 public:
  virtual ~PingClient() = default;
  // `listener` outlives the ping. Events come in later turns.
  virtual std::unique_ptr<Ping> StartPing(PingSpec spec, PingListener& listener) = 0;
};

}  // namespace lockstep::agent
