// Lets a `mosquitto` work on a worker's loop: watches its socket, and gives it the time of day.
// Only agent/mqtt includes this.
#pragma once

#include <cstdint>

#include <mosquitto.h>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

#include "agent/net/ip.h"
#include "agent/net/multi_loop.h"
#include "common/base/timer.h"

namespace lockstep::agent {

struct MosquittoFailure {
  int code = MOSQ_ERR_ERRNO;  // libmosquitto's
  int dial_errno = 0;         // why there was no connection at all; 0: there was one
};

class MosquittoDriver {
 public:
  // `loop` and `handle` outlive this. `failed` is called from within Connect, or in a turn of the
  // loop.
  MosquittoDriver(MultiLoop& loop, mosquitto* handle,
                  absl::AnyInvocable<void(MosquittoFailure)> failed);
  ~MosquittoDriver();
  MosquittoDriver(const MosquittoDriver&) = delete;
  MosquittoDriver& operator=(const MosquittoDriver&) = delete;

  // Once. `keepalive` is whole seconds.
  void Connect(const IpAddress& ip, int port, absl::Duration keepalive);
  // To be called after each call of libmosquitto, which may have closed its socket, or want to
  // write.
  void Look();
  // Does nothing more.
  void Stop();

 private:
  void OnReady(uint32_t events);
  void Misc();
  void After(int code);
  void Unwatch();

  MultiLoop& loop_;
  mosquitto* const handle_;
  absl::AnyInvocable<void(MosquittoFailure)> failed_;
  int socket_ = -1;
  uint32_t watched_ = 0;
  bool dialled_ = false;  // the kernel has said whether there is a connection
  bool stopped_ = false;
  Timer misc_{loop_};
};

}  // namespace lockstep::agent
