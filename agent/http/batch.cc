#include "agent/http/batch.h"

#include <utility>

namespace lockstep::agent {

HttpBatch::HttpBatch(HttpCallEnv& env, std::vector<HttpCallSpec> specs, Limits limits)
    : env_(env), limits_(limits), results_(specs.size()) {
  for (HttpCallSpec& spec : specs) {
    Item& item = items_.emplace_back();
    item.host = spec.request.url.authority();
    item.spec = std::move(spec);
  }
}

void HttpBatch::Start(Done done) {
  done_ = std::move(done);
  Fill();
}

void HttpBatch::Fill() {
  while (first_waiting_ < items_.size() && items_[first_waiting_].started) {
    ++first_waiting_;
  }
  for (size_t i = first_waiting_; i < items_.size(); ++i) {
    if (limits_.total > 0 && running_ >= limits_.total) {
      return;
    }
    Item& item = items_[i];
    int64_t& of_host = running_per_host_[item.host];
    if (item.started || (limits_.per_host > 0 && of_host >= limits_.per_host)) {
      continue;
    }
    item.started = true;
    ++running_;
    ++of_host;
    item.call = std::make_unique<HttpCall>(env_, std::move(item.spec));
    item.call->Start([this, i](HttpCallResult& result) { OnDone(i, result); });
  }
}

void HttpBatch::OnDone(size_t index, HttpCallResult& result) {
  results_[index] = std::move(result);
  --running_;
  --running_per_host_[items_[index].host];
  if (++finished_ == items_.size()) {
    Done done = std::move(done_);
    done(std::move(results_));
    return;
  }
  Fill();
}

}  // namespace lockstep::agent
