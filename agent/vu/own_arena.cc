#include "agent/vu/own_arena.h"

#include <cstddef>
#include <vector>

#include "common/base/sync.h"

// Null in programs that are not linked with jemalloc.
// NOLINTNEXTLINE(readability-identifier-naming): jemalloc's name
extern "C" int mallctl(const char* name, void* old, size_t* old_size, void* now, size_t now_size)
    __attribute__((weak));

namespace lockstep::agent {
namespace {

// The arena that all threads without one of their own share.
constexpr unsigned kShared = 0;

// Arenas that have been made and that no thread has: they cannot be unmade.
class IdleArenas {
 public:
  std::optional<unsigned> Take() {
    MutexLock lock(mutex_);
    if (!idle_.empty()) {
      const unsigned number = idle_.back();
      idle_.pop_back();
      return number;
    }
    unsigned made = kShared;
    size_t size = sizeof made;
    return mallctl("arenas.create", &made, &size, nullptr, 0) == 0 ? std::optional(made)
                                                                   : std::nullopt;
  }
  void Give(unsigned number) {
    MutexLock lock(mutex_);
    idle_.push_back(number);
  }

 private:
  Mutex mutex_;
  std::vector<unsigned> idle_ ABSL_GUARDED_BY(mutex_);
};

IdleArenas& Idle() {
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): arenas belong to the process, which cannot unmake them
  static auto* const arenas = new IdleArenas();
  return *arenas;
}

bool Enter(unsigned number) {
  return mallctl("thread.arena", nullptr, nullptr, &number, sizeof number) == 0;
}

}  // namespace

OwnArena::OwnArena() {
  if (mallctl == nullptr) {
    return;
  }
  number_ = Idle().Take();
  if (number_.has_value() && !Enter(*number_)) {
    Idle().Give(*number_);
    number_.reset();
  }
}

OwnArena::~OwnArena() {
  if (number_.has_value() && Enter(kShared)) {
    Idle().Give(*number_);
  }
}

}  // namespace lockstep::agent
