#include "coordinator/rpc/grpc_server.h"

#include <cstring>
#include <thread>

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "common/base/epoll_loop.h"
#include "coordinator/rpc/control_client.h"
#include "coordinator/rpc/reflection_service.h"

namespace lockstep::coordinator {
namespace {

using ::testing::HasSubstr;

class FakeControl final : public RunControl {
 public:
  v1::RunStatus Snapshot() const override {
    v1::RunStatus status;
    status.set_state(v1::RunStatus::RUNNING);
    status.set_vus(vus);
    status.set_stop_reason(stop_reason);
    return status;
  }
  SummaryGroup Groups() const override { return {}; }
  std::string SetupData() const override { return ""; }
  bool done() const override { return false; }
  absl::Status Pause() override { return absl::FailedPreconditionError("cannot pause"); }
  absl::Status Resume() override { return absl::OkStatus(); }
  absl::Status MayScaleAgents(int64_t) const override { return may_scale_agents; }
  absl::Status ScaleAgents(int64_t to) override {
    agents = to;
    return may_scale_agents;
  }
  absl::Status Scale(int64_t to, int64_t) override {
    if (may_scale.ok()) {
      vus = to;
    }
    return may_scale;
  }
  absl::Status Stop(Stopping) override { return absl::OkStatus(); }

  std::string stop_reason;
  absl::Status may_scale;
  absl::Status may_scale_agents;
  int64_t vus = 1;
  int64_t agents = 2;
};

class GrpcServerTest : public ::testing::Test {
 public:
  ~GrpcServerTest() override {
    loop_.Post([this] {
      server_.Shutdown();
      loop_.Stop();
    });
    thread_.join();
  }

 protected:
  GrpcServerTest() {
    EXPECT_TRUE(server_.Start({"127.0.0.1:0"}, nullptr, fleet_, control_).ok());
    address_ = absl::StrCat("127.0.0.1:", server_.port(0));
    channel_ = grpc::CreateChannel(address_, grpc::InsecureChannelCredentials());
    thread_ = std::thread([this] { loop_.Run(); });
  }

  // One message there, one back, on a stream, as bytes: these services' protocol files are not
  // installed.
  std::string Exchange(const std::string& method, const std::string& request) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    void* tag = nullptr;
    bool ok = false;
    auto call = stub.PrepareCall(&context, method, &queue);
    grpc::Slice slice(request);
    grpc::ByteBuffer answer;
    call->StartCall(nullptr);
    queue.Next(&tag, &ok);
    call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    queue.Next(&tag, &ok);
    call->Read(&answer, nullptr);
    queue.Next(&tag, &ok);
    std::vector<grpc::Slice> slices;
    std::string text;
    if (ok && answer.Dump(&slices).ok()) {
      for (const grpc::Slice& part : slices) {
        text.append(reinterpret_cast<const char*>(part.begin()), part.size());
      }
    }
    context.TryCancel();
    grpc::Status status;
    call->Finish(&status, nullptr);
    queue.Next(&tag, &ok);
    return text;
  }

