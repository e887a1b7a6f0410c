// An answer of the web server that goes on: the loop pushes pieces, a thread of the server writes
// them to its peer. Bounded: a peer that does not read what it is sent is given up.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "common/base/sync.h"

namespace lockstep {

// Thread-safe.
class WebStream {
 public:
  // What may wait to be written. The first piece may be of any size.
  static constexpr size_t kMostBytes = 16 << 20;
  using Piece = std::shared_ptr<const std::string>;

  // False if nobody listens any more; nobody does once too much waits.
  bool Push(Piece piece);
  // What was pushed is still written.
  void End();
  // Whether somebody listens.
  bool open() const;
  // Whether it was given up because its peer did not read.
  bool overran() const;

  // ---- for the server ----
  // Waits for the next piece; null: it has ended.
  Piece Next();
  // The peer is gone: nobody listens.
  void Abandon();
  // Waits until the peer is gone or has been told all, but not beyond `deadline`.
  void WaitUntilTold(std::chrono::steady_clock::time_point deadline);

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<Piece> pieces_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
  bool overran_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace lockstep
