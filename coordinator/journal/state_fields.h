// The fields of a checkpoint, listed once for writing and for reading. `Visit` has
// Field(name, value), List(name, items, visit_item), and Map(name, key_name, items, visit_item); it is
// called with the values to be written, and with others to be read into.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/core/checkpoint.h"

namespace lockstep::coordinator {

template <typename Visit>
void RangeFields(Visit& visit, const char* name, Ranges& ranges) {
  std::vector<Range> items = ranges.ranges();
  visit.List(name, items, [](auto& v, auto& range) {
    v.Field("first", range.first);
    v.Field("count", range.count);
  });
  ranges = Ranges(std::move(items));
}

template <typename Visit>
void QueueFields(Visit& visit, RowQueues::Queue& queue) {
  visit.Field("rows", queue.rows);
  visit.Field("wrap", queue.wrap);
  visit.Field("next", queue.next);
  RangeFields(visit, "back", queue.back);
  visit.Map("held", "agent", queue.held, [](auto& v, auto& block) {
    v.Field("first", block.range.first);
    v.Field("count", block.range.count);
    v.Field("recalled", block.recalled);
  });
  visit.List("waiting", queue.waiting, [](auto& v, auto& agent) { v.Field("agent", agent); });
}

template <typename Visit>
void PoolFields(Visit& visit, IterationPools::Pool& pool) {
  RangeFields(visit, "left", pool.left);
  visit.Map("takers", "agent", pool.takers, [](auto& v, auto& taker) {
    v.Field("granted", taker.granted);
    v.Field("begun", taker.begun);
    v.Field("wanted", taker.wanted);
    v.Field("turn", taker.turn);
    v.Field("over", taker.over);
    v.Field("ended", taker.ended);
    RangeFields(v, "held", taker.held);
  });
}

template <typename Visit>
void VuLeaseFields(Visit& visit, VuLeases::Scenario& scenario) {
  visit.Field("iterations", scenario.iterations);
  visit.Field("vus", scenario.vus);
  visit.Map("granted", "agent", scenario.granted,
            [](auto& v, auto& granted) { v.Field("granted", granted); });
  std::vector<AgentId> untold(scenario.untold.begin(), scenario.untold.end());
  visit.List("untold", untold, [](auto& v, auto& agent) { v.Field("agent", agent); });
  scenario.untold = {untold.begin(), untold.end()};
}

// What moves: rows, and iterations where work does.
template <typename Visit>
void LeaseFields(Visit& visit, RunCheckpoint& state) {
  std::map<std::string, RowQueues::Queue> queues = state.row_queues.queues();
  visit.Map("queues", "name", queues, [](auto& v, auto& queue) { QueueFields(v, queue); });
  state.row_queues = RowQueues(std::move(queues));
  bool moves = state.pools.has_value() && state.vu_leases.has_value();
  visit.Field("work_moves", moves);
  if (!moves) {
    return;
  }
  uint64_t turns = 0;
  std::map<std::string, IterationPools::Pool> pools;
  std::map<std::string, VuLeases::Scenario> leases;
  if (state.pools.has_value() && state.vu_leases.has_value()) {
    turns = state.pools->turns();
    pools = state.pools->pools();
    leases = state.vu_leases->scenarios();
  }
  visit.Field("turns", turns);
  visit.Map("pools", "scenario", pools, [](auto& v, auto& pool) { PoolFields(v, pool); });
  visit.Map("vu_leases", "scenario", leases, [](auto& v, auto& of) { VuLeaseFields(v, of); });
  state.pools.emplace(std::move(pools), turns);
  state.vu_leases.emplace(std::move(leases));
}

template <typename Visit>
void FaultFields(Visit& visit, RunFaults& faults) {
  RunOutcome outcome = faults.outcome();
  RunFaults::Losses losses = faults.losses();
  bool marked = faults.marked();
  bool judged = faults.judged();
  visit.Field("exit_code", outcome.exit_code);
  visit.Field("message", outcome.message);
  visit.Field("script_fault", outcome.script_fault);
  visit.Field("refused", outcome.refused);
  visit.Field("marked", marked);
  visit.Field("judged", judged);
  visit.List("losses", losses.agents, [](auto& v, auto& name) { v.Field("agent", name); });
  visit.Field("loss", losses.reason);
  faults = RunFaults(std::move(outcome), marked, judged, std::move(losses));
}

template <typename Visit>
void RunFields(Visit& visit, RunCheckpoint& state) {
  visit.Field("state", state.state);
  visit.Field("state_since", state.state_since);
  visit.Field("limit_at", state.limit_at);
  visit.Field("elected", state.elected);
  visit.Field("sequence", state.sequence);
  visit.Field("stopping", state.stopping);
  visit.Field("setup", state.setup);
  visit.Field("setup_data", state.setup_data);
  visit.Field("script_usable", state.script_usable);
  visit.Field("deal", state.deal);
  visit.Field("paused", state.paused);
  visit.Field("paused_to_suspend", state.paused_to_suspend);
  visit.Field("skew_reported", state.skew_reported);
  visit.Field("interrupts", state.interrupts);
  visit.Field("t0", state.t0);
  visit.Field("t0_wall_ns", state.t0_wall_ns);
  visit.Field("switch_at", state.switch_at);
  visit.Field("drained_at", state.drained_at);
  visit.Field("setup_began", state.setup_began);
  visit.Field("last_beat", state.last_beat);
  visit.List("standstills", state.standstills, [](auto& v, auto& item) {
    v.Field("after", item.after);
    v.Field("length", item.length);
    v.Field("restart", item.restart);
  });
  visit.Field("redivisions", state.redivisions);
  visit.Field("division_due", state.division_due);
  visit.Field("last_division", state.last_division);
  visit.Field("all_quiet", state.all_quiet);
  visit.Field("agents_target", state.agents_target);
  visit.Field("joined_late", state.joined_late);
  FaultFields(visit, state.faults);
  visit.Map("controlled", "scenario", state.controlled, [](auto& v, auto& totals) {
    v.Field("vus", totals.vus);
    v.Field("max_vus", totals.max_vus);
  });
  LeaseFields(visit, state);
  std::vector<std::string> unfit(state.unfit.begin(), state.unfit.end());
  visit.List("unfit", unfit, [](auto& v, auto& name) { v.Field("name", name); });
  state.unfit = {unfit.begin(), unfit.end()};
}

template <typename Visit, typename Member>
void MemberFields(Visit& visit, Member& member) {
  visit.Field("name", member.name);
  visit.Map("labels", "key", member.labels, [](auto& v, auto& value) { v.Field("value", value); });
  visit.Field("weight", member.weight);
  visit.Field("sequence", member.sequence);
  visit.Field("segment_index", member.segment_index);
  visit.Field("segment", member.segment);
  visit.Field("rps_share", member.rps_share);
  visit.List("share", member.share.scenarios, [](auto& v, auto& scenario) {
    v.Field("scenario", scenario.name);
    v.Field("iterations", scenario.iterations);
    v.Field("max_vus", scenario.max_vus);
  });
  visit.Field("max_vus", member.share.max_vus);
  visit.Field("lost", member.lost);
  visit.Field("loss", member.loss);
  visit.Field("lost_at", member.lost_at);
  visit.Field("lost_after", member.lost_after);
  visit.Field("leaving", member.leaving);
  visit.Field("joined_late", member.joined_late);
  visit.Field("handed_over", member.handed_over);
  visit.Field("left_undone", member.left_undone);
  visit.Field("lost_call", member.lost_call);
  visit.Field("lost_rows", member.lost_rows);
  visit.Field("cut_at", member.cut_at);
  visit.List("starts_before", member.starts_before,
             [](auto& v, auto& count) { v.Field("count", count); });
  visit.Field("step", member.step);
  visit.Field("batches", member.batches_kept);
  visit.Field("until", member.kept_until);
  visit.List("delivered", member.delivered_kept, [](auto& v, auto& part) {
    v.Field("scenario", part.scenario);
    v.Field("full", part.full);
    v.Field("interrupted", part.interrupted);
    v.Field("dropped", part.dropped);
    v.Field("requests", part.requests);
    v.Field("failed", part.failed);
  });
  visit.List("undelivered", member.undelivered, [](auto& v, auto& part) {
    v.Field("scenario", part.scenario);
    v.Field("iterations", part.iterations);
  });
  visit.Field("last_batch", member.last_batch);
  visit.Field("progress", member.progress);
  visit.Field("round_trip_ms", member.round_trip_ms);
}

template <typename Visit, typename Session>
void SessionFields(Visit& visit, Session& session) {
  visit.Field("process_id", session.process_id);
  visit.Field("session_id", session.session_id);
  visit.Field("fingerprint", session.fingerprint);
  visit.Field("sent", session.sent);
  visit.Field("received", session.received);
}

}  // namespace lockstep::coordinator
