// What a VU measures by itself: the tags that its samples have, and what one iteration of it comes
// to. Knows no V8. Worker's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"

#include "agent/report/accumulator.h"
#include "common/base/clock.h"
#include "common/options/options.h"
#include "common/options/system_tags.h"

namespace lockstep::agent {

class VuSamples {
 public:
  // All are borrowed and outlive this.
  struct Parts {
    const Clock& clock;
    Accumulator& sink;
    const RunOptions& options;
    const SystemTags& system_tags;
    int64_t vu_in_test = 0;  // the VU's number in the whole test
  };
  explicit VuSamples(const Parts& parts) : parts_(parts) {}

  // From now on samples are of `scenario`, which is borrowed; null: of none, as in setup(). What
  // the script has set of the tags is gone.
  void Enter(const ScenarioConfig* scenario);

  // The tags of samples now, and the group among them: see ApiVu.
  const TagSet& tags() const { return tags_; }
  void SetTags(TagSet tags) { tags_ = std::move(tags); }
  const std::string& group() const { return group_; }
  void SetGroup(std::string path);
  void CountBytes(int64_t sent, int64_t received) {
    bytes_sent_ += sent;
    bytes_received_ += received;
  }

  // The VU's iteration `number`, from 0, begins; its schedule wanted it at `intended`, if there is
  // one. Returns when it begins.
  MonoTime BeginIteration(int64_t number, MonoTime intended);
  // See ApiVu.
  std::optional<absl::Duration> TakeLateness();
  // It has ended, maybe within a group that it did not leave.
  void EndIteration();
  // The samples of an iteration that counts.
  void EmitIteration(absl::Duration duration);
  // Of setup() and teardown(), which are not iterations, but take their time in the group `path`.
  void EmitDurationOf(const std::string& path, absl::Duration duration);
  // The bytes that were counted since the last time.
  void EmitData() { EmitData(parts_.clock.Wall()); }
  // Counts the scenario's iteration that has ended; in the same turn as its samples, so that both
  // are sealed together.
  void CountEnded(int64_t EndedIterations::*how);

 private:
  void NoteLateness(MonoTime intended, MonoTime began);
  void EmitData(absl::Time now);

  const Parts parts_;
  const ScenarioConfig* scenario_ = nullptr;
  TagSet tags_ = kEmptyTagSet;
  std::string group_;
  std::optional<TagSet> grouped_;  // what tags_ was when it got that group
  int64_t bytes_sent_ = 0, bytes_received_ = 0;
  std::optional<absl::Duration>
      lateness_;  // of the iteration's start, while no request has taken it
};

}  // namespace lockstep::agent
