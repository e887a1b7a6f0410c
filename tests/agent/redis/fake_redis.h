// Streams that lead nowhere: a test plays the servers. Everything happens when the test says so.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "agent/http/client.h"
#include "agent/redis/client.h"
#include "agent/redis/connection.h"
#include "tests/support/sim_loop.h"

namespace lockstep::agent {

// The network: streams by "host:port", the newest of each.
class FakeNet final : public StreamClient {
 public:
  class Stream final : public ByteStream {
   public:
    Stream(FakeNet& net, std::string address, StreamListener& told)
        : listener(told), net_(net), address_(std::move(address)) {
      net_.streams[address_] = this;
    }
    ~Stream() override {
      net_.closed.push_back(address_);
      if (net_.streams[address_] == this) {
        net_.streams.erase(address_);
      }
    }
    bool Write(absl::string_view bytes) override {
      if (refuses) {
        return false;
      }
      reader.Feed(bytes);
      sent += static_cast<int64_t>(bytes.size());
      return true;
    }
    int64_t bytes_sent() const override { return sent; }
    int64_t bytes_received() const override { return received; }

    // The commands since the last call, each as its words.
    std::vector<std::string> Commands() {
      std::vector<std::string> commands;
      for (;;) {
        const absl::StatusOr<std::optional<RespValue>> command = reader.Next();
        if (!command.ok() || !command->has_value()) {
          return commands;
        }
        commands.push_back(absl::StrJoin(
            (*command)->elements, " ",
            [](std::string* out, const RespValue& word) { absl::StrAppend(out, word.text); }));
      }
    }
    void Reply(absl::string_view bytes) {
      received += static_cast<int64_t>(bytes.size());
      listener.OnBytes(bytes);
    }

    StreamListener& listener;
    RespReader reader;
    bool refuses = false;
    int64_t sent = 0, received = 0;

   private:
    FakeNet& net_;
    const std::string address_;
  };

  std::unique_ptr<ByteStream> OpenStream(ConnectionPool&, StreamTarget target,
                                         StreamListener& listener) override {
    last_target = target;
    return std::make_unique<Stream>(*this, absl::StrCat(target.host, ":", target.port), listener);
  }

  Stream& At(const std::string& address) {
    EXPECT_TRUE(streams.count(address) == 1) << "nobody has connected to " << address;
    return *streams.at(address);
  }

  std::map<std::string, Stream*> streams;
  std::vector<std::string> closed;
  StreamTarget last_target;
};

class FakePool final : public ConnectionPool {
 public:
  void Clear() override {}
};

class RedisTest : public ::testing::Test {
 protected:
  // Opens the newest stream to `address`.
  FakeNet::Stream& Open(const std::string& address) {
    FakeNet::Stream& stream = net_.At(address);
    stream.listener.OnOpen();
    return stream;
  }
  // Writes the outcome into replies_: "text", ":5", "-error", "[a,b]", "nil", "!why".
  RedisConnection::Done Note() {
    return [this](absl::StatusOr<RespValue> reply) {
      replies_.push_back(reply.ok() ? Show(*reply)
                                    : absl::StrCat("!", std::string(reply.status().message())));
    };
  }
  static std::string Show(const RespValue& value) {
    switch (value.kind) {
      case RespValue::Kind::kNull:
        return "nil";
      case RespValue::Kind::kText:
        return value.text;
      case RespValue::Kind::kError:
        return absl::StrCat("-", value.text);
      case RespValue::Kind::kInteger:
        return absl::StrCat(":", value.integer);
      case RespValue::Kind::kArray:
        break;
    }
    return absl::StrCat("[",
                        absl::StrJoin(value.elements, ",",
                                      [](std::string* out, const RespValue& element) {
                                        absl::StrAppend(out, Show(element));
                                      }),
                        "]");
  }

  lockstep::testing::SimLoop loop_;
  FakeNet net_;
  FakePool pool_;
  int64_t sent_ = 0, received_ = 0;
  RedisEnv env_{.streams = net_,
                .pool = pool_,
                .loop = loop_,
                .count_bytes = [this](int64_t sent, int64_t received) {
                  sent_ += sent;
                  received_ += received;
                }};
  std::vector<std::string> replies_;
};

}  // namespace lockstep::agent
