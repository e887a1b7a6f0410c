#include "tests/support/fake_vu_pool.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/base/timer.h"

namespace lockstep::testing {

class FakeVuPool::FakeVu final : public agent::Vu {
 public:
  FakeVu(FakeVuPool& pool, int64_t id_in_instance, int64_t id_in_test)
      : pool_(pool), id_in_instance_(id_in_instance), id_in_test_(id_in_test) {}

 private:
  int64_t id_in_instance() const override { return id_in_instance_; }
  int64_t id_in_test() const override { return id_in_test_; }
  bool prompt() const override {
    return !pool_.options_.prompt || pool_.options_.prompt(id_in_instance_);
  }

  void Start(MonoTime not_before) override {
    LOCKSTEP_CHECK(!std::exchange(active_, true));
    ++activations_;
    interrupted_ = false;
    Hop([this, not_before] {
      if (not_before > pool_.loop_.clock().Mono()) {
        timer_.At(not_before, [this] { RunNext(); });
      } else {
        RunNext();
      }
    });
  }

  void Interrupt() override {
    if (pool_.options_.interrupt_overtakes) {
      InterruptOnWorker();
    } else {
      Hop([this, meant = activations_] {
        if (meant == activations_) {
          InterruptOnWorker();
        }
      });
    }
  }

  void RunNext() {
    IterationRecord record;
    if (interrupted_ || !source().Next(pool_.loop_.clock().Mono(), &record.iteration)) {
      GoIdle();
      return;
    }
    record.scenario = scenario();
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
      timer_.After(duration, [this] {
        End(agent::IterationEnd::kFull);
        RunNext();
      });
    }
  }

  void InterruptOnWorker() {
    if (!active_ || std::exchange(interrupted_, true)) {
      return;
    }
    if (running_) {
      timer_.Cancel();
      End(agent::IterationEnd::kInterrupted);
      GoIdle();
    }  // else RunNext or the way to idle is under way
  }

  void End(agent::IterationEnd how) {
    running_ = false;
    --pool_.running_;
    IterationRecord& record = pool_.records_[record_];
    record.end = pool_.loop_.clock().Mono();
    record.how = how;
    source().Ended(record.iteration, how);
  }

  void GoIdle() {
    interrupted_ = true;
    Hop([this] {
      active_ = false;
      BecameIdle();
    });
  }

  // From the conductor to the worker or back, unless the pool has gone meanwhile.
  void Hop(EventLoop::Task task) {
    auto arrive = [here = pool_.here(), task = std::move(task)]() mutable {
      if (*here != nullptr) {
        task();
      }
    };
    if (pool_.options_.hop == absl::ZeroDuration()) {
      pool_.loop_.Post(std::move(arrive));
    } else {
      pool_.loop_.After(pool_.options_.hop, std::move(arrive));
    }
  }

  FakeVuPool& pool_;
  const int64_t id_in_instance_;
  const int64_t id_in_test_;
  bool active_ = false;  // between Start and BecameIdle
  int64_t activations_ = 0;
  bool interrupted_ = false;
  bool running_ = false;
  size_t record_ = 0;
  Timer timer_{pool_.loop_};
};

FakeVuPool::FakeVuPool(EventLoop& loop, Options options)
    : loop_(loop), options_(std::move(options)) {
  for (int64_t i = 0; i < options_.vus; ++i) {
    Add(NewVu());
  }
}

FakeVuPool::~FakeVuPool() {
  for (const TimerId timer : initialising_) {
    loop_.Cancel(timer);
  }
}

agent::Vu& FakeVuPool::NewVu() {
  const int64_t number = initialised();
  vus_.push_back(std::make_unique<FakeVu>(*this, number + 1, options_.segment.Unscale(number) + 1));
  return *vus_.back();
}

void FakeVuPool::InitialiseOne(Receiver done) {
  const auto place = initialising_.emplace(initialising_.end(), TimerId::kNone);
  *place = loop_.After(options_.initialisation, [this, place, done = std::move(done)]() mutable {
    initialising_.erase(place);
    done(options_.initialisable-- > 0 ? AddLent(NewVu()) : agent::LentVu());
  });
}

}  // namespace lockstep::testing
