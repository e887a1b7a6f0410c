#include "agent/exec/executor.h"

#include <utility>

#include "agent/exec/arrival_rate.h"
#include "agent/exec/constant_vus.h"
#include "agent/exec/externally_controlled.h"
#include "agent/exec/leased_vus.h"
#include "agent/exec/per_vu_iterations.h"
#include "agent/exec/pooled_iterations.h"
#include "agent/exec/ramping_vus.h"
#include "agent/exec/shared_iterations.h"

namespace lockstep::agent {
namespace {

// Configuration -> executor, one line each.
struct Table {
  ExecutorContext& context;

  std::unique_ptr<Executor> operator()(const SharedIterationsConfig&) {
    if (context.moves) {
      return std::make_unique<PooledIterations>(std::move(context));
    }
    return std::make_unique<SharedIterations>(std::move(context));
  }
  std::unique_ptr<Executor> operator()(const PerVuIterationsConfig& config) {
    if (context.moves) {
      return std::make_unique<LeasedVus>(std::move(context), config);
    }
    return std::make_unique<PerVuIterations>(std::move(context), config);
  }
  std::unique_ptr<Executor> operator()(const ConstantVusConfig&) {
    return std::make_unique<ConstantVus>(std::move(context));
  }
  std::unique_ptr<Executor> operator()(const RampingVusConfig& config) {
    return std::make_unique<RampingVus>(std::move(context), config);
  }
  std::unique_ptr<Executor> operator()(const ConstantArrivalRateConfig&) {
    return std::make_unique<ArrivalRate>(std::move(context),
                                         ArrivalRate::WhenExhausted::kWaitForTheEnd);
  }
  std::unique_ptr<Executor> operator()(const RampingArrivalRateConfig&) {
    return std::make_unique<ArrivalRate>(std::move(context), ArrivalRate::WhenExhausted::kFinish);
  }
  std::unique_ptr<Executor> operator()(const ExternallyControlledConfig&) {
    return std::make_unique<ExternallyControlled>(std::move(context));
  }
};

}  // namespace

std::unique_ptr<Executor> MakeExecutor(ExecutorContext context) {
  const ExecutorConfig& config = context.config.executor;
  return std::visit(Table{context}, config);
}

}  // namespace lockstep::agent
