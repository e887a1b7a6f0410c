#include "coordinator/rpc/grpc_server.h"

#include <thread>

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "common/base/epoll_loop.h"
#include "coordinator/rpc/control_client.h"

namespace lockstep::coordinator {
namespace {

using testing::HasSubstr;

class SilentLogger final : public Logger {
 public:
  void Write(LogRecord) override {}
};

class FakeControl final : public RunControl {
 public:
  v1::RunStatus Snapshot() const override {
    v1::RunStatus status;
    status.set_state(v1::RunStatus::RUNNING);
    status.set_vus(vus);
    return status;
  }
  SummaryGroup Groups() const override { return {}; }
  std::string SetupData() const override { return ""; }
  bool done() const override { return false; }
  absl::Status Pause() override { return absl::FailedPreconditionError("cannot pause"); }
  absl::Status Resume() override { return absl::OkStatus(); }
  absl::Status Scale(int64_t to, int64_t) override {
    vus = to;
    return absl::OkStatus();
  }
  absl::Status Stop(bool) override { return absl::OkStatus(); }

  int64_t vus = 1;
};

class GrpcServerTest : public testing::Test {
 protected:
  GrpcServerTest() {
    EXPECT_TRUE(server_.Start({"127.0.0.1:0"}, nullptr, fleet_, control_).ok());
    address_ = absl::StrCat("127.0.0.1:", server_.port(0));
    channel_ = grpc::CreateChannel(address_, grpc::InsecureChannelCredentials());
    thread_ = std::thread([this] { loop_.Run(); });
  }
  ~GrpcServerTest() override {
    loop_.Post([this] {
      server_.Shutdown();
      loop_.Stop();
    });
    thread_.join();
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
  SilentLogger log_;
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

TEST_F(GrpcServerTest, ControlAnswersWithTheStatusAfterIt) {
  ControlClient client(address_, nullptr);
  absl::StatusOr<v1::RunStatus> status = client.Scale(7, -1);
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->vus(), 7);
  EXPECT_EQ(client.Pause().status(), absl::FailedPreconditionError("cannot pause"));
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
