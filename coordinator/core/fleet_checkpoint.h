// What a coordinator must remember of its agents' sessions, so that another process can go on with
// them: a value, as it is between two events of the loop.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lockstep/v1/control.pb.h"

#include "coordinator/core/ids.h"

namespace lockstep::coordinator {

// Never changes once it has a number, so that all copies share it: it may be large.
using SentMessage = std::shared_ptr<const v1::CoordinatorMessage>;

// A member's session.
struct SessionCheckpoint {
  AgentId agent{};
  std::string name = {};
  int64_t weight = 1;
  std::map<std::string, std::string> labels = {};
  int64_t process_id = 0;
  std::string session_id = {};
  std::string fingerprint = {};
  uint64_t sent = 0;                            // messages to it so far
  uint64_t received = 0;                        // messages of it so far
  std::deque<SentMessage> unacknowledged = {};  // of those sent
};

// Of these messages of a session it is known that they are on disk: numbers.
struct SessionMark {
  AgentId agent{};
  uint64_t sent = 0;
  uint64_t received = 0;
};

struct FleetCheckpoint {
  uint32_t last_id = 0;  // of the agents so far
  std::vector<SessionCheckpoint> sessions = {};
};

}  // namespace lockstep::coordinator
