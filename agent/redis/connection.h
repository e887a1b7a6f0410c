// One connection to a Redis, opened by the first command and again by the first one after it has
// ended. Commands follow each other without waiting for replies, which come in their order.
//
// Everything happens on the worker's loop.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "agent/http/byte_stream.h"
#include "agent/redis/resp.h"
#include "common/base/event_loop.h"
#include "common/base/timer.h"

namespace lockstep::agent {

// Commands of one connection without a reply; more are refused.
inline constexpr size_t kMostWaiting = 100000;

// What connections work with; outlives them.
struct RedisEnv {
  StreamClient& streams;
  ConnectionPool& pool;
  EventLoop& loop;
  absl::AnyInvocable<void(int64_t sent, int64_t received)> count_bytes;
};

class RedisConnection final : private StreamListener {
 public:
  // A reply, which may be an error of the server's; or why there is none: see StreamListener, and
  // DeadlineExceeded.
  using Done = absl::AnyInvocable<void(absl::StatusOr<RespValue>)>;
  using Command = std::vector<std::string>;

  struct Settings {
    StreamTarget target;
    std::vector<Command> greeting;  // sent first; if the server refuses one, there is no connection
    absl::Duration read_timeout = absl::InfiniteDuration();
  };

  RedisConnection(RedisEnv& env, Settings settings) : env_(env), settings_(std::move(settings)) {}
  // Without telling those who wait.
  ~RedisConnection() override;
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // `done` is called once, in a later turn of the loop; it may send, but not destroy the
  // connection. Not OK: it is not called.
  // ResourceExhausted: too much waits already; Unavailable: the connection has just ended.
  absl::Status Send(const Command& command, Done done);

 private:
  struct Waiting {
    Done done;
    MonoTime sent;
    bool greeting = false;
  };

  void OnOpen() override;
  void OnBytes(absl::string_view bytes) override;
  void OnEnd(absl::Status why) override;

  void Open();
  void Expect(Done done, bool greeting);
  // Hands `reply` to whom it is for. Not OK: it ends the connection.
  absl::Status Deliver(RespValue reply);
  // The connection is over; all that wait are told why.
  void Fail(const absl::Status& why);
  void ArmTimer();
  void CountBytes();

  RedisEnv& env_;
  const Settings settings_;
  std::unique_ptr<ByteStream> stream_;  // null: the next command opens one
  bool open_ = false;
  std::string unsent_;  // commands from before it was open
  RespReader reader_;
  std::deque<Waiting> waiting_;
  Timer timer_{env_.loop};
  int64_t counted_sent_ = 0, counted_received_ = 0;
};

}  // namespace lockstep::agent
