#include "agent/exec/vu_handles.h"

namespace lockstep::agent {

VuHandles::~VuHandles() {
  gate_->Close();
  for (const std::unique_ptr<Handle>& handle : handles_) {
    context_.loop.Cancel(handle->deadline);
  }
}

void VuHandles::Want(int64_t count, MonoTime deadline) {
  while (static_cast<int64_t>(handles_.size()) < count) {
    handles_.push_back(std::make_unique<Handle>(Handle{.source = std::make_shared<Source>(gate_)}));
  }
  while (wanted_ < count) {
    Raise(*handles_[static_cast<size_t>(wanted_++)]);
  }
  while (wanted_ > count) {
    Lower(*handles_[static_cast<size_t>(--wanted_)], deadline);
  }
}

void VuHandles::Raise(Handle& handle) {
  handle.wanted = true;
  handle.source->SetOpen(!paused_);
  context_.loop.Cancel(std::exchange(handle.deadline, TimerId::kNone));
  if (!handle.vu && !std::exchange(handle.asked, true)) {
    context_.vus.Request([this, &handle](LentVu vu) { Receive(handle, std::move(vu)); });
  }
  // With a VU that is still at work, or just now becoming idle, it goes on: OnIdle sees that it is
  // wanted.
}

void VuHandles::Lower(Handle& handle, MonoTime deadline) {
  handle.wanted = false;
  handle.source->SetOpen(false);
  if (!handle.vu) {
    return;
  }
  if (!handle.iterating) {
    Release(handle);
  } else if (deadline <= now()) {
    handle.vu.Interrupt();
  } else {
    handle.deadline = context_.loop.At(deadline, [&handle] {
      handle.deadline = TimerId::kNone;
      if (handle.iterating) {
        handle.vu.Interrupt();
      }
    });
  }
}

void VuHandles::Receive(Handle& handle, LentVu vu) {
  handle.asked = false;
  if (!handle.wanted || ended_) {
    return;
  }
  handle.vu = std::move(vu);
  handle.vu.WorkOn(context_.scenario, handle.source);
  ++held_;
  if (!paused_ && !gate_->starved()) {
    Activate(handle);
  }
}

void VuHandles::Activate(Handle& handle) {
  handle.iterating = true;
  handle.vu.Activate([this, &handle] { OnIdle(handle); });
}

void VuHandles::OnIdle(Handle& handle) {
  handle.iterating = false;
  if (!handle.wanted || ended_ || gate_->closed_at(now())) {
    Release(handle);
  } else if (!paused_ && !gate_->starved()) {
    Activate(handle);
  }
}

void VuHandles::Wake() {
  for (const std::unique_ptr<Handle>& handle : handles_) {
    if (handle->wanted && !paused_ && !ended_ && handle->vu && !handle->iterating) {
      Activate(*handle);
    }
  }
}

void VuHandles::Release(Handle& handle) {
  context_.loop.Cancel(std::exchange(handle.deadline, TimerId::kNone));
  --held_;
  handle.vu.GiveBack();
  context_.changed();
}

void VuHandles::SetPaused(bool paused) {
  paused_ = paused;
  for (const std::unique_ptr<Handle>& handle : handles_) {
    if (!handle->wanted) {
      continue;
    }
    handle->source->SetOpen(!paused);
    if (!paused && !ended_ && handle->vu && !handle->iterating) {
      Activate(*handle);
    }
  }
}

void VuHandles::End() {
  ended_ = true;
  gate_->Close();
  for (const std::unique_ptr<Handle>& handle : handles_) {
    if (handle->vu && !handle->iterating) {
      Release(*handle);
    }
  }
}

void VuHandles::Interrupt() {
  for (const std::unique_ptr<Handle>& handle : handles_) {
    if (handle->iterating) {
      handle->vu.Interrupt();
    }
  }
}

}  // namespace lockstep::agent