  EpollLoop loop_;
  NullLogger log_;
  GrpcServer server_{loop_};
  Fleet fleet_{loop_, server_, log_, {.version = "1"}, [] { return std::string("session"); }};
  FakeControl control_;
  std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
  std::thread thread_;
};

TEST_F(GrpcServerTest, TheHealthServiceSaysServing) {
  // HealthCheckRequest {} -> HealthCheckResponse { status: SERVING (1) }, field 1.
  EXPECT_EQ(Exchange("/grpc.health.v1.Health/Check", ""), std::string("\x08\x01"));
}

TEST_F(GrpcServerTest, ReflectionListsTheServices) {
  // ServerReflectionRequest { list_services: "" }, field 7.
  const std::string answer = Exchange(
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", std::string("\x3a\x00", 2));
  EXPECT_THAT(answer, HasSubstr("lockstep.v1.Status"));
  EXPECT_THAT(answer, HasSubstr("grpc.health.v1.Health"));
}

TEST_F(GrpcServerTest, TheHealthOfEachServiceIsKnown) {
  for (const char* service : {"lockstep.v1.Coordinator", "lockstep.v1.Status"}) {
    // HealthCheckRequest { service }, field 1.
    EXPECT_EQ(
        Exchange("/grpc.health.v1.Health/Check",
                 absl::StrCat("\x0a", std::string(1, static_cast<char>(strlen(service))), service)),
        std::string("\x08\x01"))
        << service;
  }
}

// In both versions of the protocol: file_containing_symbol is field 4. The answer holds the
// descriptors of the file and of those that it imports.
TEST_F(GrpcServerTest, ReflectionDescribesAllServicesAndTheirMessages) {
  const std::pair<const char*, const char*> symbols[] = {
      {"lockstep.v1.Status", "lockstep/v1/status.proto"},
      {"lockstep.v1.Status.GetStatus", "lockstep/v1/services.proto"},
      {"lockstep.v1.Coordinator", "lockstep/v1/control.proto"},
      {"lockstep.v1.RunStatus", "lockstep/v1/health.proto"},
      {"grpc.health.v1.Health", "grpc/health/v1/health.proto"},
      {"grpc.reflection.v1.ServerReflection", "grpc/reflection/v1/reflection.proto"},
  };
  for (const char* version : {"v1", "v1alpha"}) {
    for (const auto& [symbol, file] : symbols) {
      const std::string answer = Exchange(
          absl::StrCat("/grpc.reflection.", version, ".ServerReflection/ServerReflectionInfo"),
          absl::StrCat("\x22", std::string(1, static_cast<char>(strlen(symbol))), symbol));
      EXPECT_THAT(answer, HasSubstr(file)) << version << " of " << symbol;
    }
  }
}

TEST(ReflectionServiceTest, AnswersEachKindOfQuestion) {
  const ReflectionService service({"a.B", "c.D"}, [](const std::string&) {});
  ReflectionService::Request request;
  request.set_list_services("");
  EXPECT_EQ(service.Answer(request).list_services_response().service_size(), 2);
  request.set_file_by_filename("lockstep/v1/services.proto");
  // Itself and the five that it imports, directly or not, descriptor.proto among them.
  EXPECT_EQ(service.Answer(request).file_descriptor_response().file_descriptor_proto_size(), 7);
  request.set_file_containing_symbol("no.such.Thing");
  EXPECT_EQ(service.Answer(request).error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_all_extension_numbers_of_type("google.protobuf.EnumValueOptions");
  EXPECT_EQ(service.Answer(request).all_extension_numbers_response().extension_number(0), 50015);
  auto* extension = request.mutable_file_containing_extension();
  extension->set_containing_type("google.protobuf.EnumValueOptions");
  extension->set_extension_number(50015);
  EXPECT_TRUE(service.Answer(request).has_file_descriptor_response());
  EXPECT_EQ(service.Answer({}).error_response().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(GrpcServerTest, ControlAnswersWithTheStatusAfterIt) {
  ControlClient client(address_, nullptr);
  absl::StatusOr<v1::RunStatus> status = client.Scale(7, -1, 0);
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->vus(), 7);
  EXPECT_EQ(control_.agents, 2);
  EXPECT_EQ(client.Pause().status(), absl::FailedPreconditionError("cannot pause"));
  ASSERT_TRUE(client.Scale(-1, -1, 5).ok());
  EXPECT_EQ(control_.agents, 5);
  EXPECT_EQ(control_.vus, 7);
}

TEST_F(GrpcServerTest, AgentsAndVusAreScaledTogetherOrNotAtAll) {
  ControlClient client(address_, nullptr);
  control_.may_scale = absl::FailedPreconditionError("no such scenario");
  EXPECT_EQ(client.Scale(7, -1, 5).status(), control_.may_scale);
  EXPECT_EQ(control_.agents, 2);
  control_.may_scale = absl::OkStatus();
  control_.may_scale_agents = absl::FailedPreconditionError("work does not move");
  EXPECT_EQ(client.Scale(7, -1, 5).status(), control_.may_scale_agents);
  EXPECT_EQ(control_.vus, 1);
}

TEST_F(GrpcServerTest, AStatusCanBeReadHoweverMuchItTells) {
  control_.stop_reason = std::string(size_t{6} << 20, 'x');
  ControlClient client(address_, nullptr);
  const absl::StatusOr<v1::RunStatus> status = client.GetStatus();
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->stop_reason(), control_.stop_reason);
}

TEST_F(GrpcServerTest, AStatusCanBeReadWhateverBytesItsTextsHave) {
  control_.stop_reason = "m\xFCnchen";
  ControlClient client(address_, nullptr);
  const absl::StatusOr<v1::RunStatus> status = client.GetStatus();
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->stop_reason(), "m\uFFFDnchen");
  std::string watched;
  EXPECT_TRUE(client
                  .Watch([&watched](const v1::RunStatus& seen) {
                    watched = seen.stop_reason();
                    return false;
                  })
                  .ok());
  EXPECT_EQ(watched, "m\uFFFDnchen");
}

TEST_F(GrpcServerTest, AWatchStreamsUntilTheServerEnds) {
  ControlClient client(address_, nullptr);
  int seen = 0;
  absl::Status watched = client.Watch([&](const v1::RunStatus& status) {
    EXPECT_EQ(status.state(), v1::RunStatus::RUNNING);
    return ++seen < 2;
  });
  EXPECT_TRUE(watched.ok()) << watched;
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace lockstep::coordinator
