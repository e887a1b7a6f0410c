#include "agent/js/fibre.h"

#include <utility>

#include <boost/context/detail/fcontext.hpp>
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/js/thread_identity.h"
#include "common/base/check.h"
#include "common/base/sync.h"

namespace lockstep::agent {
namespace {

namespace context = boost::context::detail;

clockid_t CpuClockOf(pthread_t thread) {
  clockid_t clock = {};
  LOCKSTEP_CHECK(pthread_getcpuclockid(thread, &clock) == 0);
  return clock;
}

class Coroutine final : public Fibre {
 public:
  Coroutine(size_t stack_bytes, Body body)
      : body_(std::move(body)),
        guard_bytes_(static_cast<size_t>(sysconf(_SC_PAGESIZE))),
        mapped_bytes_(stack_bytes + guard_bytes_),
        identity_(NewThreadIdentity()) {
    void* base = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    LOCKSTEP_CHECK(base != MAP_FAILED);
    base_ = static_cast<char*>(base);
    // A huge page would make every stack resident as a whole.
    madvise(base_, mapped_bytes_, MADV_NOHUGEPAGE);
    LOCKSTEP_CHECK(mprotect(base_, guard_bytes_, PROT_NONE) == 0);
    self_ = context::make_fcontext(base_ + mapped_bytes_, stack_bytes, &Coroutine::Enter);
  }
  ~Coroutine() override {
    LOCKSTEP_CHECK(done_);
    // The last frame never returns, and what has this memory next is none of its variables.
    ASAN_UNPOISON_MEMORY_REGION(base_, mapped_bytes_);
    munmap(base_, mapped_bytes_);
  }

  void Resume() override {
    LOCKSTEP_DCHECK(!done_);
    AssumeThreadIdentity(identity_);
    self_ = context::jump_fcontext(self_, this).fctx;
    AssumeThreadIdentity(ThreadIdentity::kOwn);
  }
  void Park() override { scheduler_ = context::jump_fcontext(scheduler_, nullptr).fctx; }
  bool done() const override { return done_; }
  clockid_t cpu_clock() const override { return cpu_clock_; }

 private:
  static void Enter(context::transfer_t from) {
    auto* self = static_cast<Coroutine*>(from.data);
    self->scheduler_ = from.fctx;
    self->body_();
    self->body_ = nullptr;
    self->done_ = true;
    context::jump_fcontext(self->scheduler_, nullptr);
    LOCKSTEP_CHECK(false);  // a finished coroutine is never resumed
  }

  Body body_;
  const size_t guard_bytes_;
  const size_t mapped_bytes_;
  const ThreadIdentity identity_;
  const clockid_t cpu_clock_ = CpuClockOf(pthread_self());
  char* base_ = nullptr;
  context::fcontext_t self_ = nullptr;
  context::fcontext_t scheduler_ = nullptr;
  bool done_ = false;
};

// The scheduler and the body hand a baton to each other; exactly one of them runs.
class BatonThread final : public Fibre {
 public:
  BatonThread(size_t stack_bytes, Body body) : body_(std::move(body)) {
    pthread_attr_t attributes;
    LOCKSTEP_CHECK(pthread_attr_init(&attributes) == 0);
    LOCKSTEP_CHECK(pthread_attr_setstacksize(&attributes, stack_bytes) == 0);
    LOCKSTEP_CHECK(pthread_create(&thread_, &attributes, &BatonThread::Enter, this) == 0);
    pthread_attr_destroy(&attributes);
    cpu_clock_ = CpuClockOf(thread_);
  }
  ~BatonThread() override {
    LOCKSTEP_CHECK(done());
    pthread_join(thread_, nullptr);
  }

  void Resume() override {
    MutexLock lock(mutex_);
    LOCKSTEP_DCHECK(!done_);
    bodys_turn_ = true;
    turn_.NotifyAll();
    while (bodys_turn_) {
      turn_.Wait(mutex_);
    }
  }
  void Park() override {
    MutexLock lock(mutex_);
    bodys_turn_ = false;
    turn_.NotifyAll();
    while (!bodys_turn_) {
      turn_.Wait(mutex_);
    }
  }
  bool done() const override {
    MutexLock lock(mutex_);
    return done_;
  }
  clockid_t cpu_clock() const override { return cpu_clock_; }

 private:
  static void* Enter(void* data) {
    auto* self = static_cast<BatonThread*>(data);
    {
      MutexLock lock(self->mutex_);
      while (!self->bodys_turn_) {
        self->turn_.Wait(self->mutex_);
      }
    }
    self->body_();
    self->body_ = nullptr;
    MutexLock lock(self->mutex_);
    self->done_ = true;
    self->bodys_turn_ = false;
    self->turn_.NotifyAll();
    return nullptr;
  }

  Body body_;
  pthread_t thread_{};
  clockid_t cpu_clock_{};
  mutable Mutex mutex_;
  CondVar turn_;
  bool bodys_turn_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::unique_ptr<Fibre> Fibre::Make(FibreKind kind, size_t stack_bytes, Body body) {
  switch (kind) {
    case FibreKind::kCoroutine:
      return std::make_unique<Coroutine>(stack_bytes, std::move(body));
    case FibreKind::kThread:
      return std::make_unique<BatonThread>(stack_bytes, std::move(body));
  }
  LOCKSTEP_CHECK(false);
}

}  // namespace lockstep::agent
