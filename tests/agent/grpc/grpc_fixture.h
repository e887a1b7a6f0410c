// A loop with an engine, a server, and functions that wait for what they start.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "agent/grpc/call.h"
#include "agent/grpc/channel.h"
#include "agent/grpc/engine.h"
#include "agent/grpc/proto_compiler.h"
#include "agent/net/multi_loop.h"
#include "common/base/check.h"
#include "tests/support/grpc_server.h"
#include "tests/support/turn_until.h"

namespace lockstep::agent {

class GrpcTest : public ::testing::Test {
 public:
  ~GrpcTest() override { engine_.reset(); }

 protected:
  // Restarts the engine with these options.
  void UseNetwork(NetOptions options) {
    engine_.reset();
    loop_.reset();
    network_ = *Network::Make(std::move(options));
    loop_ = std::make_unique<MultiLoop>(*network_);
    engine_ = std::make_unique<GrpcEngine>(*loop_, *network_);
  }
  GrpcTest() {
    UseNetwork({});
    auto schema = CompileProtos({"desk.proto"}, [](const std::string&) {
      return absl::StatusOr<std::string>(lockstep::testing::kDeskProto);
    });
    LOCKSTEP_CHECK(schema.ok());
    schema_ = *std::move(schema);
  }

  absl::StatusOr<std::shared_ptr<GrpcChannel>> Connect(GrpcConnectSpec spec) {
    absl::StatusOr<std::shared_ptr<GrpcChannel>> channel = absl::UnknownError("not called");
    bool done = false;
    const auto work = StartConnect(*engine_, std::move(spec), [&](auto connected) {
      channel = std::move(connected);
      done = true;
    });
    Until([&] { return done; });
    return channel;
  }
  std::shared_ptr<GrpcChannel> Connect(const lockstep::testing::GrpcServer& server) {
    auto channel = Connect({.address = server.address(), .plaintext = true});
    LOCKSTEP_CHECK(channel.ok());
    return *channel;
  }

  std::string Request(const std::string& json) {
    return *schema_->Encode(*schema_->PrototypeOf("suite.Ask"), json);
  }
  std::string Answer(const std::string& bytes) {
    return *schema_->Decode(*schema_->PrototypeOf("suite.Answer"), bytes);
  }
  GrpcResult Greet(const GrpcChannel& channel, const std::string& json,
                   absl::Duration timeout = absl::Seconds(20), GrpcMetadata metadata = {}) {
    GrpcResult result;
    bool done = false;
    const auto call = StartUnary(
        *engine_, channel,
        {.path = "/suite.Desk/Greet", .metadata = std::move(metadata), .timeout = timeout},
        Request(json), [&](GrpcResult got) {
          result = std::move(got);
          done = true;
        });
    Until([&] { return done; });
    return result;
  }
  template <class Condition>
  void Until(Condition condition) {
    lockstep::testing::TurnUntil(*loop_, condition);
  }

  std::unique_ptr<Network> network_;
  std::unique_ptr<MultiLoop> loop_;
  std::unique_ptr<GrpcEngine> engine_;
  std::unique_ptr<const ProtoSchema> schema_;
};

// The values of one name.
inline std::vector<std::string> ValuesOf(const GrpcMetadata& metadata, const std::string& name) {
  std::vector<std::string> values;
  for (const auto& [key, value] : metadata) {
    if (key == name) {
      values.push_back(value);
    }
  }
  return values;
}

// Keeps what happens to a stream, in order.
class StreamLog final : public GrpcStreamListener {
 public:
  void OnHeaders(const GrpcMetadata&) override { events.push_back("headers"); }
  void OnMessage(std::string bytes) override {
    events.push_back("message");
    messages.push_back(std::move(bytes));
  }
  void OnSent() override { ++sent; }
  void OnEnd(GrpcResult got) override {
    result = std::move(got);
    over = true;
  }
  std::vector<std::string> events, messages;
  int sent = 0;
  bool over = false;
  GrpcResult result;
};

}  // namespace lockstep::agent
