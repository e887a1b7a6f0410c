#include "coordinator/rpc/control_client.h"

#include <chrono>

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "lockstep/v1/services.grpc.pb.h"

#include "common/base/message_limits.h"
#include "common/rpc/channel.h"

namespace lockstep::coordinator {
namespace {

constexpr std::chrono::seconds kAnswerWithin(5);

}  // namespace

struct ControlClient::Impl {
  std::string address;
  bool tls = false;
  std::unique_ptr<v1::Status::Stub> stub;

  absl::Status Result(const grpc::Status& status) const {
    absl::Status explained = Explain(status, tls);
    return absl::IsUnavailable(explained) || absl::IsDeadlineExceeded(explained)
               ? absl::UnavailableError(absl::StrCat("cannot reach a coordinator at ", address,
                                                     ": ", explained.message()))
               : explained;
  }

  template <class Request>
  absl::StatusOr<v1::RunStatus> Call(grpc::Status (v1::Status::Stub::*method)(grpc::ClientContext*,
                                                                              const Request&,
                                                                              v1::RunStatus*),
                                     const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kAnswerWithin);
    v1::RunStatus answer;
    if (absl::Status status = Result((*stub.*method)(&context, request, &answer)); !status.ok()) {
      return status;
    }
    return answer;
  }
};

ControlClient::ControlClient(const std::string& address, const Credentials* credentials)
    : impl_(std::make_unique<Impl>()) {
  impl_->address = address;
  impl_->tls = credentials != nullptr;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(kMostMessageBytes + kPieceOverheadBytes));
  impl_->stub = v1::Status::NewStub(MakeChannel(address, credentials, arguments));
}

ControlClient::~ControlClient() = default;

absl::StatusOr<v1::RunStatus> ControlClient::GetStatus() {
  return impl_->Call(&v1::Status::Stub::GetStatus, v1::GetStatusRequest());
}

absl::StatusOr<v1::RunStatus> ControlClient::Pause() {
  return impl_->Call(&v1::Status::Stub::Pause, v1::PauseRequest());
}

absl::StatusOr<v1::RunStatus> ControlClient::Resume() {
  return impl_->Call(&v1::Status::Stub::Resume, v1::ResumeRequest());
}

absl::StatusOr<v1::RunStatus> ControlClient::Scale(int64_t vus, int64_t max_vus, int64_t agents) {
  v1::ScaleRequest request;
  request.set_vus(vus);
  request.set_max_vus(max_vus);
  request.set_agents(agents);
  return impl_->Call(&v1::Status::Stub::Scale, request);
}

absl::StatusOr<v1::RunStatus> ControlClient::Stop(bool now) {
  v1::StopRequest request;
  request.set_now(now);
  return impl_->Call(&v1::Status::Stub::Stop, request);
}

absl::Status ControlClient::Watch(absl::FunctionRef<bool(const v1::RunStatus&)> on_status) {
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<v1::RunStatus>> reader =
      impl_->stub->Watch(&context, v1::WatchRequest());
  v1::RunStatus status;
  while (reader->Read(&status)) {
    if (!on_status(status)) {
      context.TryCancel();
      reader->Finish();
      return absl::OkStatus();
    }
  }
  return impl_->Result(reader->Finish());
}

}  // namespace lockstep::coordinator
