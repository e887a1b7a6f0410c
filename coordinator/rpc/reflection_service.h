// Server reflection in its version 1: what grpcurl and others ask to learn of the services. The
// packaged library answers v1alpha; both from the same descriptors.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "grpc/reflection/v1/reflection.grpc.pb.h"

namespace lockstep::coordinator {

class ReflectionService final : public grpc::reflection::v1::ServerReflection::CallbackService {
 public:
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;

  // `services`: full names, to be listed. `on_call` hears of each call's peer, in gRPC's words, on
  // gRPC's threads.
  ReflectionService(std::vector<std::string> services,
                    std::function<void(const std::string& peer)> on_call)
      : services_(std::move(services)), on_call_(std::move(on_call)) {}

  grpc::ServerBidiReactor<Request, Response>* ServerReflectionInfo(
      grpc::CallbackServerContext* context) override;

  // What `request` is answered with.
  Response Answer(const Request& request) const;

 private:
  class Stream;

  const std::vector<std::string> services_;
  const std::function<void(const std::string& peer)> on_call_;
};

}  // namespace lockstep::coordinator
