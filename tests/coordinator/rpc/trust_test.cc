// TLS between real ends: who is let in, who is not, and what each side then says.
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "lockstep/v1/services.grpc.pb.h"

#include "common/base/epoll_loop.h"
#include "common/base/version.h"
#include "common/rpc/channel.h"
#include "common/trust/authority.h"
#include "coordinator/rpc/control_client.h"
#include "coordinator/rpc/grpc_server.h"
#include "tests/support/collecting_logger.h"

namespace lockstep::coordinator {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr absl::Duration kDay = absl::Hours(24);

class NoControl final : public RunControl {
 public:
  v1::RunStatus Snapshot() const override {
    v1::RunStatus status;
    status.set_state(v1::RunStatus::RUNNING);
    return status;
  }
  SummaryGroup Groups() const override { return {}; }
  std::string SetupData() const override { return ""; }
  bool done() const override { return false; }
  absl::Status Pause() override { return absl::OkStatus(); }
  absl::Status Resume() override { return absl::OkStatus(); }
  absl::Status ScaleAgents(int64_t) override { return absl::OkStatus(); }
  absl::Status MayScaleAgents(int64_t) const override { return absl::OkStatus(); }
  absl::Status Scale(int64_t, int64_t) override { return absl::OkStatus(); }
  absl::Status Stop(Stopping) override { return absl::OkStatus(); }
};

class TrustTest : public ::testing::Test {
 public:
  ~TrustTest() override { Stop(); }

 protected:
  TrustTest() : now_(absl::Now()), ca_(MakeAuthority("fleet", 365 * kDay, now_).value()) {}

  Credentials Make(Role role, const std::string& name, const Credential& ca, absl::Time when,
                   const std::string& host = "127.0.0.1") const {
    const Credential issued =
        Issue(ca, {.role = role, .name = name, .hosts = {host}, .lifetime = 30 * kDay}, when)
            .value();
    return {.anchors = {ca_.certificate, revoked_},
            .certificate = issued.certificate,
            .key = issued.key,
            .token = "",
            .self = {}};
  }
  Credentials Make(Role role, const std::string& name) const { return Make(role, name, ca_, now_); }

  void Start(const Credentials& coordinator) {
    ASSERT_TRUE(server_.Start({"127.0.0.1:0"}, &coordinator, fleet_, control_).ok());
    address_ = absl::StrCat("127.0.0.1:", server_.port(0));
    thread_ = std::thread([this] { loop_.Run(); });
  }
  void Stop() {
    if (thread_.joinable()) {
      loop_.Post([this] {
        server_.Shutdown();
        loop_.Stop();
      });
      thread_.join();
    }
  }
  std::string StatusAs(const Credentials* credentials) {
    return std::string(ControlClient(address_, credentials).GetStatus().status().message());
  }
  // The answer to a session that opens with Join as this agent.
  std::string JoinAs(const Credentials& credentials) {
    auto stub = v1::Coordinator::NewStub(MakeChannel(address_, &credentials, {}));
    grpc::ClientContext context;
    auto stream = stub->Session(&context);
    v1::AgentMessage message;
    message.mutable_join()->set_name("ada");
    stream->Write(message);
    v1::CoordinatorMessage answer;
    const bool heard = stream->Read(&answer);
    if (heard) {
      context.TryCancel();
    }
    const std::string error = stream->Finish().error_message();
    return heard ? answer.refused().reason() : error;
  }
  // What the coordinator has said; ends it.
  std::vector<std::string> Said() {
    Stop();
    return log_.messages;
  }

