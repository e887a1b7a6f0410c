// What is measured: a metric has a name, a type that says how its samples aggregate, and a unit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep {

// The values of both are those of the protocol: v1::MetricKind and v1::MetricContents.
enum class MetricType : uint8_t { kCounter, kGauge, kRate, kTrend };
// What a value means: a bare number, milliseconds, or bytes.
enum class ValueType : uint8_t { kDefault, kTime, kData };

// "counter", "gauge", "rate", "trend"; "default", "time", "data".
absl::string_view MetricTypeName(MetricType type);
absl::string_view ValueTypeName(ValueType type);
std::optional<MetricType> ParseMetricType(absl::string_view name);
std::optional<ValueType> ParseValueType(absl::string_view name);

// Index into a MetricRegistry. Ids of two registries are not related; names cross processes.
enum class MetricId : uint32_t {};

struct Metric {
  std::string name;
  MetricType type = MetricType::kCounter;
  ValueType contains = ValueType::kDefault;
};

// ^[a-zA-Z_][a-zA-Z0-9_]{1,128}$
bool IsValidMetricName(absl::string_view name);
// InvalidArgument for one that is not: `Invalid metric name: X: expected ...`.
absl::Status InvalidMetricName(absl::string_view name);

// The built-in metrics, registered before all others in every registry, so that these ids hold in
// each.
namespace builtin {
enum : uint32_t {
  kVus,
  kVusMax,
  kIterations,
  kIterationDuration,
  kDroppedIterations,
  kChecks,
  kGroupDuration,
  kHttpReqs,
  kHttpReqDuration,
  kHttpReqBlocked,
  kHttpReqConnecting,
  kHttpReqTlsHandshaking,
  kHttpReqSending,
  kHttpReqWaiting,
  kHttpReqReceiving,
  kHttpReqFailed,
  kHttpReqsErrors,
  kHttpReqDurationErrors,
  kDataSent,
  kDataReceived,
  kWsSessions,
  kWsMsgsSent,
  kWsMsgsReceived,
  kWsPing,
  kWsSessionDuration,
  kWsConnecting,
  kGrpcReqDuration,
  kGrpcStreams,
  kGrpcStreamsMsgsSent,
  kGrpcStreamsMsgsReceived,
  // Only with the option intendedLatency.
  kIterationLateness,
  kHttpReqDurationIntended,
  kCount
};
}  // namespace builtin
constexpr MetricId BuiltinMetric(uint32_t index) {
  return MetricId{index};
}

// All metrics of a run in one process. Not thread-safe: each worker has its own; the batches carry
// names.
class MetricRegistry {
 public:
  // Holds the built-in metrics.
  MetricRegistry();
  // The metric's id, new or already there. InvalidArgument: a bad name (InvalidMetricName),
  // or a known name with another type or unit (`metric 'X' already exists but with type A, instead
  // of B`).
  absl::StatusOr<MetricId> Register(absl::string_view name, MetricType type, ValueType contains);
  std::optional<MetricId> Find(absl::string_view name) const;
  const Metric& Get(MetricId id) const { return metrics_[static_cast<uint32_t>(id)]; }
  size_t size() const { return metrics_.size(); }

 private:
  std::vector<Metric> metrics_;
  absl::flat_hash_map<std::string, MetricId> by_name_;
};

}  // namespace lockstep
