// Where a VU's script runs and waits: a body with a stack of its own, which can stop in the middle
// and go on later. Two kinds with one behaviour: a stackful coroutine (the rule), or an OS thread
// that takes turns with its scheduler (where V8 does not accept coroutines as threads, see
// ScriptIsolate::fibre_kind).
//
// A fibre belongs to the thread that made it: Resume is called there only, never from within a
// fibre. Park is called by the body only.
#pragma once

#include <cstddef>
#include <memory>

#include <time.h>

#include "absl/functional/any_invocable.h"

namespace lockstep::agent {

enum class FibreKind { kCoroutine, kThread };

class Fibre {
 public:
  using Body = absl::AnyInvocable<void()>;

  // `stack_bytes` is address space, touched lazily; a guard page lies below it.
  static std::unique_ptr<Fibre> Make(FibreKind kind, size_t stack_bytes, Body body);

  // The body must have returned: a stack with frames on it is never thrown away.
  virtual ~Fibre() = default;
  // Runs the body until it parks or returns.
  virtual void Resume() = 0;
  // Stops the body; returns when it is resumed.
  virtual void Park() = 0;
  virtual bool done() const = 0;
  // Tells the CPU time that the body's thread has used; after the fibre's end it may tell none.
  virtual clockid_t cpu_clock() const = 0;
};

}  // namespace lockstep::agent
