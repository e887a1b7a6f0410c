#include "coordinator/core/results_ticker.h"

#include <optional>
#include <utility>

#include "common/base/beat.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kSecond = absl::Seconds(1);
// How long after its second a batch may arrive, to be judged with it.
constexpr absl::Duration kBatchesWithin = absl::Milliseconds(500);

}  // namespace

ResultsTicker::ResultsTicker(EventLoop& loop, RunResults& results, const Roster& roster,
                             const RunPhase& phase, const RunClock& run_clock, Events events)
    : clock_(loop.clock()),
      results_(results),
      roster_(roster),
      phase_(phase),
      run_clock_(run_clock),
      events_(std::move(events)),
      tick_timer_(loop),
      judge_timer_(loop) {}

void ResultsTicker::BeginTicking() {
  tick_timer_.After(kSecond, [this] { Tick(); });
}

void ResultsTicker::Tick() {
  BeginTicking();
  int64_t vus = 0;
  int64_t vus_max = 0;
  for (const RunMember& member : roster_.members()) {
    if (!member.lost) {
      vus += member.progress.vus_active();
      vus_max += member.progress.vus_initialised();
    }
  }
  results_.AddVus(vus, std::min(vus_max, events_.most_vus()));
  events_.on_tick();
}

// Agents seal what they measured at whole seconds after T0. Half a second later all of it is here,
// and nothing of the next second: a window of thresholds holds the seconds that it says.
void ResultsTicker::BeginJudging() {
  judge_timer_.At(NextBeat(run_clock_.t0() + kBatchesWithin, kSecond, clock_.Mono()),
                  [this] { Judge(); });
}

void ResultsTicker::Judge() {
  if (phase_.state() != v1::RunStatus::RUNNING) {
    return;
  }
  const absl::Duration measured = absl::Floor(run_clock_.elapsed() - kBatchesWithin, kSecond);
  if (std::optional<std::string> crossed = results_.CheckThresholds(measured);
      crossed.has_value()) {
    events_.on_crossed(*std::move(crossed));
    return;
  }
  BeginJudging();
}

}  // namespace lockstep::coordinator
