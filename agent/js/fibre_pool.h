// Fibres that do one piece of work after another, so that only those VUs have a stack that are in
// the middle of something: the init code of all VUs of an isolate runs on one stack, and a VU that
// waits for its next iteration has none.
//
// Worker's thread only, as its fibres.
#pragma once

#include <memory>
#include <vector>

#include "agent/js/fibre.h"

namespace lockstep::agent {

// A fibre that has been lent for one piece of work.
class LentFibre {
 public:
  // `on_end` is called on the fibre, as the last thing that happens there; it outlives the fibre.
  LentFibre(FibreKind kind, size_t stack_bytes, Fibre::Body& on_end);
  // The work must have returned.
  ~LentFibre();
  LentFibre(const LentFibre&) = delete;
  LentFibre& operator=(const LentFibre&) = delete;

  // Runs the work until it parks or returns.
  void Resume() { fibre_->Resume(); }
  // Stops the work; returns when it is resumed. Called by the work only.
  void Park() { fibre_->Park(); }
  // The work has returned.
  bool idle() const { return idle_; }
  clockid_t cpu_clock() const { return fibre_->cpu_clock(); }

 private:
  friend class FibrePool;
  void Run(Fibre::Body& on_end);

  Fibre::Body work_;
  bool idle_ = true;
  std::unique_ptr<Fibre> fibre_;
};

class FibrePool {
 public:
  // `on_end` is called on each fibre, as the last thing that happens there.
  FibrePool(FibreKind kind, size_t stack_bytes, Fibre::Body on_end);
  // All fibres must have been given back.
  ~FibrePool();
  FibrePool(const FibrePool&) = delete;
  FibrePool& operator=(const FibrePool&) = delete;

  // A fibre that runs `work` when it is resumed.
  std::unique_ptr<LentFibre> Lend(Fibre::Body work);
  // Takes back one that is idle. The next work gets the one that came back last, whose stack is in
  // the processor's caches.
  void Return(std::unique_ptr<LentFibre> fibre);
  // How many there are, lent or not.
  size_t size() const { return size_; }

 private:
  const FibreKind kind_;
  const size_t stack_bytes_;
  Fibre::Body on_end_;
  size_t size_ = 0;
  std::vector<std::unique_ptr<LentFibre>> idle_;
};

}  // namespace lockstep::agent
