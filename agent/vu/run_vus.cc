#include "agent/vu/run_vus.h"

#include <algorithm>
#include <utility>

#include "agent/vu/script_vu.h"

namespace lockstep::agent {
namespace {

// VUs that a worker has been asked for: it makes them one after another, and waits for nobody in
// between.
constexpr int64_t kAskedOfWorker = 4;

}  // namespace

// The conductor's end of a ScriptVu that lives on a worker. Its worker's tasks use it: it goes when
// they cannot come any more.
class RunVus::PooledVu final : public Vu {
 public:
  PooledVu(Worker& worker, VuKey key, ScriptVu::Ids ids) : worker_(worker), key_(key), ids_(ids) {}

  int64_t id_in_instance() const override { return ids_.in_instance; }

 private:
  int64_t id_in_test() const override { return ids_.in_test; }
  bool prompt() const override { return worker_.initialising() == 0; }
  void Start(MonoTime not_before) override;
  void Interrupt() override { worker_.Interrupt(key_, epoch_); }

  // On the worker's thread, when the time has come.
  void Begin();
  ScriptVu::JobState Run(ScriptVu& vu);

  Worker& worker_;
  const VuKey key_;
  const ScriptVu::Ids ids_;
  // Of the last Start; constant while the VU is at work.
  uint64_t epoch_ = ScriptVu::kInitEpoch;
  MonoTime not_before_;
};

void RunVus::PooledVu::Start(MonoTime not_before) {
  ++epoch_;
  not_before_ = not_before;
  worker_.Post([this] {
    if (not_before_ > worker_.loop().clock().Mono()) {
      worker_.loop().At(not_before_, [this] { Begin(); });
    } else {
      Begin();
    }
  });
}

void RunVus::PooledVu::Begin() {
  if (ScriptVu* vu = worker_.Find(key_); vu != nullptr) {
    vu->Enqueue(epoch_, [this](ScriptVu& inside) { return Run(inside); });
  }
}

ScriptVu::JobState RunVus::PooledVu::Run(ScriptVu& vu) {
  const ScriptVu::JobState state = vu.RunIterations(scenario(), source());
  if (state == ScriptVu::JobState::kDone) {
    vu.run().conductor.Post([this] { BecameIdle(); });
  }
  return state;
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
  Create(workers_.ForPlannedVu(), [this](std::optional<ScriptFailure> failure, PooledVu* vu) {
    PreparedOne(std::move(failure), vu);
  });
}

void RunVus::PreparedOne(std::optional<ScriptFailure> failure, PooledVu* vu) {
  --preparing_->running;
  if (vu != nullptr) {
    preparing_->made.push_back(vu);
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
  Preparing prepared = *std::move(preparing_);
  preparing_.reset();
  // Workers finish in any order; VUs are handed out by their ids.
  std::sort(prepared.made.begin(), prepared.made.end(), [](const PooledVu* a, const PooledVu* b) {
    return a->id_in_instance() < b->id_in_instance();
  });
  for (PooledVu* made : prepared.made) {
    Add(*made);
  }
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
    if (closed()) {
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
  VuPool::Close();
  preparing_.reset();
  initialised_ = 0;
}

void RunVus::InitialiseOne(Receiver done) {
  Create(workers_.ForUnplannedVu(),
         [this, done = std::move(done)](const std::optional<ScriptFailure>& failure,
                                        PooledVu* vu) mutable {
           if (failure.has_value()) {
             shared_.logger.Error(failure->message);
           }
           done(vu == nullptr ? LentVu() : AddLent(*vu));
         });
}

}  // namespace lockstep::agent
