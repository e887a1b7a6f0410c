// A result file as it is read back.
#include <cmath>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "common/result/field_reader.h"
#include "common/result/history_json.h"
#include "common/result/result.h"
#include "common/threshold/threshold.h"
#include "proto/words.h"

namespace lockstep {
namespace {

using nlohmann::json;

ExactSum ReadSum(FieldReader& reader, const json& data, const std::string& path) {
  const json* sum = reader.Member(data, path, "exactSum");
  if (sum == nullptr) {
    return {};
  }
  const std::string where = path + ".exactSum";
  std::vector<int64_t> limbs;
  for (const json& limb : reader.List(*sum, where, "limbs")) {
    if (!limb.is_number_integer()) {
      reader.Fail(where + ".limbs", "has something that is no integer");
      return {};
    }
    limbs.push_back(limb.get<int64_t>());
  }
  absl::StatusOr<ExactSum> exact =
      ExactSum::FromCanonical(static_cast<int64_t>(reader.Count(*sum, where, "base")), limbs);
  if (!exact.ok()) {
    reader.Fail(where, exact.status().message());
    return {};
  }
  return *std::move(exact);
}

void ReadBuckets(FieldReader& reader, const json& histogram, const std::string& path, bool negative,
                 Histogram* target) {
  const char* name = negative ? "negative" : "positive";
  for (const json& pair : reader.List(histogram, path, name)) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_integer() ||
        !pair[1].is_number_unsigned()) {
      reader.Fail(absl::StrCat(path, ".", name), "has something that is no [index, count]");
      return;
    }
    const absl::Status added =
        target->AddBucket(negative, pair[0].get<int64_t>(), pair[1].get<uint64_t>());
    if (!added.ok()) {
      reader.Fail(absl::StrCat(path, ".", name), added.message());
      return;
    }
  }
}

Aggregate ReadTrend(FieldReader& reader, const json& data, const std::string& path) {
  Trend::Folded folded;
  folded.sum = ReadSum(reader, data, path);
  folded.min = reader.Number(data, path, "min");
  folded.max = reader.Number(data, path, "max");
  if (const json* histogram = reader.Member(data, path, "histogram"); histogram != nullptr) {
    const std::string where = path + ".histogram";
    if (reader.Count(*histogram, where, "schema") != Histogram::kSchema) {
      reader.Fail(where + ".schema", "is not 8, the only one there is");
    }
    ReadBuckets(reader, *histogram, where, /*negative=*/false, &folded.histogram);
    ReadBuckets(reader, *histogram, where, /*negative=*/true, &folded.histogram);
    const absl::Status zeros = folded.histogram.AddZeros(reader.Count(*histogram, where, "zeros"));
    if (!zeros.ok()) {
      reader.Fail(where + ".zeros", zeros.message());
    }
  }
  if (folded.histogram.count() != reader.Count(data, path, "samples")) {
    reader.Fail(path + ".samples", "is not the number of values in the histogram");
  }
  return folded.histogram.count() == 0 ? Aggregate(Trend())
                                       : Aggregate(Trend::FromFolded(std::move(folded)));
}

Aggregate ReadData(FieldReader& reader, const json& data, const std::string& path,
                   MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return Aggregate(
          Counter::Make(ReadSum(reader, data, path), reader.Count(data, path, "samples")));
    case MetricType::kGauge: {
      Gauge gauge;
      gauge.samples = reader.Count(data, path, "samples");
      gauge.last = reader.Number(data, path, "value");
      gauge.time =
          absl::FromUnixNanos(static_cast<int64_t>(reader.Count(data, path, "timeUnixNano")));
      gauge.min = reader.Number(data, path, "min");
      gauge.max = reader.Number(data, path, "max");
      return Aggregate(gauge);
    }
    case MetricType::kRate: {
      const Rate rate = {.trues = reader.Count(data, path, "trues"),
                         .total = reader.Count(data, path, "total")};
      if (rate.trues > rate.total) {
        reader.Fail(path + ".trues", "is more than the total");
      }
      return Aggregate(rate);
    }
    case MetricType::kTrend:
      break;
  }
  return ReadTrend(reader, data, path);
}

// As the file has them, where they can be those of its histogram: whoever adds up two files may have left them as they were.
std::vector<double> ReadRanks(FieldReader& reader, const json& data, const std::string& path,
                              const Trend& trend) {
  constexpr double kWidth = 0.002;  // what a histogram's value may be off, and a little more
  std::vector<double> ranks = trend.Percentiles(kResultRanks);
  const auto percentiles = data.find("percentiles");
  for (size_t i = 0; i < ranks.size() && percentiles != data.end(); ++i) {
    const double told = reader.Number(*percentiles, path + ".percentiles",
                                      absl::StrCat(100 * kResultRanks[i]).c_str());
    if (std::abs(told - ranks[i]) <= kWidth * std::abs(ranks[i])) {
      ranks[i] = told;
    }
  }
  return ranks;
}

