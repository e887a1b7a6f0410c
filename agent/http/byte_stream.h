// A TCP connection, with TLS or without, for protocols that are not HTTP; MultiLoop::OpenStream
// makes it, subject to the run's rules (hosts, blocked names, blacklisted addresses, local address,
// TLS versions, certificates), but for proxies, which are for HTTP only. Events come between two
// turns of the loop, never from inside a call, so a listener may write to the stream or destroy it
// in any of them. All calls on the loop's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace lockstep::agent {

struct StreamTarget {
  std::string host = {};  // a name or an address, IPv6 without brackets
  int port = 0;
  bool tls = false;
  // PEM, for TLS. Authorities of the server; none: those of the run. The client's certificate and
  // its key; "": those that the option tlsAuth has for the host.
  std::vector<std::string> authorities = {};
  std::string certificate = {}, key = {};
  bool verify = true;  // the server's certificate, unless the run accepts any
  absl::Duration dial_timeout = absl::InfiniteDuration();  // until OnOpen
};

class StreamListener {
 public:
  virtual ~StreamListener() = default;
  // Connected, and TLS is agreed upon.
  virtual void OnOpen() = 0;
  virtual void OnBytes(absl::string_view bytes) = 0;
  // The last event. OK: the peer closed the connection. InvalidArgument: certificate, key or
  // authorities are wrong; PermissionDenied: a rule of the run; DeadlineExceeded: dial_timeout is
  // over; otherwise Unavailable, in words like those of HTTP's errors.
  virtual void OnEnd(absl::Status why) = 0;
};

class ByteStream {
 public:
  // Closes the connection at once and ends the events.
  virtual ~ByteStream() = default;
  // Sends after what was written before, from OnOpen on. False, and nothing is kept of it, when
  // more than kMostUnsentBytes (unsent.h) would wait, or the stream has ended.
  virtual bool Write(absl::string_view bytes) = 0;
  // Without TLS's own, so far.
  virtual int64_t bytes_sent() const = 0;
  virtual int64_t bytes_received() const = 0;
  // The certificate that the server has shown, in DER, once the stream is open; "" without TLS.
  virtual std::string peer_certificate() const { return {}; }
};

class ConnectionPool;

// A worker's loop is one.
class StreamClient {
 public:
  virtual ~StreamClient() = default;
  // Opens a stream from the local address of the VU whose connections `pool` has; both it and
  // `listener` outlive the stream.
  virtual std::unique_ptr<ByteStream> OpenStream(ConnectionPool& pool, StreamTarget target,
                                                 StreamListener& listener) = 0;
};

}  // namespace lockstep::agent
