// `-o statsd[=HOST:PORT]`: each sample as a StatsD line over UDP; with tags in DogStatsD's form if
// K6_STATSD_ENABLE_TAGS is true. Settings: K6_STATSD_ADDR (localhost:8125), NAMESPACE ("k6."),
// ENABLE_TAGS, TAG_BLOCKLIST ("vu,iter,url"), BUFFER_SIZE (checked only), PUSH_INTERVAL (checked
// only: lines leave as batches come, each second).
//
// - counter: `k6.http_reqs:3|c`, those of one batch and series added up
// - gauge: `k6.vus:10|g`
// - rate: `k6.http_req_failed:1|c` counts the trues; checks: `k6.check.NAME.pass:1|c`, and `fail`
// - trend: `k6.http_req_duration:12.5|ms` for each sample
//
// With UDP nobody knows what arrives: only what could not leave this machine is counted as lost.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "coordinator/output/output.h"

namespace lockstep::coordinator {

struct StatsdConfig {
  std::string prefix = "k6.";
  bool tags = false;
  std::set<std::string, std::less<>> without = {"vu", "iter", "url"};  // tags that are left out
};
// The lines of a batch, each with the number of its samples. Pure.
struct StatsdLine {
  std::string text;
  uint64_t samples = 1;
};
std::vector<StatsdLine> StatsdLines(const StatsdConfig& config, const Batch& batch);

MadeOutput MakeStatsdOutput(absl::string_view argument, const OutputContext& context);

}  // namespace lockstep::coordinator
