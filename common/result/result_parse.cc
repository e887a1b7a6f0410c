// A result file as it is read back.
#include <cmath>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "common/messages/words.h"
#include "common/result/history_json.h"
#include "common/result/json_place.h"
#include "common/result/result.h"
#include "common/threshold/threshold.h"

namespace lockstep {
namespace {

using nlohmann::json;

ExactSum ReadSum(const JsonPlace& data) {
  const JsonPlace sum = data.At("exactSum");
  std::vector<int64_t> limbs;
  sum.Each("limbs", [&limbs](const JsonPlace& limb) {
    if (!limb.value().is_number_integer()) {
      limb.Fail("is not an integer");
      return;
    }
    limbs.push_back(limb.value().get<int64_t>());
  });
  absl::StatusOr<ExactSum> exact =
      ExactSum::FromCanonical(static_cast<int64_t>(sum.At("base").Count()), limbs);
  if (!exact.ok()) {
    sum.Fail(exact.status().message());
    return {};
  }
  return *std::move(exact);
}

void ReadBuckets(const JsonPlace& histogram, bool negative, Histogram* target) {
  histogram.Each(negative ? "negative" : "positive", [&](const JsonPlace& place) {
    const json& pair = place.value();
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_integer() ||
        !pair[1].is_number_unsigned()) {
      place.Fail("is no [index, count]");
      return;
    }
    const absl::Status added =
        target->AddBucket(negative, pair[0].get<int64_t>(), pair[1].get<uint64_t>());
    if (!added.ok()) {
      place.Fail(added.message());
    }
  });
}

Aggregate ReadTrend(const JsonPlace& data) {
  Trend::Folded folded;
  folded.sum = ReadSum(data);
  data.Read("min", &folded.min);
  data.Read("max", &folded.max);
  const JsonPlace histogram = data.At("histogram");
  if (histogram.At("schema").Count() != Histogram::kSchema) {
    histogram.At("schema").Fail("is not 8, the only one there is");
  }
  ReadBuckets(histogram, /*negative=*/false, &folded.histogram);
  ReadBuckets(histogram, /*negative=*/true, &folded.histogram);
  const absl::Status zeros = folded.histogram.AddZeros(histogram.At("zeros").Count());
  if (!zeros.ok()) {
    histogram.At("zeros").Fail(zeros.message());
  }
  if (folded.histogram.count() != data.At("samples").Count()) {
    data.At("samples").Fail("is not the number of values in the histogram");
  }
  return folded.histogram.count() == 0 ? Aggregate(Trend())
                                       : Aggregate(Trend::FromFolded(std::move(folded)));
}

Aggregate ReadData(const JsonPlace& data, MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return Aggregate(Counter::Make(ReadSum(data), data.At("samples").Count()));
    case MetricType::kGauge: {
      Gauge gauge;
      data.Read("samples", &gauge.samples);
      data.Read("value", &gauge.last);
      gauge.time = absl::FromUnixNanos(static_cast<int64_t>(data.At("timeUnixNano").Count()));
      data.Read("min", &gauge.min);
      data.Read("max", &gauge.max);
      return Aggregate(gauge);
    }
    case MetricType::kRate: {
      Rate rate;
      data.Read("trues", &rate.trues);
      data.Read("total", &rate.total);
      if (rate.trues > rate.total) {
        data.At("trues").Fail("is more than the total");
      }
      return Aggregate(rate);
    }
    case MetricType::kTrend:
      break;
  }
  return ReadTrend(data);
}

// As the file has them, where they can be those of its histogram: whoever adds up two files may
// have left them as they were.
std::vector<double> ReadRanks(const JsonPlace& data, const Trend& trend) {
  constexpr double kWidth = 0.002;  // what a histogram's value may be off, and a little more
  std::vector<double> ranks = trend.Percentiles(kResultRanks);
  for (size_t i = 0; i < ranks.size() && data.Has("percentiles"); ++i) {
    const double told =
        data.At("percentiles").At(absl::StrCat(100 * kResultRanks[i]).c_str()).Number();
    if (std::abs(told - ranks[i]) <= kWidth * std::abs(ranks[i])) {
      ranks[i] = told;
    }
  }
  return ranks;
}

ResultMetric ReadMetric(const JsonPlace& place) {
  ResultMetric metric;
  place.Read("key", &metric.key);
  place.Read("name", &metric.metric.name);
  const std::optional<MetricType> type = ParseMetricType(place.At("type").Text());
  const std::optional<ValueType> contains = ParseValueType(place.At("contains").Text());
  if (!type || !contains) {
    place.Fail("has an unknown type or unit");
    return metric;
  }
  metric.metric.type = *type;
  metric.metric.contains = *contains;
  for (const auto& [name, value] : place.At("tags").value().items()) {
    metric.tags.emplace_back(name, value.is_string() ? value.get<std::string>() : "");
  }
  const JsonPlace data = place.At("data");
  metric.aggregate = ReadData(data, *type);
  if (*type == MetricType::kTrend && !metric.aggregate.empty()) {
    metric.told_ranks = ReadRanks(data, metric.aggregate.trend());
  }
  place.Each("thresholds", [&metric](const JsonPlace& each) {
    SummaryThreshold& threshold = metric.thresholds.emplace_back();
    each.Read("expression", &threshold.expression);
    threshold.method = threshold.expression.substr(0, threshold.expression.find_first_of("<>=! "));
    each.Read("ok", &threshold.ok);
    if (each.Has("value") && each.value()["value"].is_number()) {
      threshold.value = each.value()["value"].get<double>();
    }
  });
  return metric;
}

