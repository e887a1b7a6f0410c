// One incoming bidirectional gRPC stream: reads a message when the one before is handled, so that a
// peer that sends faster is held back by HTTP/2's flow control; writes what is queued; ends once.
// For the services of this folder.
#pragma once

#include <deque>
#include <memory>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "common/base/sync.h"

namespace lockstep::coordinator {

inline grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

// Owned by gRPC until OnDone; others hold it by shared_ptr. Send and Close may be called from any
// thread.
template <class In, class Out>
class ServerStream final : public grpc::ServerBidiReactor<In, Out>,
                           public std::enable_shared_from_this<ServerStream<In, Out>> {
 public:
  struct Events {                             // called on gRPC's threads
    absl::AnyInvocable<void(In)> on_message;  // ReadNext asks for the next one
    absl::AnyInvocable<void()> on_done;       // last
  };

  explicit ServerStream(Events events) : events_(std::move(events)) {}

  void Start() {
    self_ = this->shared_from_this();
    this->StartRead(&incoming_);
  }

  // Once for each message, when it is handled. Any thread.
  void ReadNext() {
    MutexLock held(mutex_);
    if (!finished_) {
      this->StartRead(&incoming_);
    }
  }

  void Send(const Out& message) {
    MutexLock held(mutex_);
    if (!closing_) {
      queue_.push_back(message);
      Pump();
    }
  }

  // Ends the stream with `status` once the queue is written.
  void Close(const absl::Status& status) {
    MutexLock held(mutex_);
    if (!closing_) {
      closing_ = true;
      status_ = ToGrpc(status);
      Pump();
    }
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      events_.on_message(std::exchange(incoming_, In()));
    } else {  // the peer says no more
      Close(absl::OkStatus());
    }
  }

  void OnWriteDone(bool ok) override {
    MutexLock held(mutex_);
    writing_ = false;
    queue_.pop_front();
    if (!ok) {
      queue_.clear();
      closing_ = true;
    }
    Pump();
  }

  void OnCancel() override {
    MutexLock held(mutex_);
    closing_ = true;
    if (!writing_) {
      queue_.clear();
    }
    Pump();
  }

  void OnDone() override {
    events_.on_done();
    self_.reset();  // may delete this
  }

 private:
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_) {
      return;
    }
    if (!queue_.empty()) {
      writing_ = true;
      this->StartWrite(&queue_.front());
    } else if (closing_) {
      finished_ = true;
      this->Finish(status_);
    }
  }

  Events events_;
  In incoming_;
  std::shared_ptr<ServerStream> self_;  // until OnDone

  Mutex mutex_;
  std::deque<Out> queue_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mutex_) = grpc::Status::OK;
};

}  // namespace lockstep::coordinator
