// What a script says of a Redis that it wants to use, in k6's options or as a URL.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "agent/http/byte_stream.h"

namespace lockstep::agent {

struct RedisOptions {
  // One server; of a cluster, and of sentinels, those that are asked first.
  std::vector<StreamTarget> servers;
  std::string username, password;
  std::string client_name;
  int64_t database = 0;                            // not with a cluster
  absl::Duration read_timeout = absl::Seconds(3);  // for each reply; infinite: none

  bool cluster = false;
  int64_t max_redirects = 3;  // of a command that a cluster sends elsewhere

  std::string master_name;  // not empty: `servers` are sentinels
  std::string sentinel_username, sentinel_password;
};

inline constexpr int kRedisPort = 6379;
inline constexpr absl::Duration kRedisDialTimeout = absl::Seconds(5);

// redis[s]://[[user][:password]@]host[:port][/database]; the rest has its defaults. InvalidArgument
// says what is wrong, without the password.
absl::StatusOr<RedisOptions> ParseRedisUrl(absl::string_view text);

// k6's options as JSON, in which buffers are texts. What concerns pools is checked and has no
// effect: a client has one connection for each server. InvalidArgument names all that is wrong,
// each with key, value and what is allowed.
absl::StatusOr<RedisOptions> ParseRedisOptions(const std::string& json);

}  // namespace lockstep::agent
