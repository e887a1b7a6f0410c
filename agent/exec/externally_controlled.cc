#include "agent/exec/externally_controlled.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::agent {

ExternallyControlled::ExternallyControlled(ExecutorContext context)
    : WantedVus(std::move(context)),
      vus_(context_.plan.wanted.front().vus),
      max_vus_(context_.plan.max_vus),
      existing_(max_vus_) {}

void ExternallyControlled::Start(MonoTime start) {
  Open(start);
  started_ = true;
  Scale(vus_, max_vus_);
}

void ExternallyControlled::SetPaused(bool paused) {
  if (!ended()) {
    handles().SetPaused(paused);
  }
}

void ExternallyControlled::Scale(int64_t vus, int64_t max_vus) {
  vus_ = vus;
  max_vus_ = max_vus;
  if (started_ && !ended()) {
    handles().Want(vus_, now() + context_.config.graceful_stop);
    Grow();
  }
}

void ExternallyControlled::Redivide(absl::Duration /*offset*/) {
  existing_ = std::max(existing_, context_.plan.max_vus);
}

void ExternallyControlled::Grow() {
  if (initialising_ || ended() || existing_ >= max_vus_) {
    return;
  }
  initialising_ = true;
  context_.vus.InitialiseOne([this](LentVu vu) {
    initialising_ = false;
    if (!vu) {
      context_.logger.Error(absl::StrCat("scenario ", context_.config.name,
                                         ": a VU could not be initialised; there are ", existing_,
                                         " of ", max_vus_));
      max_vus_ = existing_;
    } else {
      ++existing_;
      vu.GiveBack();
      Grow();
    }
    context_.changed();
  });
}

}  // namespace lockstep::agent
