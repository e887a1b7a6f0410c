// An agent's part in a run.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lockstep/v1/control.pb.h"

#include "common/base/replay.h"
#include "common/segment/execution_segment.h"
#include "coordinator/core/ids.h"
#include "coordinator/core/run_parts.h"

namespace lockstep::coordinator {

struct RunMember {
  // How far the agent has come; each step includes those before it.
  enum class Step { kJoined, kAssigned, kAskedToPrepare, kPrepared, kReady, kDrained };

  AgentId id{};
  std::string name;
  int64_t weight = 1;
  std::map<std::string, std::string> labels;
  std::string sequence;      // of the division that its part is of; empty: it has none
  size_t segment_index = 0;  // in it
  std::string segment;       // "1/3:2/3"; empty before
  AgentShare share;          // of the plan's work
  double rps_share = 0;      // of the plan's rps, by VUs; 0: no limit

  bool lost = false;
  std::string loss;       // why
  std::string lost_call;  // the script's function that it was calling
  std::string lost_rows;  // of shared queues, that nobody else gets
  absl::Time lost_at;
  std::optional<absl::Duration> lost_after;  // since T0; unset: before

  bool at_rest = false;  // nothing of it runs, and it bears with a coordinator that stands still
  bool leaving = false;  // it begins nothing new, and hands over what it has

  // ---- where work moves ----
  bool joining = false;      // it has come while the load runs, and has no part yet
  uint32_t joined_late = 0;  // the how manieth so; 0: it was there from the start
  bool handed_over = false;  // others have its work
  bool left_undone = false;  // less was begun of it than was counted on until then
  SegmentTuple tuple;        // its part since `cut_at` after T0
  absl::Duration cut_at;
  std::vector<int64_t> starts_before;  // that its parts before that one had, by scenario

  Step step = Step::kJoined;

  ReceiveWindow batches;             // merged so far
  std::vector<Delivered> delivered;  // by them
  absl::Time measured_until;         // the end of the last one
  // The same of those that the journal holds, where there is one.
  uint64_t batches_kept = 0;
  std::vector<Delivered> delivered_kept;
  absl::Time kept_until;
  std::vector<Undelivered> undelivered;  // once it is lost
  uint64_t last_batch = 0;               // that the agent has announced
  v1::Progress progress;                 // the latest
  double round_trip_ms = 0;              // of the best clock probe

  // All that is merged is about to be in the journal.
  void KeepMerged() {
    batches_kept = batches.last();
    delivered_kept = delivered;
    kept_until = measured_until;
  }
  // What the journal does not hold was never merged: its agent sends it again, if it can.
  void GoBackToKept() {
    batches = ReceiveWindow(batches_kept);
    delivered = delivered_kept;
    measured_until = kept_until;
  }
  void Reach(Step reached) { step = std::max(step, reached); }
  bool flushed() const { return batches.last() >= last_batch; }
  // Has drained, and all that it measured has been merged.
  bool settled() const { return step == Step::kDrained && flushed(); }
  // It is gone, and something of its work with it.
  bool missed() const { return lost && (!settled() || left_undone || !lost_call.empty()); }
};

}  // namespace lockstep::coordinator
