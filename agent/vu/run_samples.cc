#include "agent/vu/run_samples.h"

#include <utility>

#include "agent/vu/sample_tags.h"
#include "common/base/check.h"

namespace lockstep::agent {
namespace {

// So that messages stay small, and room for those of a kind that carry a tag set each.
constexpr size_t kPointsPerBatch = Batch::kMostPoints / 4;

}  // namespace

RunSamples::RunSamples(RunShared& shared, RunWorkers& workers, Accumulator::Config config)
    : shared_(shared),
      workers_(workers),
      own_(std::move(config)),
      sealed_until_(shared.conductor.clock().Wall()) {}

void RunSamples::AddDropped(size_t scenario, int64_t count, int64_t vu_id_in_test) {
  const RunOptions& options = shared_.config.options;
  const TagSet tags =
      SampleTags(own_, options, shared_.system_tags, &options.scenarios.at(scenario),
                 vu_id_in_test == 0 ? std::nullopt : std::optional(vu_id_in_test));
  own_.CountEnded(options.scenarios.at(scenario).name, &EndedIterations::dropped, count);
  own_.Add(BuiltinMetric(builtin::kDroppedIterations), tags, static_cast<double>(count),
           shared_.conductor.clock().Wall());
}

void RunSamples::Seal(uint64_t number, ScriptHost::Adjust adjust, ScriptHost::Sealed done) {
  LOCKSTEP_CHECK(!sealing_.has_value());
  sealing_.emplace(Sealing()).number = number;
  sealing_->waiting = workers_.all().size();
  sealing_->adjust = std::move(adjust);
  sealing_->done = std::move(done);
  for (const std::unique_ptr<Worker>& worker : workers_.all()) {
    worker->Post([this, &worker = *worker] {
      // What held the worker up until now belongs to what is read after this, which may be the
      // last.
      worker.NoteLag();
      worker.run().conductor.Post([this, batch = worker.sink().Seal()]() mutable {
        if (sealing_.has_value()) {
          Add(std::move(batch));
        }
      });
    });
  }
}

void RunSamples::Add(Batch batch) {
  sealing_->batch.Add(std::move(batch));
  if (--sealing_->waiting > 0) {
    return;
  }
  Sealing sealed = *std::move(sealing_);
  sealing_.reset();
  sealed.batch.Add(own_.Seal());
  const absl::Time now = shared_.conductor.clock().Wall();
  Batch whole = sealed.batch.Build(sealed.number, std::exchange(sealed_until_, now), now);
  std::vector<std::string> encoded;
  if (!whole.empty()) {
    sealed.adjust(whole);
    for (const Batch& part : SplitPoints(std::move(whole), kPointsPerBatch)) {
      encoded.push_back(EncodeBatch(part));
    }
  }
  sealed.done(std::move(encoded));
}

void RunSamples::Close() {
  if (sealing_.has_value()) {
    Sealing sealing = *std::move(sealing_);
    sealing_.reset();
    sealing.done({});
  }
}

}  // namespace lockstep::agent
