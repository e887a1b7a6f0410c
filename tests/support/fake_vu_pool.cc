#include "tests/support/fake_vu_pool.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace lockstep::testing {

class FakeVuPool::FakeVu final : public agent::Vu {
 public:
  FakeVu(FakeVuPool& pool, int64_t id_in_instance, int64_t id_in_test)
      : pool_(pool), id_in_instance_(id_in_instance), id_in_test_(id_in_test) {}
  ~FakeVu() override { pool_.loop_.Cancel(timer_); }

  int64_t id_in_instance() const override { return id_in_instance_; }
  int64_t id_in_test() const override { return id_in_test_; }
  bool prompt() const override {
    return !pool_.options_.prompt || pool_.options_.prompt(id_in_instance_);
  }

  void Activate(agent::Activation activation) override {
    LOCKSTEP_CHECK(!activation_.has_value());
    activation_ = std::move(activation);
    ++activations_;
    interrupted_ = false;
    pool_.Hop([this] {
      if (activation_->not_before > pool_.loop_.clock().Mono()) {
        timer_ = pool_.loop_.At(activation_->not_before, [this] { RunNext(); });
      } else {
        RunNext();
      }
    });
  }

  void Interrupt() override {
    if (pool_.options_.interrupt_overtakes) {
      InterruptOnWorker();
    } else if (activation_.has_value()) {
      pool_.Hop([this, meant = activations_] {
        if (meant == activations_) {
          InterruptOnWorker();
        }
      });
    }
  }

  bool idle() const { return !activation_.has_value(); }

 private:
  void RunNext() {
    IterationRecord record;
    if (interrupted_ || !activation_->source->Next(pool_.loop_.clock().Mono(), &record.iteration)) {
      GoIdle();
      return;
    }
    record.scenario = activation_->scenario;
    record.vu_in_instance = id_in_instance_;
    record.vu_in_test = id_in_test_;
    record.begin = pool_.loop_.clock().Mono();
    record.end = MonoTime::Infinite();
    record_ = pool_.records_.size();
    pool_.records_.push_back(record);
    pool_.most_running_ = std::max(pool_.most_running_, ++pool_.running_);
    running_ = true;
    const absl::Duration duration = pool_.options_.duration(record);
    LOCKSTEP_CHECK(duration > absl::ZeroDuration());
    if (duration < absl::InfiniteDuration()) {
      timer_ = pool_.loop_.After(duration, [this] {
        End(agent::IterationEnd::kFull);
        RunNext();
      });
    }
  }

  void InterruptOnWorker() {
    if (!activation_.has_value() || std::exchange(interrupted_, true)) {
      return;
    }
    if (running_) {
      pool_.loop_.Cancel(timer_);
      End(agent::IterationEnd::kInterrupted);
      GoIdle();
    }  // else RunNext or the way to idle is under way
  }

  void End(agent::IterationEnd how) {
    timer_ = TimerId::kNone;
    running_ = false;
    --pool_.running_;
    IterationRecord& record = pool_.records_[record_];
    record.end = pool_.loop_.clock().Mono();
    record.how = how;
    activation_->source->Ended(record.iteration, how);
  }

  void GoIdle() {
    interrupted_ = true;
    pool_.Hop([this] {
      auto on_idle = std::move(activation_->on_idle);
      activation_.reset();
      on_idle();
    });
  }

  FakeVuPool& pool_;
  const int64_t id_in_instance_;
  const int64_t id_in_test_;
  std::optional<agent::Activation> activation_;
  int64_t activations_ = 0;
  bool interrupted_ = false;
  bool running_ = false;
  size_t record_ = 0;
  TimerId timer_ = TimerId::kNone;
};

FakeVuPool::FakeVuPool(EventLoop& loop, Options options)
    : loop_(loop), options_(std::move(options)) {
  for (int64_t i = 0; i < options_.vus; ++i) {
    free_.push_back(AddVu());
  }
}

FakeVuPool::~FakeVuPool() {
  for (const TimerId timer : initialising_) {
    loop_.Cancel(timer);
  }
}

FakeVuPool::FakeVu* FakeVuPool::AddVu() {
  const int64_t number = initialised();
  vus_.push_back(std::make_unique<FakeVu>(*this, number + 1, options_.segment.Unscale(number) + 1));
  return vus_.back().get();
}

agent::Vu* FakeVuPool::Take() {
  if (free_.empty()) {
    return nullptr;
  }
  agent::Vu* vu = free_.front();
  free_.pop_front();
  return vu;
}

void FakeVuPool::Give(agent::Vu* vu) {
  LOCKSTEP_CHECK(static_cast<FakeVu*>(vu)->idle());
  LOCKSTEP_CHECK(std::find(free_.begin(), free_.end(), vu) == free_.end());
  free_.push_back(vu);
}

void FakeVuPool::InitialiseOne(absl::AnyInvocable<void(agent::Vu*)> done) {
  const auto place = initialising_.emplace(initialising_.end(), TimerId::kNone);
  *place = loop_.After(options_.initialisation, [this, place, done = std::move(done)]() mutable {
    initialising_.erase(place);
    done(options_.initialisable-- > 0 ? AddVu() : nullptr);
  });
}

void FakeVuPool::Hop(EventLoop::Task task) {
  if (options_.hop == absl::ZeroDuration()) {
    loop_.Post(std::move(task));
  } else {
    loop_.After(options_.hop, std::move(task));
  }
}

}  // namespace lockstep::testing
