// Brings what an agent measures to the coordinator: has it sealed into batches, and sends each
// until it is acknowledged. Loop-bound.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "lockstep/v1/control.pb.h"

#include "agent/report/outbox.h"
#include "agent/run/run_sender.h"
#include "agent/run/script_host.h"
#include "agent/run/session.h"
#include "common/base/timer.h"

namespace lockstep::agent {

class BatchDelivery {
 public:
  // All are borrowed and outlive this. `on_fewer` is called whenever less may be left to seal or to
  // be acknowledged; it may Clear.
  BatchDelivery(EventLoop& loop, Session& session, ScriptHost& host, RunSender& sender,
                absl::AnyInvocable<void()> on_fewer);

  // Seals what is measured, then calls `then`; seals are done one after another.
  void SealThen(absl::AnyInvocable<void()> then);
  // Before the next second is over, if it is not the end anyway: once for all that call this in one
  // turn of the loop.
  void SealSoon(absl::AnyInvocable<void()> then);
  // At whole seconds after T0, as all agents do: a second's batches of the fleet are about the same
  // second. Before T0 is known, each second from now on.
  void SealEachSecond(std::optional<MonoTime> t0);
  // The load has ended: only SealThen seals.
  void LoadHasEnded() { load_ended_ = true; }
  void OnAck(const v1::BatchAck& ack);
  // The connection is another one: all that is not acknowledged goes over it.
  void Resend();

  // Another load may follow in the run: forgets who waits for seals. What is sealed stays.
  void ForgetSeals();
  // The run is over.
  void Clear();

  // Nothing is left to seal or to be acknowledged.
  bool idle() const { return seals_.empty() && outbox_.empty(); }
  const Outbox& outbox() const { return outbox_; }

 private:
  void NextSeal();
  void OnSealed(std::vector<std::string> batches);
  void SendBatches();
  void ResendLater();

  const Clock& clock_;
  Session& session_;
  ScriptHost& host_;
  RunSender& sender_;
  absl::AnyInvocable<void()> on_fewer_;

  std::deque<absl::AnyInvocable<void()>> seals_;
  bool sealing_ = false;
  uint64_t generation_ = 0;  // of seals that are not forgotten
  bool load_ended_ = false;
  std::optional<MonoTime> t0_;
  Outbox outbox_;
  MonoTime last_sent_;
  Timer seal_timer_;
  Timer soon_timer_;
  Timer resend_timer_;
};

}  // namespace lockstep::agent
