// The fields of a checkpoint, listed once for writing and for reading. `Visit` has
// Field(name, value) and List(name, items, visit_item); it is called with constant values to write
// them and with others to read them.
#pragma once

#include "coordinator/core/checkpoint.h"
#include "coordinator/journal/plain_state.h"

namespace lockstep::coordinator {

template <typename Visit, typename Ranges>
void RangeFields(Visit& visit, const char* name, Ranges& ranges) {
  visit.List(name, ranges, [](auto& v, auto& range) {
    v.Field("first", range.first);
    v.Field("count", range.count);
  });
}

template <typename Visit, typename Pool>
void PoolFields(Visit& visit, Pool& pool) {
  visit.Field("scenario", pool.scenario);
  RangeFields(visit, "left", pool.left);
  visit.List("takers", pool.takers, [](auto& v, auto& item) {
    v.Field("agent", item.agent);
    v.Field("granted", item.taker.granted);
    v.Field("begun", item.taker.begun);
    v.Field("wanted", item.taker.wanted);
    v.Field("turn", item.taker.turn);
    v.Field("over", item.taker.over);
    v.Field("ended", item.taker.ended);
    RangeFields(v, "held", item.held);
  });
}

template <typename Visit, typename Leases>
void VuLeaseFields(Visit& visit, Leases& leases) {
  visit.Field("scenario", leases.scenario);
  visit.Field("iterations", leases.iterations);
  visit.Field("vus", leases.vus);
  visit.List("granted", leases.granted, [](auto& v, auto& item) {
    v.Field("agent", item.agent);
    v.Field("granted", item.granted);
    v.Field("untold", item.untold);
  });
}

template <typename Visit, typename Queue>
void QueueFields(Visit& visit, Queue& queue) {
  visit.Field("name", queue.name);
  visit.Field("rows", queue.queue.rows);
  visit.Field("wrap", queue.queue.wrap);
  visit.Field("next", queue.queue.next);
  RangeFields(visit, "back", queue.back);
  visit.List("held", queue.held, [](auto& v, auto& item) {
    v.Field("agent", item.agent);
    v.Field("first", item.block.range.first);
    v.Field("count", item.block.range.count);
    v.Field("recalled", item.block.recalled);
  });
  visit.List("waiting", queue.waiting, [](auto& v, auto& agent) { v.Field("agent", agent); });
}

template <typename Visit>
void RunFields(Visit& visit, PlainRun& run) {
  RunCheckpoint& state = *run.state;
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
  visit.Field("exit_code", run.outcome.exit_code);
  visit.Field("message", run.outcome.message);
  visit.Field("script_fault", run.outcome.script_fault);
  visit.Field("refused", run.outcome.refused);
  visit.Field("marked", run.marked);
  visit.Field("judged", run.judged);
  visit.List("losses", run.losses.agents, [](auto& v, auto& name) { v.Field("agent", name); });
  visit.Field("loss", run.losses.reason);
  visit.List("members", run.members, [](auto& v, auto& id) { v.Field("agent", id); });
  visit.List("controlled", run.controlled, [](auto& v, auto& item) {
    v.Field("scenario", item.scenario);
    v.Field("vus", item.vus.vus);
    v.Field("max_vus", item.vus.max_vus);
  });
  visit.List("queues", run.queues, [](auto& v, auto& queue) { QueueFields(v, queue); });
  visit.Field("has_pools", run.has_pools);
  visit.Field("turns", run.turns);
  visit.List("pools", run.pools, [](auto& v, auto& pool) { PoolFields(v, pool); });
  visit.List("vu_leases", run.vu_leases, [](auto& v, auto& leases) { VuLeaseFields(v, leases); });
  visit.List("unfit", run.unfit, [](auto& v, auto& name) { v.Field("name", name); });
}

template <typename Visit, typename Member>
void MemberFields(Visit& visit, Member& member) {
  visit.Field("name", member.name);
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
