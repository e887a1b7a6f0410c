#include "agent/grpc/reflection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/grpc/schema.h"
#include "tests/agent/grpc/grpc_fixture.h"

namespace lockstep::agent {
namespace {

using lockstep::testing::GrpcServer;
using ::testing::HasSubstr;

class ReflectionTest : public GrpcTest {
 protected:
  absl::StatusOr<std::vector<std::string>> Reflect(const GrpcServer& server,
                                                   const GrpcMetadata& metadata = {}) {
    const auto channel = Connect(server);
    absl::StatusOr<std::vector<std::string>> files = absl::UnknownError("not called");
    bool done = false;
    const auto work =
        StartReflection(*engine_, *channel, metadata, absl::Seconds(20), [&](auto found) {
          files = std::move(found);
          done = true;
        });
    Until([&] { return done; });
    return files;
  }
  void ExpectDesk(const absl::StatusOr<std::vector<std::string>>& files) {
    ASSERT_TRUE(files.ok()) << files.status();
    EXPECT_EQ(2u, files->size());  // the service's file and the one that it imports
    const auto schema = ProtoSchema::FromFiles(*files);
    ASSERT_TRUE(schema.ok()) << schema.status();
    EXPECT_NE(nullptr, (*schema)->Find("/suite.Desk/Greet"));
  }
};

TEST_F(ReflectionTest, AsksForServicesFilesAndImports) {
  ExpectDesk(Reflect(*GrpcServer::Start({.reflection_v1 = true})));
}

TEST_F(ReflectionTest, FallsBackToTheOlderVersion) {
  const auto server = GrpcServer::Start({.reflection_v1alpha = true});
  ExpectDesk(Reflect(*server));
  EXPECT_EQ(1, server->calls().at("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"));
  EXPECT_EQ(1,
            server->calls().at("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"));
}

TEST_F(ReflectionTest, SendsMetadata) {
  const auto server = GrpcServer::Start({.reflection_v1 = true, .reflection_needs = "x-key"});
  EXPECT_THAT(std::string(Reflect(*server).status().message()), HasSubstr("who are you?"));
  ExpectDesk(Reflect(*server, {{"x-key", "me"}}));
}

TEST_F(ReflectionTest, AServerWithoutItSaysSo) {
  EXPECT_THAT(
      std::string(Reflect(*GrpcServer::Start()).status().message()),
      HasSubstr(
          "error invoking reflect API: rpc error: code = Unimplemented desc = unknown service"));
}

}  // namespace
}  // namespace lockstep::agent
