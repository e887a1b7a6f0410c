// Sends what an agent says in a run, and the log lines that were written before it. Loop-bound.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "lockstep/v1/control.pb.h"

#include "agent/run/script_log.h"
#include "agent/run/session.h"

namespace lockstep::agent {

class RunSender {
 public:
  // Both are borrowed and outlive this.
  RunSender(Session& session, ScriptLog& log) : session_(session), log_(log) {}

  // What is sent from now on belongs to this run; 0: to none.
  void SetRun(uint64_t run_id) { run_id_ = run_id; }
  uint64_t run_id() const { return run_id_; }

  // After the log lines that were written before; an answer after all of them, whereas others do
  // not wait for those that the coordinator is too slow for. Without the secrets that this agent
  // has been given.
  void Send(v1::AgentMessage message);
  // Says that the agent has failed.
  void Fail(const std::string& text);
  // As far as the coordinator keeps up; `all`: to the last line.
  void SendLog(bool all = false);
  // What this agent has been given, and nobody is to read.
  const Redactor& redactor() const { return log_.redactor(); }
  // What makes our wall clock's stamps those of the coordinator's; zero where the clocks agree well
  // enough.
  absl::Duration WallCorrection();

 private:
  Session& session_;
  ScriptLog& log_;
  uint64_t run_id_ = 0;
  absl::Duration wall_correction_;
};

}  // namespace lockstep::agent
