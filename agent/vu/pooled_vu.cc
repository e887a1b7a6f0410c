#include "agent/vu/pooled_vu.h"

#include <utility>

namespace lockstep::agent {

void PooledVu::Activate(Activation activation) {
  if (worker_ == nullptr) {
    return;
  }
  worker_->Post([worker = worker_, key = key_, epoch = ++epoch_,
                 activation = std::move(activation)]() mutable {
    const MonoTime not_before = activation.not_before;
    auto start = [worker, key, epoch, activation = std::move(activation)]() mutable {
      ScriptVu* vu = worker->Find(key);
      if (vu == nullptr) {
        return;
      }
      vu->Enqueue(epoch, [activation = std::move(activation)](ScriptVu& inside) mutable {
        inside.RunIterations(activation.scenario, *activation.source);
        inside.run().conductor.Post(std::move(activation.on_idle));
      });
    };
    if (not_before > worker->loop().clock().Mono()) {
      worker->loop().At(not_before, std::move(start));
    } else {
      start();
    }
  });
}

void PooledVu::Interrupt() {
  if (worker_ != nullptr) {
    worker_->Interrupt(key_, epoch_);
  }
}

}  // namespace lockstep::agent
