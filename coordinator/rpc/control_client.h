// The other end of the status and control service, for `lockstep status`, pause, resume, scale and
// stop. Blocking.
#pragma once

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "lockstep/v1/status.pb.h"

#include "common/trust/credentials.h"

namespace lockstep::coordinator {

class ControlClient {
 public:
  // `address`: "host:port" or "unix:/path". Without `credentials` in plain text. Connects with the
  // first call.
  ControlClient(const std::string& address, const Credentials* credentials);
  ~ControlClient();

  // Unavailable, naming the address, if nobody answers within a few seconds; else what the
  // coordinator says.
  absl::StatusOr<v1::RunStatus> GetStatus();
  absl::StatusOr<v1::RunStatus> Pause();
  absl::StatusOr<v1::RunStatus> Resume();
  // -1: unchanged; `agents` 0: unchanged.
  absl::StatusOr<v1::RunStatus> Scale(int64_t vus, int64_t max_vus, int64_t agents);
  absl::StatusOr<v1::RunStatus> Stop(bool now);
  // One status a second until the run is done, the coordinator ends, or `on_status` returns false.
  absl::Status Watch(absl::FunctionRef<bool(const v1::RunStatus&)> on_status);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep::coordinator
