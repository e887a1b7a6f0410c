// The status and control service: each call is handed to the coordinator's loop and answered from
// there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lockstep/v1/services.grpc.pb.h"

#include "common/base/event_loop.h"
#include "common/base/sync.h"
#include "coordinator/core/control.h"

namespace lockstep::coordinator {

class StatusService final : public v1::Status::CallbackService {
 public:
  // `loop` and `control` are borrowed and outlive the server that the service is registered with.
  // `on_call` hears of each call's peer, in gRPC's words, on gRPC's threads.
  StatusService(EventLoop& loop, RunControl& control,
                std::function<void(const std::string& peer)> on_call)
      : loop_(loop), control_(control), on_call_(std::move(on_call)) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::RunStatus* status) override;
  grpc::ServerWriteReactor<v1::RunStatus>* Watch(grpc::CallbackServerContext* context,
                                                 const v1::WatchRequest* request) override;
  grpc::ServerUnaryReactor* Pause(grpc::CallbackServerContext* context,
                                  const v1::PauseRequest* request, v1::RunStatus* status) override;
  grpc::ServerUnaryReactor* Resume(grpc::CallbackServerContext* context,
                                   const v1::ResumeRequest* request,
                                   v1::RunStatus* status) override;
  grpc::ServerUnaryReactor* Scale(grpc::CallbackServerContext* context,
                                  const v1::ScaleRequest* request, v1::RunStatus* status) override;
  grpc::ServerUnaryReactor* Stop(grpc::CallbackServerContext* context,
                                 const v1::StopRequest* request, v1::RunStatus* status) override;
  // Ends the watchers; calls that still come are answered Unavailable. Loop only.
  void Shutdown();

 private:
  class Watcher;
  // Does `action` on the loop, then answers with the run's status.
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, v1::RunStatus* status,
                                   absl::AnyInvocable<absl::Status()> action);
  void Tick(std::shared_ptr<Watcher> watcher);

  EventLoop& loop_;
  RunControl& control_;
  const std::function<void(const std::string& peer)> on_call_;
  bool shut_down_ = false;                        // loop only
  std::vector<std::weak_ptr<Watcher>> watchers_;  // loop only
};

}  // namespace lockstep::coordinator
