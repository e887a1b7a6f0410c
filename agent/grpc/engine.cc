#include "agent/grpc/engine.h"

#include <thread>
#include <utility>
#include <vector>

#include <grpcpp/completion_queue.h>

#include "common/base/sync.h"

namespace lockstep::agent {

class GrpcEngine::Queue : public std::enable_shared_from_this<Queue> {
 public:
  struct Arrival {
    GrpcEvent* event;
    bool ok;
    MonoTime when;
  };

  explicit Queue(GrpcEngine& engine) : engine_(engine) {}
  void Start() {
    thread_ = std::thread([this] { Poll(); });
  }
  // After this nothing may be given to gRPC.
  void Stop() {
    completions_.Shutdown();
    thread_.join();
  }

  grpc::CompletionQueue& completions() { return completions_; }
  std::vector<Arrival> Take() {
    const MutexLock lock(mutex_);
    return std::exchange(arrived_, {});
  }
  std::vector<Arrival> WaitAndTake() {
    const MutexLock lock(mutex_);
    while (arrived_.empty()) {
      arrival_.Wait(mutex_);
    }
    return std::exchange(arrived_, {});
  }

 private:
  void Poll() {
    void* tag = nullptr;
    bool ok = false;
    while (completions_.Next(&tag, &ok)) {
      std::vector<Arrival> batch;
      do {
        batch.push_back({static_cast<GrpcEvent*>(tag), ok, clock_.Mono()});
      } while (completions_.AsyncNext(&tag, &ok, gpr_inf_past(GPR_CLOCK_MONOTONIC)) ==
               grpc::CompletionQueue::GOT_EVENT);
      const MutexLock lock(mutex_);
      if (arrived_.empty()) {
        arrived_.swap(batch);
        engine_.loop_.Post([weak = weak_from_this()] {
          if (const auto self = weak.lock()) {
            self->engine_.Deliver();
          }
        });
        arrival_.NotifyAll();
      } else {
        arrived_.insert(arrived_.end(), batch.begin(), batch.end());
      }
    }
  }

  GrpcEngine& engine_;
  const SystemClock clock_;
  grpc::CompletionQueue completions_;
  Mutex mutex_;
  CondVar arrival_;
  std::vector<Arrival> arrived_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

GrpcEngine::GrpcEngine(EventLoop& loop, Network& network) : loop_(loop), network_(network) {}

GrpcEngine::~GrpcEngine() {
  if (queue_ == nullptr) {
    return;
  }
  while (waited_for_ > 0) {
    for (const Queue::Arrival& arrival : queue_->WaitAndTake()) {
      --waited_for_;
      arrival.event->Happened(arrival.ok, arrival.when);
    }
  }
  queue_->Stop();
}

grpc::CompletionQueue* GrpcEngine::Expect() {
  if (queue_ == nullptr) {
    queue_ = std::make_shared<Queue>(*this);
    queue_->Start();
  }
  ++waited_for_;
  return &queue_->completions();
}

void GrpcEngine::Deliver() {
  for (const Queue::Arrival& arrival : queue_->Take()) {
    --waited_for_;
    arrival.event->Happened(arrival.ok, arrival.when);
  }
}

}  // namespace lockstep::agent
