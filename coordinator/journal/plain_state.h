// A run's checkpoint as plain values, which state_fields.h lists: what has no fields of its own.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "coordinator/core/checkpoint.h"

namespace lockstep::coordinator {

// Values of a checkpoint that have no fields of their own.
struct PlainTotals {
  std::string scenario = {};
  ControlledVus vus = {};
};
struct PlainBlock {
  AgentId agent{};
  RowQueues::Block block = {};
};
struct PlainQueue {
  std::string name = {};
  RowQueues::Queue queue = {};
  std::vector<Range> back = {};
  std::vector<PlainBlock> held = {};
  std::vector<AgentId> waiting = {};
};
struct PlainTaker {
  AgentId agent{};
  IterationPools::Taker taker = {};
  std::vector<Range> held = {};
};
struct PlainPool {
  std::string scenario = {};
  std::vector<Range> left = {};
  std::vector<PlainTaker> takers = {};
};
struct PlainVuGrant {
  AgentId agent{};
  int64_t granted = 0;
  bool untold = false;
};
struct PlainVuLeases {
  std::string scenario = {};
  int64_t iterations = 0;
  std::string vus = {};  // see VusText
  std::vector<PlainVuGrant> granted = {};
};
struct PlainLabel {
  std::string key = {};
  std::string value = {};
};
// What is kept as one subject, "run".
struct PlainRun {
  RunCheckpoint* state = nullptr;
  std::vector<AgentId> members = {};
  RunOutcome outcome = {};
  bool marked = false;
  bool judged = false;
  RunFaults::Losses losses = {};
  std::vector<PlainTotals> controlled = {};
  std::vector<PlainQueue> queues = {};
  bool has_pools = false;
  std::vector<PlainPool> pools = {};
  std::vector<PlainVuLeases> vu_leases = {};
  uint64_t turns = 0;
  std::vector<std::string> unfit = {};
};

// Of `state`, which is borrowed.
PlainRun Plain(RunCheckpoint& state);
// Back into its state. DataLoss: it makes no sense.
absl::Status TakeBack(PlainRun& plain);

// The VUs of a scenario in one text, as there may be very many and it is made at each commit: for each
// "next end holder", then " agent ask wanted over" of all who wait, then ";". The holder is 0 without one.
std::string VusText(const std::vector<VuLeases::Vu>& vus);
// False: it is no such text.
bool ReadVus(absl::string_view text, std::vector<VuLeases::Vu>* vus);

}  // namespace lockstep::coordinator