ResultMetric ReadMetric(FieldReader& reader, const json& object, const std::string& path) {
  ResultMetric metric;
  metric.key = reader.Text(object, path, "key");
  metric.metric.name = reader.Text(object, path, "name");
  const std::optional<MetricType> type = ParseMetricType(reader.Text(object, path, "type"));
  const std::optional<ValueType> contains = ParseValueType(reader.Text(object, path, "contains"));
  if (!type || !contains) {
    reader.Fail(path, "has an unknown type or unit");
    return metric;
  }
  metric.metric.type = *type;
  metric.metric.contains = *contains;
  if (const json* tags = reader.Member(object, path, "tags"); tags != nullptr) {
    for (const auto& [name, value] : tags->items()) {
      metric.tags.emplace_back(name, value.is_string() ? value.get<std::string>() : "");
    }
  }
  if (const json* data = reader.Member(object, path, "data"); data != nullptr) {
    metric.aggregate = ReadData(reader, *data, path + ".data", *type);
    if (*type == MetricType::kTrend && !metric.aggregate.empty()) {
      metric.told_ranks = ReadRanks(reader, *data, path + ".data", metric.aggregate.trend());
    }
  }
  for (const json& each : reader.List(object, path, "thresholds")) {
    const std::string where = path + ".thresholds";
    SummaryThreshold threshold;
    threshold.expression = reader.Text(each, where, "expression");
    threshold.method = threshold.expression.substr(0, threshold.expression.find_first_of("<>=! "));
    threshold.ok = reader.Bool(each, where, "ok");
    if (each.contains("value") && each["value"].is_number()) {
      threshold.value = each["value"].get<double>();
    }
    metric.thresholds.push_back(std::move(threshold));
  }
  return metric;
}

v1::Health::Validity ReadValidity(FieldReader& reader, const json& validity) {
  const std::string path = "$.validity";
  const std::string text = reader.Text(validity, path, "verdict");
  for (const v1::Health::Validity each :
       {v1::Health::UNKNOWN, v1::Health::VALID, v1::Health::SUSPECT, v1::Health::INVALID}) {
    if (text == WordOf(each)) {
      return each;
    }
  }
  reader.Fail(absl::StrCat(path, ".verdict"), "is none of VALID, SUSPECT and INVALID");
  return v1::Health::UNKNOWN;
}

EndVerdict::Part ReadPart(FieldReader& reader, const json& verdict, const char* name) {
  const json* part = reader.Member(verdict, "$.verdict", name);
  const std::string path = absl::StrCat("$.verdict.", name);
  return part == nullptr ? EndVerdict::Part()
                         : EndVerdict::Part{.failed = reader.Count(*part, path, "failed"),
                                            .total = reader.Count(*part, path, "total")};
}

VerdictWord ReadWord(FieldReader& reader, const json& verdict) {
  const std::string path = "$.verdict";
  const std::string text = reader.Text(verdict, path, "word");
  const std::optional<VerdictWord> word = ParseVerdictWord(text);
  if (!word.has_value()) {
    reader.Fail(absl::StrCat(path, ".word"), absl::StrCat("is no verdict: \"", text, "\""));
  }
  return word.value_or(VerdictWord::kFailed);
}

std::vector<LostAgent> ReadLostAgents(FieldReader& reader, const json& validity) {
  const std::string path = "$.validity.lostAgents";
  std::vector<LostAgent> lost;
  if (!validity.is_object() || !validity.contains("lostAgents")) {
    return lost;
  }
  for (const json& each : reader.List(validity, "$.validity", "lostAgents")) {
    LostAgent& agent = lost.emplace_back();
    agent.name = reader.Text(each, path, "name");
    agent.when = reader.Time(each, path, "at");
    if (const json* after = reader.Member(each, path, "afterMs");
        after != nullptr && !after->is_null()) {
      agent.after = absl::Milliseconds(reader.Number(each, path, "afterMs"));
    }
    agent.reason = reader.Text(each, path, "reason");
    agent.missing = reader.Text(each, path, "missing");
  }
  return lost;
}

std::vector<ErrorRow> ReadErrors(FieldReader& reader, const json& object) {
  std::vector<ErrorRow> rows;
  if (!object.contains("errors")) {
    return rows;
  }
  size_t index = 0;
  for (const json& each : reader.List(object, "$", "errors")) {
    const std::string path = absl::StrCat("$.errors[", index++, "]");
    ErrorRow& row = rows.emplace_back();
    row.error = {.cause = reader.Text(each, path, "cause"),
                 .method = reader.Text(each, path, "method"),
                 .name = reader.Text(each, path, "name"),
                 .count = reader.Count(each, path, "count"),
                 .first_unix_nanos = absl::ToUnixNanos(reader.Time(each, path, "first"))};
    const json* agents = reader.Member(each, path, "agents");
    if (agents == nullptr || !agents->is_object()) {
      reader.Fail(path + ".agents", "is no object");
      continue;
    }
    for (const auto& [agent, count] : agents->items()) {
      row.agents[agent] = reader.Count(*agents, path + ".agents", agent.c_str());
    }
  }
  return rows;
}

