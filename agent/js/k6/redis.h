// The module `k6/x/redis`, which was `k6/experimental/redis`: the class Client, whose methods
// return promises.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <v8.h>

#include "agent/js/k6/api_vu.h"
#include "agent/redis/client.h"

namespace lockstep::agent {

// Clients of one VU; more are refused, as each may have connections.
inline constexpr size_t kMostRedisClients = 1000;

class RedisModule final : public VuPart {
 public:
  // Both outlive the module, the module the scripts that use it.
  RedisModule(ApiVu& vu, StreamClient& streams);
  ~RedisModule() override;

  v8::Local<v8::Object> MakeExports(Context context);

  // Forgets commands that nobody waits for any longer, with their connections, and closes those of
  // clients that were made in the iteration.
  void EndIteration() override;

  ApiVu& vu() { return vu_; }
  // The number of a new client.
  uint64_t Open(RedisOptions options);
  bool full() const { return clients_.size() >= kMostRedisClients; }
  // Returns the promise of the reply to the function's caller.
  void Do(const Info& info, uint64_t client, RedisClient::Command command,
          std::optional<size_t> key);

 private:
  struct Opened {
    std::unique_ptr<RedisClient> client;
    std::string shown;  // "host:port" of the first server, which the table of errors names
    bool in_init = false;
    size_t waiting = 0;  // commands without a reply
  };

  ApiVu& vu_;
  RedisEnv env_;
  std::map<uint64_t, Opened> clients_;
  uint64_t last_ = 0;
};

}  // namespace lockstep::agent
