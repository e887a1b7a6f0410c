// constant-vus: each VU runs one iteration after another until the duration is over.
#pragma once

#include "agent/exec/wanted_vus.h"

namespace lockstep::agent {

class ConstantVus final : public WantedVus {
 public:
  using WantedVus::WantedVus;

  void Start(MonoTime start) override;
  // VUs beyond the new part have gracefulStop to end their iterations.
  void Redivide(absl::Duration offset) override;
};

}  // namespace lockstep::agent
