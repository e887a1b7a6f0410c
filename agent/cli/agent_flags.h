// The command line of `lockstep-agent`, as plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "common/base/environment.h"
#include "common/base/exit_code.h"

namespace lockstep::agent {

struct AgentFlags {
  std::string coordinator;       // "host:port" or "unix:/path"
  bool insecure = false;         // plain text, to an address that is not a Unix socket
  std::string credentials;       // folder; empty: from variables, or plain text
  std::string coordinator_name;  // in its certificate; empty: the address's host
  std::string name;              // default: the host's name and the process id
  int64_t weight = 1;            // 1 to kMostWeight
  std::map<std::string, std::string> labels;
  std::string metrics_address;  // "HOST:PORT" to serve metrics and health on; empty: none
  bool once = false;            // one run, and no endless waiting for a coordinator
  int64_t parent = 0;           // process to die with; 0: none
  int64_t workers = 0;          // worker threads, 1 to 1024; 0: one for each processor to run on
  bool verbose = false;
  std::vector<std::string> warnings;  // of variables
};

// There is nothing (more) to do: help or the version was asked for, or the command line is wrong.
struct AgentFlagsExit {
  ExitCode code = ExitCode::kSuccess;
  std::string output;  // for stdout
  std::string error;   // a line a mistake: the flag, the value and what is allowed
};

// `args` without the program's name. On one thread at a time.
std::variant<AgentFlags, AgentFlagsExit> ParseAgentFlags(const std::vector<std::string>& args,
                                                         const Environment& environment);

}  // namespace lockstep::agent
