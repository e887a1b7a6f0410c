// What a sample costs: one at a time, the eleven of an HTTP request at once, and sealing a second's
// worth.
#include <vector>

#include <benchmark/benchmark.h>

#include "agent/report/accumulator.h"
#include "common/metrics/batch.h"

namespace lockstep::agent {
namespace {

std::vector<TagSet> TagSets(Accumulator* accumulator, int64_t count) {
  std::vector<TagSet> sets;
  for (int64_t i = 0; i < count; ++i) {
    const TagSet base = accumulator->tags().With(kEmptyTagSet, "method", "GET");
    sets.push_back(accumulator->tags().With(base, "name", "http://target/" + std::to_string(i)));
  }
  return sets;
}

void AddOneSample(benchmark::State& state) {
  Accumulator accumulator;
  const std::vector<TagSet> sets = TagSets(&accumulator, 16);
  const absl::Time now = absl::FromUnixSeconds(1);
  double value = 1.25;
  size_t i = 0;
  for (auto _ : state) {
    accumulator.Add(BuiltinMetric(builtin::kHttpReqDuration), sets[i++ % 16], value, now);
    value += 0.001;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(AddOneSample);

void AddRequest(benchmark::State& state) {
  Accumulator accumulator;
  const std::vector<TagSet> sets = TagSets(&accumulator, state.range(0));
  const absl::Time now = absl::FromUnixSeconds(1);
  MetricValue values[] = {{BuiltinMetric(builtin::kHttpReqs), 1},
                          {BuiltinMetric(builtin::kHttpReqDuration), 12.5},
                          {BuiltinMetric(builtin::kHttpReqBlocked), 0.01},
                          {BuiltinMetric(builtin::kHttpReqConnecting), 0},
                          {BuiltinMetric(builtin::kHttpReqSending), 0.03},
                          {BuiltinMetric(builtin::kHttpReqWaiting), 12},
                          {BuiltinMetric(builtin::kHttpReqReceiving), 0.2},
                          {BuiltinMetric(builtin::kHttpReqTlsHandshaking), 0},
                          {BuiltinMetric(builtin::kHttpReqFailed), 0}};
  size_t i = 0;
  for (auto _ : state) {
    values[1].value += 0.001;
    accumulator.AddMany(sets[i++ % sets.size()], now, values);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(AddRequest)->Arg(1)->Arg(16)->Arg(1000);

// A second of 10000 requests over 20 URLs, sealed and encoded.
void SealSecond(benchmark::State& state) {
  Accumulator accumulator;
  const std::vector<TagSet> sets = TagSets(&accumulator, 20);
  const absl::Time now = absl::FromUnixSeconds(1);
  size_t bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    for (size_t i = 0; i < 10000; ++i) {
      accumulator.Add(BuiltinMetric(builtin::kHttpReqDuration), sets[i % 20],
                      1 + static_cast<double>(i * 7919 % 10007), now);
    }
    state.ResumeTiming();
    BatchBuilder builder;
    builder.Add(accumulator.Seal());
    bytes = EncodeBatch(builder.Build(1, now, now)).size();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(SealSecond)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace lockstep::agent