v1::Health::Validity ReadValidityWord(const JsonPlace& word) {
  const std::string text = word.Text();
  for (const v1::Health::Validity each :
       {v1::Health::UNKNOWN, v1::Health::VALID, v1::Health::SUSPECT, v1::Health::INVALID}) {
    if (text == WordOf(each)) {
      return each;
    }
  }
  word.Fail("is none of VALID, SUSPECT and INVALID");
  return v1::Health::UNKNOWN;
}

void ReadValidity(const JsonPlace& validity, RunResult* result) {
  result->validity = ReadValidityWord(validity.At("verdict"));
  validity.Each("reasons", [result](const JsonPlace& place) {
    const json& reason = place.value();
    result->validity_reasons.push_back(reason.is_string() ? reason.get<std::string>()
                                                          : reason.dump());
  });
  if (!validity.Has("lostAgents")) {
    return;
  }
  validity.Each("lostAgents", [result](const JsonPlace& each) {
    LostAgent& agent = result->lost_agents.emplace_back();
    each.Read("name", &agent.name);
    each.Read("at", &agent.when);
    if (const JsonPlace after = each.At("afterMs"); !after.value().is_null()) {
      agent.after = absl::Milliseconds(after.Number());
    }
    each.Read("reason", &agent.reason);
    each.Read("missing", &agent.missing);
  });
}

EndVerdict ReadVerdict(const JsonPlace& place) {
  EndVerdict verdict;
  const std::string text = place.At("word").Text();
  const std::optional<VerdictWord> word = ParseVerdictWord(text);
  if (!word.has_value()) {
    place.At("word").Fail(absl::StrCat("is not a verdict: \"", text, "\""));
  }
  verdict.word = word.value_or(VerdictWord::kFailed);
  place.Read("reason", &verdict.reason);
  for (const auto& [name, part] :
       {std::pair{"thresholds", &verdict.thresholds}, std::pair{"requests", &verdict.requests},
        std::pair{"checks", &verdict.checks}}) {
    place.At(name).Read("failed", &part->failed);
    place.At(name).Read("total", &part->total);
  }
  for (const auto& [name, count] :
       {std::pair{"exceptions", &verdict.exceptions}, std::pair{"others", &verdict.others},
        std::pair{"interrupted", &verdict.interrupted}}) {
    if (place.Has(name)) {
      place.Read(name, count);
    }
  }
  if (place.Has("lost")) {
    place.Each("lost", [&verdict](const JsonPlace& each) { verdict.lost.push_back(each.Text()); });
  }
  return verdict;
}

ErrorRow ReadError(const JsonPlace& place) {
  ErrorRow row;
  place.Read("cause", &row.error.cause);
  place.Read("method", &row.error.method);
  place.Read("name", &row.error.name);
  place.Read("count", &row.error.count);
  row.error.first_unix_nanos = absl::ToUnixNanos(place.At("first").Time());
  const JsonPlace agents = place.At("agents");
  if (!agents.value().is_object()) {
    agents.Fail("is not an object");
    return row;
  }
  for (const auto& [agent, count] : agents.value().items()) {
    agents.Read(agent.c_str(), &row.agents[agent]);
  }
  return row;
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
    verdict.failures_judged = verdict.thresholds_judged > 0;  // as that version saw it
    CountErrors(result->errors, result->folded_errors, &verdict);
    verdict.word = WordFor(
        verdict, result->thresholds_ok ? ExitCode::kSuccess : ExitCode::kThresholdsHaveFailed);
  }
}

}  // namespace

absl::StatusOr<RunResult> ParseResult(absl::string_view text) {
  const json object = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (object.is_discarded() || !object.is_object()) {
    return absl::InvalidArgumentError("is not a JSON object, and so not a result file");
  }
  if (!object.contains("schema") || object["schema"] != kResultSchema) {
    return absl::InvalidArgumentError(
        absl::StrCat("is not a result file: its \"schema\" should be \"", kResultSchema,
                     "\"; write one with --result-file"));
  }
  absl::Status status;
  const JsonPlace root(object, "$", &status);
  RunResult result;
  root.Read("lockstep", &result.version);
  root.Read("script", &result.script);
  root.Read("begin", &result.begin);
  root.Read("end", &result.end);
  const double millis = root.At("durationMs").Number();
  if (millis < 0) {
    root.At("durationMs").Fail("is negative");
  }
  result.duration = absl::Milliseconds(millis);
  root.Read("thresholdsOk", &result.thresholds_ok);
  if (root.Has("validity")) {
    ReadValidity(root.At("validity"), &result);
  }
  if (root.Has("verdict")) {
    result.verdict = ReadVerdict(root.At("verdict"));
  }
  if (root.Has("errors")) {
    root.Each("errors",
              [&result](const JsonPlace& place) { result.errors.push_back(ReadError(place)); });
  }
  if (root.Has("foldedErrors")) {
    root.Read("foldedErrors", &result.folded_errors);
  }
  root.Each("metrics",
            [&result](const JsonPlace& place) { result.metrics.push_back(ReadMetric(place)); });
  root.Each("checks", [&result](const JsonPlace& place) {
    SummaryCheck& check = result.checks.emplace_back();
    place.Read("name", &check.name);
    place.Read("path", &check.path);
    place.Read("passes", &check.passes);
    place.Read("fails", &check.fails);
  });
  CountForVerdict(&result, /*all=*/!root.Has("verdict"));
  if (root.Has("history")) {
    result.history = ReadHistory(root.At("history"));
  }
  LOCKSTEP_RETURN_IF_ERROR(status);
  return result;
}

}  // namespace lockstep
