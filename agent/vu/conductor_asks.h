// What a VU asks the agent's conductor for, and through it the coordinator: files, rows, secrets,
// and the end of the test. Answers cross the conductor's loop, and may come when the VU has gone.
// Worker's thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "agent/data/row_dealer.h"
#include "agent/vu/worker.h"

namespace lockstep::agent {

class ConductorAsks {
 public:
  // For the VU `key` of `worker`, which outlives it.
  ConductorAsks(Worker& worker, VuKey key) : worker_(worker), key_(key) {}
  ConductorAsks(const ConductorAsks&) = delete;
  ConductorAsks& operator=(const ConductorAsks&) = delete;

  // See WorldSite; `vu` is the one that asks, and waits for it.
  absl::StatusOr<std::string> LoadFile(const std::string& url, ScriptVu& vu);
  // See ApiVu.
  void LeaseRows(const std::string& name, RowDealer& dealer);
  void GetSecret(std::string url, absl::AnyInvocable<void(absl::StatusOr<std::string>)> done);
  // Nobody waits any more for secrets that have not come.
  void DropSecrets() { secrets_.clear(); }
  void AbortTest(std::string message);
  void FailTest();

 private:
  Worker& worker_;
  const VuKey key_;
  // Who waits for secrets, by number.
  std::map<uint64_t, absl::AnyInvocable<void(absl::StatusOr<std::string>)>> secrets_;
  uint64_t last_secret_ = 0;
};

}  // namespace lockstep::agent
