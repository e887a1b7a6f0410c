// gRPC for one worker: a completion queue with a thread that waits on it, which stamps what happens
// and hands it to the worker's loop, many events at once where many have come. The thread starts
// with the first connection; a worker whose scripts use no gRPC has none.
//
// Loop's thread only, unless it says otherwise.
#pragma once

#include <cstdint>
#include <memory>

#include "agent/grpc/authorities.h"
#include "common/base/clock.h"
#include "common/base/event_loop.h"

namespace grpc {
class CompletionQueue;
}

namespace lockstep::agent {

class Network;

// What gRPC was asked to do and report. Stays where it is until it has been told, once for each
// time that it was given to gRPC.
class GrpcEvent {
 public:
  // On the loop. `ok` as gRPC says for the operation; `when`: it was seen to have ended. May
  // destroy the event.
  virtual void Happened(bool ok, MonoTime when) = 0;
  virtual ~GrpcEvent() = default;
};

class GrpcEngine {
 public:
  // Both outlive the engine.
  GrpcEngine(EventLoop& loop, Network& network);
  // On the loop's thread, while it is not running, or from a task of it. All calls have been
  // cancelled or abandoned; waits until gRPC has let go of them.
  ~GrpcEngine();
  GrpcEngine(const GrpcEngine&) = delete;
  GrpcEngine& operator=(const GrpcEngine&) = delete;

  EventLoop& loop() { return loop_; }
  Network& network() { return network_; }
  GrpcAuthorities& authorities() { return authorities_; }

  // The queue for one operation, which is given to gRPC with a GrpcEvent* as its tag right after
  // this call.
  grpc::CompletionQueue* Expect();

 private:
  class Queue;

  // Tells all events that have come.
  void Deliver();

  EventLoop& loop_;
  Network& network_;
  GrpcAuthorities authorities_;
  std::shared_ptr<Queue>
      queue_;  // null before the first event; its tasks on the loop hold it weakly
  int64_t waited_for_ = 0;
};

}  // namespace lockstep::agent
