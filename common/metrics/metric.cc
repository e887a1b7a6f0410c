#include "common/metrics/metric.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace lockstep {
namespace {

constexpr size_t kLeastNameBytes = 2;
constexpr size_t kMostNameBytes = 129;
constexpr absl::string_view kTypes[] = {"counter", "gauge", "rate", "trend"};
constexpr absl::string_view kContents[] = {"default", "time", "data"};

struct Definition {
  absl::string_view name;
  MetricType type;
  ValueType contains;
};
constexpr MetricType kC = MetricType::kCounter, kG = MetricType::kGauge, kR = MetricType::kRate,
                     kT = MetricType::kTrend;
constexpr ValueType kNumber = ValueType::kDefault, kTime = ValueType::kTime,
                    kData = ValueType::kData;

// In the order of `builtin`.
constexpr Definition kBuiltins[] = {
    {"vus", kG, kNumber},
    {"vus_max", kG, kNumber},
    {"iterations", kC, kNumber},
    {"iteration_duration", kT, kTime},
    {"dropped_iterations", kC, kNumber},
    {"checks", kR, kNumber},
    {"group_duration", kT, kTime},
    {"http_reqs", kC, kNumber},
    {"http_req_duration", kT, kTime},
    {"http_req_blocked", kT, kTime},
    {"http_req_connecting", kT, kTime},
    {"http_req_tls_handshaking", kT, kTime},
    {"http_req_sending", kT, kTime},
    {"http_req_waiting", kT, kTime},
    {"http_req_receiving", kT, kTime},
    {"http_req_failed", kR, kNumber},
    {"http_reqs_errors", kC, kNumber},
    {"http_req_duration_errors", kT, kTime},
    {"data_sent", kC, kData},
    {"data_received", kC, kData},
    {"ws_sessions", kC, kNumber},
    {"ws_msgs_sent", kC, kNumber},
    {"ws_msgs_received", kC, kNumber},
    {"ws_ping", kT, kTime},
    {"ws_session_duration", kT, kTime},
    {"ws_connecting", kT, kTime},
    {"grpc_req_duration", kT, kTime},
    {"grpc_streams", kC, kNumber},
    {"grpc_streams_msgs_sent", kC, kNumber},
    {"grpc_streams_msgs_received", kC, kNumber},
    {"iteration_lateness", kT, kTime},
    {"http_req_duration_intended", kT, kTime},
};
static_assert(std::size(kBuiltins) == builtin::kCount);

}  // namespace

absl::string_view MetricTypeName(MetricType type) {
  return kTypes[static_cast<size_t>(type)];
}

absl::string_view ValueTypeName(ValueType type) {
  return kContents[static_cast<size_t>(type)];
}

std::optional<MetricType> ParseMetricType(absl::string_view name) {
  for (size_t i = 0; i < std::size(kTypes); ++i) {
    if (kTypes[i] == name) {
      return static_cast<MetricType>(i);
    }
  }
  return std::nullopt;
}

std::optional<ValueType> ParseValueType(absl::string_view name) {
  for (size_t i = 0; i < std::size(kContents); ++i) {
    if (kContents[i] == name) {
      return static_cast<ValueType>(i);
    }
  }
  return std::nullopt;
}

absl::Status InvalidMetricName(absl::string_view name) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid metric name: ", name, ": expected ", kLeastNameBytes, " to ",
                   kMostNameBytes, " characters of [a-zA-Z0-9_], the first no digit"));
}

bool IsValidMetricName(absl::string_view name) {
  if (name.size() < kLeastNameBytes || name.size() > kMostNameBytes ||
      absl::ascii_isdigit(static_cast<unsigned char>(name[0]))) {
    return false;
  }
  for (char c : name) {
    if (c != '_' && !absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      return false;
    }
  }
  return true;
}

MetricRegistry::MetricRegistry() {
  for (const Definition& each : kBuiltins) {
    by_name_.emplace(each.name, MetricId{static_cast<uint32_t>(metrics_.size())});
    metrics_.push_back(
        {.name = std::string(each.name), .type = each.type, .contains = each.contains});
  }
}

absl::StatusOr<MetricId> MetricRegistry::Register(absl::string_view name, MetricType type,
                                                  ValueType contains) {
  if (!IsValidMetricName(name)) {
    return InvalidMetricName(name);
  }
  const auto known = by_name_.find(name);
  if (known != by_name_.end()) {
    const Metric& metric = Get(known->second);
    if (metric.type != type) {
      return absl::InvalidArgumentError(
          absl::StrCat("metric '", name, "' already exists but with type ",
                       MetricTypeName(metric.type), ", instead of ", MetricTypeName(type)));
    }
    if (metric.contains != contains) {
      return absl::InvalidArgumentError(
          absl::StrCat("metric '", name, "' already exists but with a value type ",
                       ValueTypeName(metric.contains), ", instead of ", ValueTypeName(contains)));
    }
    return known->second;
  }
  const MetricId id{static_cast<uint32_t>(metrics_.size())};
  metrics_.push_back({.name = std::string(name), .type = type, .contains = contains});
  by_name_.emplace(name, id);
  return id;
}

std::optional<MetricId> MetricRegistry::Find(absl::string_view name) const {
  const auto known = by_name_.find(name);
  return known == by_name_.end() ? std::nullopt : std::optional(known->second);
}

}  // namespace lockstep
