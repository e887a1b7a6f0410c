// What is decided about a run before it begins.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"

#include "common/base/secrets.h"
#include "coordinator/core/fleet.h"

namespace lockstep::coordinator {

struct RunSettings {
  uint64_t run_id = 1;
  size_t agents = 1;
  // The largest share of the agents, in percent, whose loss the run survives. 0: any loss fails it.
  double tolerated_loss_percent = 0;
  // Work may move while the load runs: that of agents that are lost or leave goes to the others.
  // Any loss is survived, except that of all.
  bool redistribute = false;
  bool late_agents_join = false;           // with `redistribute`; false: they wait for the next run
  bool inspect_only = false;               // end after Inspecting
  bool fail_on_suspect = false;            // a run that is not VALID fails, if nothing else does
  bool handle_summary = true;              // call the script's handleSummary, if it has one
  std::map<std::string, std::string> env;  // __ENV
  absl::Duration wait_for_agents = absl::InfiniteDuration();
  absl::Duration inspect_within = absl::Minutes(5);
  absl::Duration assign_within = absl::Minutes(2);
  absl::Duration prepare_within = absl::Minutes(10);
  absl::Duration max_vu_block = absl::Seconds(5);  // see Assign; 0: no limit
  absl::Duration lease = kLease;  // grace for answers beyond the script's own time-outs
  // For how long messages may be held back before they leave, because a journal has to be written.
  absl::Duration held_back = absl::ZeroDuration();
  // Borrowed; its secrets, of all agents, are taken out of what any agent tells of its script. It
  // learns those in setup()'s value, which another coordinator may have handed out. Null: there are
  // none.
  Redactor* redactor = nullptr;
};

}  // namespace lockstep::coordinator
