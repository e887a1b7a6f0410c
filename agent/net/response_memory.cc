#include "agent/net/response_memory.h"

#include <utility>

namespace lockstep::agent {

void ResponseMemory::Lend(HttpResponse& response) {
  if (!kept_.empty() && response.headers.capacity() == 0) {
    response.headers = std::move(kept_.back().headers);
    response.body = std::move(kept_.back().body);
    kept_.pop_back();
  }
}

void ResponseMemory::TakeBack(HttpResponse& response) {
  if (response.headers.capacity() > 0 && response.body.capacity() <= kMostBodyBytes &&
      kept_.size() < kMostKept) {
    kept_.push_back({std::move(response.headers), std::move(response.body)});
  }
}

}  // namespace lockstep::agent