  const absl::Time now_;
  const Credential ca_;
  std::string revoked_;
  EpollLoop loop_;
  lockstep::testing::CollectingLogger log_;
  NoControl control_;
  GrpcServer server_{loop_, /*reread_every=*/absl::Milliseconds(10)};
  Fleet fleet_{loop_, server_, log_, {.version = "1.2.3"}, [] { return std::string("id"); }};
  std::string address_;
  std::thread thread_;
};

TEST_F(TrustTest, OperatorsAskAndAgentsJoin) {
  Start(Make(Role::kCoordinator, "c1"));
  const Credentials eve = Make(Role::kOperator, "eve");
  EXPECT_EQ(StatusAs(&eve), "");
  // Past the gate: only the version is wrong.
  EXPECT_THAT(JoinAs(Make(Role::kAgent, "a1")), HasSubstr("the coordinator 1.2.3"));
  EXPECT_THAT(Said(), Contains(HasSubstr("refused a1 at 127.0.0.1:")));
}

TEST_F(TrustTest, NobodyDoesWhatIsNotOfTheirRole) {
  Start(Make(Role::kCoordinator, "c1"));
  const Credentials agent = Make(Role::kAgent, "a1");
  const std::string reason =
      "the certificate of 'a1': its organisational unit (OU) is 'agent': expected operator";
  EXPECT_EQ(StatusAs(&agent), "the coordinator refused: " + reason);
  EXPECT_THAT(JoinAs(Make(Role::kOperator, "eve")),
              HasSubstr("the certificate of 'eve': its organisational unit (OU) is 'operator'"));
  EXPECT_THAT(Said(), Contains(HasSubstr(": " + reason)));
}

TEST_F(TrustTest, ExpiredForeignAndRevokedClientsHearWhy) {
  const Credentials revoked = Make(Role::kOperator, "rob");
  revoked_ = Revoke(ca_, "", revoked.certificate, now_).value();
  Start(Make(Role::kCoordinator, "c1"));
  const Credentials expired = Make(Role::kOperator, "old", ca_, now_ - 40 * kDay);
  EXPECT_THAT(StatusAs(&expired), HasSubstr("the certificate of 'old': expired on 20"));
  const Credentials foreign =
      Make(Role::kOperator, "eve", MakeAuthority("fleet", 365 * kDay, now_).value(), now_);
  EXPECT_EQ(StatusAs(&foreign),
            "the coordinator refused: the certificate of 'eve': not signed by this fleet's "
            "authority");
  EXPECT_EQ(StatusAs(&revoked), "the coordinator refused: the certificate of 'rob': revoked");
  const Credentials good = Make(Role::kOperator, "eva");
  EXPECT_EQ(StatusAs(&good), "");
  const std::vector<std::string> said = Said();
  EXPECT_THAT(
      said,
      Contains(::testing::MatchesRegex(
          "refused a peer, it seems 127.0.0.1:[0-9]+: the certificate of 'old': expired on.*")));
  EXPECT_THAT(
      said,
      Contains(HasSubstr(": the certificate of 'eve': not signed by this fleet's authority")));
  EXPECT_THAT(said, Contains(HasSubstr(": the certificate of 'rob': revoked")));
}

// The list changes while the coordinator runs: the session of the one who is on it ends, and nobody
// else's.
TEST_F(TrustTest, ARevocationReachesSessionsThatAreOpen) {
  const std::string file = ::testing::TempDir() + "trust-revoked.crl";
  std::filesystem::remove(file);
  Credentials coordinator = Make(Role::kCoordinator, "c1");
  coordinator.revoked_file = file;
  fleet_.SetEvents({
      .may_join = [](const v1::Join&) { return absl::OkStatus(); },
      .on_joined = [](AgentId) {},
      .on_message = [](AgentId, const v1::AgentMessage&) { return absl::OkStatus(); },
      .on_batch = [](AgentId, const v1::BatchMessage&) { return absl::OkStatus(); },
      .on_lost = [](const AgentRecord&, const absl::Status&) {},
  });
  Start(coordinator);
  const Credentials bad = Make(Role::kAgent, "bad");
  const Credentials good = Make(Role::kAgent, "good");
  v1::CoordinatorMessage message;
  const auto join = [&](const Credentials& who, const std::string& name,
                        grpc::ClientContext* context) {
    auto stream = v1::Coordinator::NewStub(MakeChannel(address_, &who, {}))->Session(context);
    v1::AgentMessage hello;
    hello.mutable_join()->set_protocol(kProtocolVersion);
    hello.mutable_join()->set_version("1.2.3");
    hello.mutable_join()->set_name(name);
    stream->Write(hello);
    EXPECT_TRUE(stream->Read(&message));
    EXPECT_TRUE(message.has_welcome());
    return stream;
  };
  grpc::ClientContext of_bad;
  grpc::ClientContext of_good;
  auto bad_stream = join(bad, "bad", &of_bad);
  auto good_stream = join(good, "good", &of_good);
  {
    std::ofstream list(file + ".new");
    list << Revoke(ca_, "", bad.certificate, now_).value();
  }
  std::filesystem::rename(file + ".new", file);
  ASSERT_TRUE(bad_stream->Read(&message));
  EXPECT_THAT(message.goodbye().reason(), HasSubstr("the certificate of 'bad': revoked"));
  EXPECT_FALSE(bad_stream->Read(&message));
  bad_stream->Finish();
  v1::AgentMessage probe;
  probe.mutable_clock_probe()->set_id(1);
  good_stream->Write(probe);
  ASSERT_TRUE(good_stream->Read(&message));
  EXPECT_TRUE(message.has_clock_answer());
  of_good.TryCancel();
  good_stream->Finish();
  EXPECT_THAT(JoinAs(bad), HasSubstr("the certificate of 'bad': revoked"));
}

TEST_F(TrustTest, AClientWithoutACertificateHearsThatItNeedsOne) {
  Start(Make(Role::kCoordinator, "c1"));
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ca_.certificate;
  auto stub = v1::Status::NewStub(grpc::CreateChannel(address_, grpc::SslCredentials(options)));
  grpc::ClientContext context;
  v1::RunStatus status;
  EXPECT_EQ(stub->GetStatus(&context, {}, &status).error_message(),
            "the coordinator refused: no certificate");
  EXPECT_THAT(Said(), Contains(::testing::MatchesRegex(
                          "refused a peer, it seems 127.0.0.1:[0-9]+: no certificate")));
}

TEST_F(TrustTest, AnOversizeMessageEndsItsStreamAndNoOther) {
  Start(Make(Role::kCoordinator, "c1"));
  const Credentials agent = Make(Role::kAgent, "a1");
  auto stub = v1::Coordinator::NewStub(MakeChannel(address_, &agent, {}));
  grpc::ClientContext context;
  auto stream = stub->Session(&context);
  v1::AgentMessage message;
  // More than a piece, from a stranger.
  message.mutable_join()->set_name(std::string(600 << 10, 'x'));
  stream->Write(message);
  v1::CoordinatorMessage answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(JoinAs(agent), HasSubstr("the coordinator 1.2.3"));
}

TEST_F(TrustTest, PlainTextIsRefusedAndTold) {
  Start(Make(Role::kCoordinator, "c1"));
  EXPECT_THAT(StatusAs(nullptr), HasSubstr("it seems to speak TLS, which needs --credentials"));
  EXPECT_THAT(Said(), Contains(HasSubstr("it does not speak TLS")));
}

TEST_F(TrustTest, ClientsRefuseACoordinatorThatIsNone) {
  const Credentials operator_of_fleet = Make(Role::kOperator, "eve");
  const auto answer = [&](const Credentials& coordinator) {
    GrpcServer server(loop_);
    EXPECT_TRUE(server.Start({"127.0.0.1:0"}, &coordinator, fleet_, control_).ok());
    const std::string address = absl::StrCat("127.0.0.1:", server.port(0));
    std::promise<std::string> heard;
    std::thread client([&] {
      heard.set_value(
          std::string(ControlClient(address, &operator_of_fleet).GetStatus().status().message()));
      loop_.Stop();
    });
    loop_.Run();
    client.join();
    server.Shutdown();
    return heard.get_future().get();
  };
  EXPECT_THAT(
      answer(Make(Role::kCoordinator, "c1", MakeAuthority("x", kDay * 99, now_).value(), now_)),
      HasSubstr("the certificate of 'c1': not signed by this fleet's authority"));
  EXPECT_THAT(answer(Make(Role::kCoordinator, "c1", ca_, now_ - 40 * kDay)),
              HasSubstr("the certificate of 'c1': expired on"));
  EXPECT_THAT(answer(Make(Role::kCoordinator, "c1", ca_, now_, "10.0.0.1")),
              HasSubstr("the certificate of 'c1': not made for host 127.0.0.1"));
  EXPECT_THAT(answer(Make(Role::kAgent, "a1")),  // an agent that plays coordinator
              HasSubstr("the certificate of 'a1': "));
  EXPECT_EQ(answer(Make(Role::kCoordinator, "c1")), "");
}

}  // namespace
}  // namespace lockstep::coordinator
