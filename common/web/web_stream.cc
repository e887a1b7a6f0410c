#include "common/web/web_stream.h"

#include <utility>

namespace lockstep {

bool WebStream::Push(Piece piece) {
  MutexLock held(mutex_);
  if (ended_ || abandoned_) {
    return false;
  }
  if (!pieces_.empty() && bytes_ + piece->size() > kMostBytes) {
    overran_ = true;
    abandoned_ = true;
    changed_.NotifyAll();
    return false;
  }
  bytes_ += piece->size();
  pieces_.push_back(std::move(piece));
  changed_.NotifyAll();
  return true;
}

void WebStream::End() {
  MutexLock held(mutex_);
  ended_ = true;
  changed_.NotifyAll();
}

bool WebStream::open() const {
  MutexLock held(mutex_);
  return !ended_ && !abandoned_;
}

bool WebStream::overran() const {
  MutexLock held(mutex_);
  return overran_;
}

WebStream::Piece WebStream::Next() {
  MutexLock held(mutex_);
  while (pieces_.empty() && !ended_ && !abandoned_) {
    changed_.Wait(mutex_);
  }
  if (pieces_.empty() || abandoned_) {
    return nullptr;
  }
  Piece next = std::move(pieces_.front());
  pieces_.pop_front();
  bytes_ -= next->size();
  return next;
}

void WebStream::Abandon() {
  MutexLock held(mutex_);
  abandoned_ = true;
  pieces_.clear();
  changed_.NotifyAll();
}

void WebStream::WaitUntilTold(std::chrono::steady_clock::time_point deadline) {
  MutexLock held(mutex_);
  while (!abandoned_) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero()) {
      return;
    }
    changed_.WaitFor(mutex_, absl::FromChrono(left));
  }
}

}  // namespace lockstep
