#include "agent/vu/run_vus.h"

#include <algorithm>
#include <utility>

#include "agent/vu/script_vu.h"

namespace lockstep::agent {
namespace {

// VUs that a worker has been asked for: it makes them one after another, and waits for nobody in between.
constexpr int64_t kAskedOfWorker = 4;

}  // namespace

// A VU as the executors hold it: the conductor's end of a ScriptVu that lives on a worker.
class RunVus::PooledVu final : public Vu {
 public:
  // Detach is called before `worker` goes.
  PooledVu(Worker& worker, VuKey key, ScriptVu::Ids ids) : worker_(&worker), key_(key), ids_(ids) {}

  int64_t id_in_instance() const override { return ids_.in_instance; }
  int64_t id_in_test() const override { return ids_.in_test; }
  bool prompt() const override { return worker_ == nullptr || worker_->initialising() == 0; }
  void Activate(Activation activation) override;
  void Interrupt() override;

  // Lets go of the worker: from now on, both of the above do nothing.
  void Detach() { worker_ = nullptr; }

 private:
  Worker* worker_;
  const VuKey key_;
  const ScriptVu::Ids ids_;
  uint64_t epoch_ = ScriptVu::kInitEpoch;
};

void RunVus::PooledVu::Activate(Activation activation) {
  if (worker_ == nullptr) {
    return;
  }
  worker_->Post([worker = worker_, key = key_, epoch = ++epoch_,
                 activation = std::move(activation)]() mutable {
    const MonoTime not_before = activation.not_before;
    auto start = [worker, key, epoch, activation = std::move(activation)]() mutable {
      ScriptVu* vu = worker->Find(key);
      if (vu == nullptr) {
        return;
      }
      vu->Enqueue(epoch, [activation = std::move(activation)](ScriptVu& inside) mutable {
        const ScriptVu::JobState state =
            inside.RunIterations(activation.scenario, *activation.source);
        if (state == ScriptVu::JobState::kDone) {
          inside.run().conductor.Post(std::move(activation.on_idle));
        }
        return state;
      });
    };
    if (not_before > worker->loop().clock().Mono()) {
      worker->loop().At(not_before, std::move(start));
    } else {
      start();
    }
  });
}

void RunVus::PooledVu::Interrupt() {
  if (worker_ != nullptr) {
    worker_->Interrupt(key_, epoch_);
  }
}

RunVus::RunVus(RunShared& shared, RunWorkers& workers) : shared_(shared), workers_(workers) {}
RunVus::~RunVus() = default;

void RunVus::Prepare(int64_t count, absl::AnyInvocable<void(std::optional<ScriptFailure>)> done) {
  if (count == 0) {
    done(std::nullopt);
    return;
  }
  preparing_ = Preparing{.wanted = count, .failure = std::nullopt, .done = std::move(done)};
  for (int64_t i = std::min(count, kAskedOfWorker * static_cast<int64_t>(workers_.started()));
       i > 0; --i) {
    PrepareNext();
  }
}

void RunVus::PrepareNext() {
  ++preparing_->running;
  Create(workers_.ForPlannedVu(), [this](std::optional<ScriptFailure> failure, Vu* vu) {
    PreparedOne(std::move(failure), vu);
  });
}

void RunVus::PreparedOne(std::optional<ScriptFailure> failure, Vu* vu) {
  --preparing_->running;
  if (vu != nullptr) {
    idle_.push_back(vu);
  }
  if (failure.has_value() && !preparing_->failure.has_value()) {
    preparing_->failure = std::move(failure);
  }
  if (!preparing_->failure.has_value() && created_ < preparing_->wanted) {
    PrepareNext();
    return;
  }
  if (preparing_->running > 0) {
    return;
  }
  // Workers finish in any order; VUs are handed out by their ids.
  std::sort(idle_.begin(), idle_.end(),
            [](const Vu* a, const Vu* b) { return a->id_in_instance() < b->id_in_instance(); });
  Preparing prepared = *std::move(preparing_);
  preparing_.reset();
  prepared.done(std::move(prepared.failure));
}

void RunVus::Create(Worker& worker, Created created) {
  ++worker.initialising();
  const int64_t index = created_++;
  const VuKey key = worker.NewKey();
  const int64_t first = shared_.config.first_vu_id;
  const ScriptVu::Ids ids = {
      .in_instance = index + 1,
      .in_test = first > 0 ? first + index : shared_.config.segment.Unscale(index) + 1};
  auto finish = [this, &worker, key, ids,
                 created = std::move(created)](std::optional<ScriptFailure> failure) mutable {
    if (closed_) {
      return;
    }
    --worker.initialising();
    PooledVu* vu = nullptr;
    if (!failure.has_value()) {
      shared_.vus_initialised.store(++initialised_, std::memory_order_relaxed);
      vu = vus_.emplace_back(std::make_unique<PooledVu>(worker, key, ids)).get();
    }
    created(std::move(failure), vu);
  };
  auto initialise = [&worker, key, finish = std::move(finish)](ScriptVu& vu) mutable {
    std::optional<ScriptFailure> failure = vu.Init();
    if (failure.has_value()) {
      worker.Post([&worker, key] { worker.Remove(key); });
    }
    vu.run().conductor.Post([finish = std::move(finish), failure = std::move(failure)]() mutable {
      finish(std::move(failure));
    });
    return ScriptVu::JobState::kDone;
  };
  worker.Post([&worker, key, ids, initialise = std::move(initialise)]() mutable {
    worker.Adopt(key, std::make_unique<ScriptVu>(worker, key, ids));
    worker.Find(key)->Enqueue(ScriptVu::kInitEpoch, std::move(initialise));
  });
}

void RunVus::Close() {
  closed_ = true;
  preparing_.reset();
  idle_.clear();
  initialised_ = 0;
  for (const std::unique_ptr<PooledVu>& vu : vus_) {
    vu->Detach();
  }
}

Vu* RunVus::Take() {
  if (idle_.empty()) {
    return nullptr;
  }
  Vu* vu = idle_.front();
  idle_.pop_front();
  return vu;
}

void RunVus::InitialiseOne(absl::AnyInvocable<void(Vu*)> done) {
  if (closed_) {
    return;
  }
  Create(
      workers_.ForUnplannedVu(),
      [this, done = std::move(done)](const std::optional<ScriptFailure>& failure, Vu* vu) mutable {
        if (failure.has_value()) {
          shared_.logger.Error(failure->message);
        }
        done(vu);
      });
}

}  // namespace lockstep::agent
