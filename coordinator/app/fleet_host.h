// Where a run's agents come from: the door for those that join, and on this machine, if nobody is
// to come from elsewhere, agents that are started here.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/environment.h"
#include "common/base/epoll_loop.h"
#include "common/base/log.h"
#include "common/trust/credentials.h"
#include "coordinator/app/local_agents.h"
#include "coordinator/app/private_folder.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/run.h"
#include "coordinator/rpc/grpc_server.h"

namespace lockstep::coordinator {

// Loop-bound.
class FleetHost {
 public:
  struct Settings {
    // Empty: agents are started here and reached over a Unix socket.
    std::string listen = {};
    std::string listen_source = {};               // the flag or variable that says so
    std::optional<Credentials> credentials = {};  // of a `listen` address; none: plain text
    absl::Duration lease = kLease;
    int64_t agents = 1;            // that are waited for, or started
    Environment environment = {};  // names the folder of that socket
  };

  // `loop` and `logger` are borrowed.
  FleetHost(EpollLoop& loop, Settings settings, Logger& logger);

  Fleet& fleet() { return fleet_; }
  // Where it listens, once Start has begun: "127.0.0.1:7411" or "unix:/path".
  const std::string& address() const { return address_; }

  // Opens the door, and starts agents if they are not to come from elsewhere. `run` hears of those
  // that die before they have joined.
  absl::Status Start(RunControl& control, Run& run);

  // Lets the agents hear that they are dismissed, and local ones end by themselves, for a moment;
  // then stops the loop.
  void Farewell();

  // After the loop's run: ends all connections and local agents.
  void Shutdown();
  // The same for a process that ends at once, without destructors.
  void Abandon();

 private:
  bool local() const { return settings_.listen.empty(); }
  absl::Status Listen(RunControl& control);
  absl::Status StartAgents(Run& run);
  void StopIfAlone();

  EpollLoop& loop_;
  const Settings settings_;
  Logger& logger_;
  GrpcServer server_;
  Fleet fleet_;
  std::unique_ptr<PrivateFolder> folder_;  // of the Unix socket
  std::unique_ptr<LocalAgents> local_agents_;
  std::string address_;
  bool farewell_ = false;
};

}  // namespace lockstep::coordinator
