#include "coordinator/rpc/status_service.h"

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "common/messages/valid_text.h"
#include "coordinator/rpc/server_stream.h"

namespace lockstep::coordinator {

// One Watch call: writes the newest status; while a write is on its way, later ones replace each
// other.
class StatusService::Watcher final : public grpc::ServerWriteReactor<v1::RunStatus>,
                                     public std::enable_shared_from_this<StatusService::Watcher> {
 public:
  explicit Watcher(absl::Duration interval) : interval_(interval) {}

  void Start() { self_ = shared_from_this(); }
  absl::Duration interval() const { return interval_; }

  // False once the stream has ended. Any thread.
  bool Send(v1::RunStatus status, bool last) {
    MutexLock held(mutex_);
    if (ending_) {
      return false;
    }
    next_ = std::move(status);
    MakeTextsValid(&next_);
    has_next_ = true;
    ending_ = last;
    Pump();
    return !last;
  }
  void End(const absl::Status& status) {
    MutexLock held(mutex_);
    ending_ = true;
    status_ = ToGrpc(status);
    Pump();
  }

  void OnWriteDone(bool ok) override {
    MutexLock held(mutex_);
    writing_ = false;
    if (!ok) {
      has_next_ = false;
      ending_ = true;
    }
    Pump();
  }
  void OnCancel() override { End(absl::CancelledError("cancelled")); }
  void OnDone() override { self_.reset(); }

 private:
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_) {
      return;
    }
    if (has_next_) {
      has_next_ = false;
      writing_ = true;
      current_ = std::move(next_);
      StartWrite(&current_);
    } else if (ending_) {
      finished_ = true;
      Finish(status_);
    }
  }

  const absl::Duration interval_;
  std::shared_ptr<Watcher> self_;  // until OnDone
  Mutex mutex_;
  v1::RunStatus current_ ABSL_GUARDED_BY(mutex_);
  v1::RunStatus next_ ABSL_GUARDED_BY(mutex_);
  bool has_next_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mutex_) = grpc::Status::OK;
};

grpc::ServerUnaryReactor* StatusService::Answer(grpc::CallbackServerContext* context,
                                                v1::RunStatus* status,
                                                absl::AnyInvocable<absl::Status()> action) {
  on_call_(context->peer());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  loop_.Post([this, reactor, status, action = std::move(action)]() mutable {
    if (shut_down_) {
      reactor->Finish(
          grpc::Status(grpc::StatusCode::UNAVAILABLE, "the coordinator is about to end"));
      return;
    }
    absl::Status done = action();
    if (done.ok()) {
      *status = control_.Snapshot();
      MakeTextsValid(status);
    }
    control_.WhenKept([reactor, done] { reactor->Finish(ToGrpc(done)); });
  });
  return reactor;
}

grpc::ServerUnaryReactor* StatusService::GetStatus(grpc::CallbackServerContext* context,
                                                   const v1::GetStatusRequest*,
                                                   v1::RunStatus* status) {
  return Answer(context, status, [] { return absl::OkStatus(); });
}

grpc::ServerUnaryReactor* StatusService::Pause(grpc::CallbackServerContext* context,
                                               const v1::PauseRequest*, v1::RunStatus* status) {
  return Answer(context, status, [this] { return control_.Pause(); });
}

grpc::ServerUnaryReactor* StatusService::Resume(grpc::CallbackServerContext* context,
                                                const v1::ResumeRequest*, v1::RunStatus* status) {
  return Answer(context, status, [this] { return control_.Resume(); });
}

grpc::ServerUnaryReactor* StatusService::Scale(grpc::CallbackServerContext* context,
                                               const v1::ScaleRequest* request,
                                               v1::RunStatus* status) {
  return Answer(context, status, [this, wanted = *request] {
    // Both or neither: a request that is refused has changed nothing.
    if (wanted.agents() != 0) {
      LOCKSTEP_RETURN_IF_ERROR(control_.MayScaleAgents(wanted.agents()));
    }
    if (wanted.agents() == 0 || wanted.vus() >= 0 || wanted.max_vus() >= 0) {
      LOCKSTEP_RETURN_IF_ERROR(control_.Scale(wanted.vus(), wanted.max_vus()));
    }
    return wanted.agents() == 0 ? absl::OkStatus() : control_.ScaleAgents(wanted.agents());
  });
}

grpc::ServerUnaryReactor* StatusService::Stop(grpc::CallbackServerContext* context,
                                              const v1::StopRequest* request,
                                              v1::RunStatus* status) {
  const Stopping how = request->now() ? Stopping::kNow : Stopping::kGracefully;
  return Answer(context, status, [this, how] { return control_.Stop(how); });
}

grpc::ServerWriteReactor<v1::RunStatus>* StatusService::Watch(grpc::CallbackServerContext* context,
                                                              const v1::WatchRequest* request) {
  on_call_(context->peer());
  int64_t ms = request->interval_ms() == 0 ? 1000 : request->interval_ms();
  auto watcher = std::make_shared<Watcher>(absl::Milliseconds(ms));
  watcher->Start();
  if (ms < 100 || ms > 60'000) {
    watcher->End(
        absl::InvalidArgumentError(absl::StrCat("interval_ms: must be 100 to 60000, got ", ms)));
    return watcher.get();
  }
  loop_.Post([this, watcher]() mutable {
    if (shut_down_) {
      watcher->End(absl::UnavailableError("the coordinator is about to end"));
      return;
    }
    std::erase_if(watchers_, [](const auto& w) { return w.expired(); });
    watchers_.push_back(watcher);
    Tick(std::move(watcher));
  });
  return watcher.get();
}

void StatusService::Tick(std::shared_ptr<Watcher> watcher) {
  if (shut_down_ || !watcher->Send(control_.Snapshot(), control_.done())) {
    return;
  }
  absl::Duration interval = watcher->interval();
  loop_.After(interval,
              [this, watcher = std::move(watcher)]() mutable { Tick(std::move(watcher)); });
}

void StatusService::Shutdown() {
  shut_down_ = true;
  for (const std::weak_ptr<Watcher>& weak : watchers_) {
    if (std::shared_ptr<Watcher> watcher = weak.lock()) {
      watcher->Send(control_.Snapshot(), /*last=*/true);
    }
  }
  watchers_.clear();
}

}  // namespace lockstep::coordinator
