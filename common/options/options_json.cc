#include "common/options/options_json.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"

#include "common/options/duration.h"
#include "common/options/parse.h"

namespace lockstep {
namespace {

using Json = nlohmann::ordered_json;

Json PairsToJson(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json object = Json::object();
  for (const auto& [key, value] : pairs) {
    object[key] = value;
  }
  return object;
}

Json ToJson(bool value) {
  return value;
}
Json ToJson(int64_t value) {
  return value;
}
Json ToJson(const std::string& value) {
  return value;
}
Json ToJson(absl::Duration value) {
  return DurationText(value);
}
Json ToJson(const std::vector<std::string>& value) {
  return value;
}
Json ToJson(const std::map<std::string, std::string>& value) {
  return value;
}
Json ToJson(const nlohmann::json& value) {
  return value;
}

Json ToJson(const std::vector<Stage>& stages) {
  Json list = Json::array();
  for (const Stage& stage : stages) {
    Json& object = list.emplace_back(Json::object());
    if (stage.duration.has_value()) {
      object["duration"] = DurationText(*stage.duration);
    }
    if (stage.target.has_value()) {
      object["target"] = *stage.target;
    }
  }
  return list;
}

struct ExecutorToJson {
  Json& json;
  void operator()(const SharedIterationsConfig& config) const {
    json["vus"] = config.vus;
    json["iterations"] = config.iterations;
    json["maxDuration"] = DurationText(config.max_duration);
  }
  void operator()(const PerVuIterationsConfig& config) const {
    json["vus"] = config.vus;
    json["iterations"] = config.iterations;
    json["maxDuration"] = DurationText(config.max_duration);
  }
  void operator()(const ConstantVusConfig& config) const {
    json["vus"] = config.vus;
    json["duration"] = DurationText(config.duration);
  }
  void operator()(const RampingVusConfig& config) const {
    json["startVUs"] = config.start_vus;
    json["stages"] = ToJson(config.stages);
    json["gracefulRampDown"] = DurationText(config.graceful_ramp_down);
  }
  void operator()(const ConstantArrivalRateConfig& config) const {
    json["rate"] = config.rate;
    json["timeUnit"] = DurationText(config.time_unit);
    json["duration"] = DurationText(config.duration);
    json["preAllocatedVUs"] = config.pre_allocated_vus;
    json["maxVUs"] = config.max_vus;
  }
  void operator()(const RampingArrivalRateConfig& config) const {
    json["startRate"] = config.start_rate;
    json["timeUnit"] = DurationText(config.time_unit);
    json["stages"] = ToJson(config.stages);
    json["preAllocatedVUs"] = config.pre_allocated_vus;
    json["maxVUs"] = config.max_vus;
  }
  void operator()(const ExternallyControlledConfig& config) const {
    json["vus"] = config.vus;
    json["maxVUs"] = config.max_vus;
    json["duration"] = DurationText(config.duration);
  }
};

Json ToJson(const std::vector<ScenarioConfig>& scenarios) {
  Json object = Json::object();
  for (const ScenarioConfig& scenario : scenarios) {
    Json& json = object[scenario.name];
    json["executor"] = ExecutorTypeName(scenario.executor);
    json["startTime"] = DurationText(scenario.start_time);
    json["gracefulStop"] = DurationText(scenario.graceful_stop);
    json["exec"] = scenario.exec;
    json["env"] = PairsToJson(scenario.env);
    json["tags"] = PairsToJson(scenario.tags);
    std::visit(ExecutorToJson{json}, scenario.executor);
  }
  return object;
}

Json ToJson(const std::map<std::string, std::vector<ThresholdConfig>>& thresholds) {
  Json object = Json::object();
  for (const auto& [metric, configs] : thresholds) {
    Json& list = object[metric] = Json::array();
    for (const ThresholdConfig& config : configs) {
      if (!config.abort_on_fail && config.delay_abort_eval == absl::ZeroDuration()) {
        list.push_back(config.expression);
      } else {
        list.push_back({{"threshold", config.expression},
                        {"abortOnFail", config.abort_on_fail},
                        {"delayAbortEval", DurationText(config.delay_abort_eval)}});
      }
    }
  }
  return object;
}

Json ToJson(const DnsOptions& dns) {
  static constexpr const char* kSelect[] = {"first", "random", "roundRobin"};
  static constexpr const char* kPolicy[] = {"preferIPv4", "preferIPv6", "onlyIPv4", "onlyIPv6",
                                            "any"};
  return {{"ttl", DurationText(dns.ttl)},
          {"select", kSelect[static_cast<size_t>(dns.select)]},
          {"policy", kPolicy[static_cast<size_t>(dns.policy)]}};
}

Json ToJson(const std::pair<std::string, std::string>& versions) {
  return {{"min", versions.first}, {"max", versions.second}};
}

Json ToJson(const std::vector<TlsAuth>& list) {
  Json array = Json::array();
  for (const TlsAuth& auth : list) {
    array.push_back({{"cert", auth.cert},
                     {"key", auth.key},
                     {"password", auth.password},
                     {"domains", auth.domains}});
  }
  return array;
}

// As comparisons and ranges of what a script may write; the rule's borders below 100 come from "<".
Json ToJson(const HttpErrorsRule& rule) {
  Json status = Json::array();
  for (const auto& [from, to] : rule.status) {
    if (from < 100) {
      status.push_back(absl::StrCat("<", to + 1));
    } else if (from > 999) {
      status.push_back(">999");
    } else {
      status.push_back(absl::StrCat(from, "-", to));
    }
  }
  return {{"status", status}, {"exclude", rule.exclude}};
}

// Calls `visit(key, option)` for each option, in the order of the output.
template <class Visit>
void ForEachOption(const Options& o, Visit visit) {
  visit("paused", o.paused);
  visit("vus", o.vus);
  visit("duration", o.duration);
  visit("iterations", o.iterations);
  visit("stages", o.stages);
  visit("scenarios", o.scenarios);
  visit("executionSegment", o.execution_segment);
  visit("executionSegmentSequence", o.execution_segment_sequence);
  visit("noSetup", o.no_setup);
  visit("setupTimeout", o.setup_timeout);
  visit("noTeardown", o.no_teardown);
  visit("teardownTimeout", o.teardown_timeout);
  visit("handleSummaryTimeout", o.handle_summary_timeout);
  visit("rps", o.rps);
  visit("dns", o.dns);
  visit("maxRedirects", o.max_redirects);
  visit("userAgent", o.user_agent);
  visit("batch", o.batch);
  visit("batchPerHost", o.batch_per_host);
  visit("httpDebug", o.http_debug);
  visit("httpErrors", o.http_errors);
  visit("http2PriorKnowledge", o.http2_prior_knowledge);
  visit("intendedLatency", o.intended_latency);
  visit("insecureSkipTLSVerify", o.insecure_skip_tls_verify);
  visit("tlsCipherSuites", o.tls_cipher_suites);
  visit("tlsVersion", o.tls_version);
  visit("tlsAuth", o.tls_auth);
  visit("throw", o.throw_on_error);
  visit("thresholds", o.thresholds);
  visit("blacklistIPs", o.blacklist_ips);
  visit("blockHostnames", o.block_hostnames);
  visit("hosts", o.hosts);
  visit("noConnectionReuse", o.no_connection_reuse);
  visit("noVUConnectionReuse", o.no_vu_connection_reuse);
  visit("minIterationDuration", o.min_iteration_duration);
  visit("cloud", o.cloud);
  visit("ext", o.ext);
  visit("summaryTrendStats", o.summary_trend_stats);
  visit("summaryTimeUnit", o.summary_time_unit);
  visit("systemTags", o.system_tags);
  visit("tags", o.tags);
  visit("metricSamplesBufferSize", o.metric_samples_buffer_size);
  visit("noCookiesReset", o.no_cookies_reset);
  visit("discardResponseBodies", o.discard_response_bodies);
  visit("consoleOutput", o.console_output);
  visit("localIPs", o.local_ips);
}

}  // namespace

std::string ToCanonicalJson(const Options& options) {
  Json object = Json::object();
  ForEachOption(options, [&object](const char* key, const auto& option) {
    if (option.has_value()) {
      object[key] = ToJson(*option);
    }
  });
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<Options> FromCanonicalJson(absl::string_view text) {
  ParsedOptions parsed = ParseScriptOptions(text);
  // What a newer or foreign coordinator adds is not to be dropped in silence.
  parsed.errors.insert(parsed.errors.end(), parsed.warnings.begin(), parsed.warnings.end());
  if (!parsed.ok()) {
    return ConfigurationStatus(parsed.errors);
  }
  if (parsed.options.scenarios.has_value()) {
    std::sort(parsed.options.scenarios->begin(), parsed.options.scenarios->end(),
              [](const ScenarioConfig& a, const ScenarioConfig& b) {
                return std::tie(a.start_time, a.name) < std::tie(b.start_time, b.name);
              });
  }
  return std::move(parsed.options);
}

nlohmann::ordered_json ToInspectJson(const Options& options) {
  Json object = Json::object();
  ForEachOption(options, [&object](const char* key, const auto& option) {
    object[key] = option.has_value() ? ToJson(*option) : Json(nullptr);
  });
  return object;
}

}  // namespace lockstep