// What the metrics and checks say. `all`: the file is one of a version that wrote no verdict.
void CountForVerdict(RunResult* result, bool all) {
  EndVerdict& verdict = result->verdict;
  for (const ResultMetric& metric : result->metrics) {
    if (!metric.aggregate.empty() ||
        !JudgesNothingWithoutSamples(!metric.tags.empty(), metric.metric.type)) {
      verdict.thresholds_judged += metric.thresholds.size();
    }
    if (metric.key == "iterations" && metric.metric.type == MetricType::kCounter) {
      verdict.iterations = metric.aggregate.counter().sum();
    }
    for (size_t i = 0; all && i < metric.thresholds.size(); ++i) {
      ++verdict.thresholds.total;
      verdict.thresholds.failed += metric.thresholds[i].ok ? 0 : 1;
    }
    if (all && metric.key == "http_req_failed" && metric.metric.type == MetricType::kRate) {
      verdict.requests = {metric.aggregate.rate().trues, metric.aggregate.rate().total};
    }
  }
  for (size_t i = 0; all && i < result->checks.size(); ++i) {
    verdict.checks.failed += result->checks[i].fails;
    verdict.checks.total += result->checks[i].passes + result->checks[i].fails;
  }
  if (all) {
    CountErrors(result->errors, result->folded_errors, &verdict);
    verdict.word = WordFor(
        verdict, result->thresholds_ok ? ExitCode::kSuccess : ExitCode::kThresholdsHaveFailed);
  }
}

}  // namespace

absl::StatusOr<RunResult> ParseResult(absl::string_view text) {
  const json object = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (object.is_discarded() || !object.is_object()) {
    return absl::InvalidArgumentError("is no JSON object, and so no result file");
  }
  if (!object.contains("schema") || object["schema"] != kResultSchema) {
    return absl::InvalidArgumentError(absl::StrCat("is no result file: its \"schema\" should be \"",
                                                   kResultSchema,
                                                   "\"; write one with --result-file"));
  }
  absl::Status status;
  FieldReader reader(&status);
  RunResult result;
  const std::string root = "$";
  result.version = reader.Text(object, root, "lockstep");
  result.script = reader.Text(object, root, "script");
  result.begin = reader.Time(object, root, "begin");
  result.end = reader.Time(object, root, "end");
  const double millis = reader.Number(object, root, "durationMs");
  result.duration = absl::Milliseconds(millis);
  result.thresholds_ok = reader.Bool(object, root, "thresholdsOk");
  if (const auto found = object.find("validity"); found != object.end()) {
    result.validity = ReadValidity(reader, *found);
    for (const json& reason : reader.List(*found, "$.validity", "reasons")) {
      result.validity_reasons.push_back(reason.is_string() ? reason.get<std::string>()
                                                           : reason.dump());
    }
    result.lost_agents = ReadLostAgents(reader, *found);
  }
  if (const auto verdict = object.find("verdict"); verdict != object.end()) {
    result.verdict.word = ReadWord(reader, *verdict);
    result.verdict.reason = reader.Text(*verdict, "$.verdict", "reason");
    result.verdict.thresholds = ReadPart(reader, *verdict, "thresholds");
    result.verdict.requests = ReadPart(reader, *verdict, "requests");
    result.verdict.checks = ReadPart(reader, *verdict, "checks");
    for (const auto& [name, count] : {std::pair{"exceptions", &result.verdict.exceptions},
                                      std::pair{"others", &result.verdict.others}}) {
      *count = verdict->contains(name) ? reader.Count(*verdict, "$.verdict", name) : 0;
    }
  }
  result.errors = ReadErrors(reader, object);
  if (object.contains("foldedErrors")) {
    result.folded_errors = reader.Count(object, root, "foldedErrors");
  }
  if (millis < 0) {
    reader.Fail("$.durationMs", "is negative");
  }
  size_t index = 0;
  for (const json& metric : reader.List(object, root, "metrics")) {
    result.metrics.push_back(ReadMetric(reader, metric, absl::StrCat("$.metrics[", index++, "]")));
  }
  index = 0;
  for (const json& check : reader.List(object, root, "checks")) {
    const std::string path = absl::StrCat("$.checks[", index++, "]");
    result.checks.push_back({.name = reader.Text(check, path, "name"),
                             .path = reader.Text(check, path, "path"),
                             .first_seen = {},
                             .passes = reader.Count(check, path, "passes"),
                             .fails = reader.Count(check, path, "fails")});
  }
  CountForVerdict(&result, /*all=*/!object.contains("verdict"));
  if (const auto history = object.find("history"); history != object.end()) {
    result.history = ReadHistory(reader, *history, "$.history");
  }
  LOCKSTEP_RETURN_IF_ERROR(status);
  return result;
}

}  // namespace lockstep
