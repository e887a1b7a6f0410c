// A script's Redis client: sends each command to the server that it belongs to. With one server,
// that one; with sentinels, the master that they name; with a cluster, the node that has the
// command's key, with redirections followed.
//
// Everything happens on the worker's loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "agent/redis/connection.h"
#include "agent/redis/options.h"
#include "agent/redis/slots.h"

namespace lockstep::agent {

class RedisClient {
 public:
  using Done = RedisConnection::Done;
  using Command = RedisConnection::Command;

  // `env` outlives the client.
  RedisClient(RedisEnv& env, RedisOptions options);
  ~RedisClient();
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  // `key`: which of the command's words is the key that decides about the node; nothing: any node
  // will do. `done` is called once, in a later turn of the loop, with the reply or why there is
  // none.
  void Do(Command command, std::optional<size_t> key, Done done);
  // Closes all connections; whoever waits is not told. Commands may follow, over new ones.
  void Close();

 private:
  struct Call {
    Command command;
    std::optional<size_t> key;
    Done done;
    int64_t redirects = 0;
  };
  using CallPointer = std::shared_ptr<Call>;

  RedisConnection& ConnectionTo(const RedisNode& node, bool sentinel);
  // Sends `command` and hands on what comes of it, also if it cannot be sent.
  void SendTo(const RedisNode& node, bool sentinel, const Command& command, Done done);
  void Route(const CallPointer& call);
  // Asks the server number `from`, or one after it, for what is not known yet: the master or the
  // cluster's slots.
  void Learn(size_t from);
  // What server number `from` said. Not OK: it is of no use.
  absl::Status TakeLesson(const absl::StatusOr<RespValue>& reply, size_t from);
  void Learned(const absl::Status& status);
  // A cluster's reply: a redirection is followed.
  void OnReply(const CallPointer& call, absl::StatusOr<RespValue> reply);
  bool Redirect(const CallPointer& call, const RespValue& reply);

  RedisEnv& env_;
  const RedisOptions options_;
  std::map<std::string, std::unique_ptr<RedisConnection>> connections_;  // by "host:port"
  std::optional<RedisNode> master_;                                      // of sentinels
  std::optional<SlotMap> slots_;                                         // of a cluster
  std::vector<CallPointer> learning_;  // calls that wait for one of these
  // Tells what was posted to the loop whether this still lives.
  const std::shared_ptr<bool> here_ = std::make_shared<bool>(true);
};

}  // namespace lockstep::agent
