// The fields of a checkpoint, listed once for writing and for reading. `Visit` has
// Field(name, value), List(name, items, visit_item), Map(name, key_name, items, visit_item) and
// Optional(name, value, visit_value); it is called with the values to be written, which are const,
// and with others to be read into.
#pragma once

namespace lockstep::coordinator {

template <typename Visit, typename Numbers>
void RangeFields(Visit& visit, const char* name, Numbers& numbers) {
  visit.List(name, numbers.ranges(), [](auto& v, auto& range) {
    v.Field("first", range.first);
    v.Field("count", range.count);
  });
}

template <typename Visit, typename Queue>
void QueueFields(Visit& visit, Queue& queue) {
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

template <typename Visit, typename Pool>
void PoolFields(Visit& visit, Pool& pool) {
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

template <typename Visit, typename Scenario>
void VuLeaseFields(Visit& visit, Scenario& scenario) {
  visit.Field("iterations", scenario.iterations);
  visit.Field("vus", scenario.vus);
  visit.Map("granted", "agent", scenario.granted,
            [](auto& v, auto& granted) { v.Field("granted", granted); });
  visit.List("untold", scenario.untold, [](auto& v, auto& agent) { v.Field("agent", agent); });
}

template <typename Visit, typename Moving>
void MovingFields(Visit& visit, Moving& moving) {
  visit.Field("turns", moving.pools.turns);
  visit.Map("pools", "scenario", moving.pools.pools,
            [](auto& v, auto& pool) { PoolFields(v, pool); });
  visit.Map("vu_leases", "scenario", moving.vu_leases,
            [](auto& v, auto& of) { VuLeaseFields(v, of); });
  visit.Field("redivisions", moving.division.proposals);
  visit.Field("division_due", moving.division.due);
  visit.Field("last_division", moving.division.last_division);
  visit.Field("all_quiet", moving.division.all_quiet);
  visit.Field("agents_target", moving.scaling.target);
  visit.Field("joined_late", moving.scaling.joined_late);
  visit.List("unfit", moving.scaling.unfit, [](auto& v, auto& name) { v.Field("name", name); });
}

template <typename Visit, typename Faults>
void FaultFields(Visit& visit, Faults& faults) {
  visit.Field("exit_code", faults.outcome.exit_code);
  visit.Field("message", faults.outcome.message);
  visit.Field("script_fault", faults.outcome.script_fault);
  visit.Field("refused", faults.outcome.refused);
  visit.Field("logged", faults.outcome.logged);
  visit.Field("marked", faults.marked);
  visit.Field("judged", faults.judged);
  visit.List("losses", faults.losses.agents, [](auto& v, auto& name) { v.Field("agent", name); });
  visit.Field("loss", faults.losses.reason);
}

template <typename Visit, typename Run>
void RunFields(Visit& visit, Run& run) {
  visit.Field("state", run.state);
  visit.Field("state_since", run.state_since);
  visit.Field("limit_at", run.limit_at);
  visit.Field("elected", run.elected);
  visit.Field("sequence", run.sequence);
  visit.Map("controlled", "scenario", run.controlled, [](auto& v, auto& totals) {
    v.Field("vus", totals.vus);
    v.Field("max_vus", totals.max_vus);
  });
  visit.Field("stopping", run.stopping);
  visit.Field("interrupts", run.interrupts);
  visit.Field("deal", run.deal);
  FaultFields(visit, run.faults);
  visit.Field("setup", run.script.setup);
  visit.Field("setup_data", run.script.setup_data);
  visit.Field("script_usable", run.script.usable);
  visit.Field("t0", run.clock.t0);
  visit.Field("t0_wall_ns", run.clock.t0_wall_ns);
  visit.Field("setup_began", run.clock.setup_began);
  visit.Field("drained_at", run.clock.drained_at);
  visit.Field("skew_reported", run.clock.skew_reported);
  visit.Field("paused", run.pausing.paused);
  visit.Field("paused_to_suspend", run.pausing.to_suspend);
  visit.Field("switch_at", run.pausing.switch_at);
  visit.Field("last_beat", run.standstills.last_beat);
  visit.List("standstills", run.standstills.standstills, [](auto& v, auto& item) {
    v.Field("after", item.after);
    v.Field("length", item.length);
    v.Field("restart", item.restart);
  });
  visit.Map("queues", "name", run.row_queues, [](auto& v, auto& queue) { QueueFields(v, queue); });
  visit.Optional("work_moves", run.moving, [](auto& v, auto& moving) { MovingFields(v, moving); });
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
