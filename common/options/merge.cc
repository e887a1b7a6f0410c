#include "absl/strings/str_cat.h"

#include "common/options/tiers.h"

namespace lockstep {
namespace {

template <class T>
void Take(const std::optional<T>& from, std::optional<T>* to) {
  if (from.has_value()) {
    *to = from;
  }
}

bool SetsLength(const Options& options) {
  return options.duration.has_value() || options.iterations.has_value() ||
         options.stages.has_value() || options.scenarios.has_value();
}

void TakeExecution(const OptionsTier& tier, ParsedOptions* merged) {
  const Options& from = tier.options;
  Options& to = merged->options;
  if (SetsLength(from)) {
    if (to.scenarios.has_value() && !to.scenarios->empty() && !from.scenarios.has_value()) {
      merged->warnings.push_back(absl::StrCat(
          "\"", tier.name, "\" level configuration overrode scenarios configuration entirely"));
    }
    to.duration = from.duration;
    to.iterations = from.iterations;
    to.stages = from.stages;
    to.scenarios = from.scenarios;
  } else if (from.vus.has_value() && to.scenarios.has_value()) {
    merged->warnings.push_back(
        absl::StrCat("`vus=", *from.vus, "` overrides scenarios configuration"));
    to.scenarios.reset();
  }
  Take(from.vus, &to.vus);
}

void TakeHttp(const Options& from, Options* to) {
  Take(from.rps, &to->rps);
  Take(from.dns, &to->dns);
  Take(from.max_redirects, &to->max_redirects);
  Take(from.user_agent, &to->user_agent);
  Take(from.batch, &to->batch);
  Take(from.batch_per_host, &to->batch_per_host);
  Take(from.http_debug, &to->http_debug);
  Take(from.insecure_skip_tls_verify, &to->insecure_skip_tls_verify);
  Take(from.tls_cipher_suites, &to->tls_cipher_suites);
  Take(from.tls_version, &to->tls_version);
  Take(from.tls_auth, &to->tls_auth);
  Take(from.throw_on_error, &to->throw_on_error);
  Take(from.blacklist_ips, &to->blacklist_ips);
  Take(from.block_hostnames, &to->block_hostnames);
  Take(from.hosts, &to->hosts);
  Take(from.no_connection_reuse, &to->no_connection_reuse);
  Take(from.no_vu_connection_reuse, &to->no_vu_connection_reuse);
  Take(from.no_cookies_reset, &to->no_cookies_reset);
  Take(from.discard_response_bodies, &to->discard_response_bodies);
  Take(from.local_ips, &to->local_ips);
  Take(from.http_errors, &to->http_errors);
  Take(from.http2_prior_knowledge, &to->http2_prior_knowledge);
  Take(from.intended_latency, &to->intended_latency);
}

void TakeRun(const Options& from, Options* to) {
  Take(from.paused, &to->paused);
  Take(from.execution_segment, &to->execution_segment);
  Take(from.execution_segment_sequence, &to->execution_segment_sequence);
  Take(from.no_setup, &to->no_setup);
  Take(from.no_teardown, &to->no_teardown);
  Take(from.setup_timeout, &to->setup_timeout);
  Take(from.teardown_timeout, &to->teardown_timeout);
  Take(from.handle_summary_timeout, &to->handle_summary_timeout);
  Take(from.thresholds, &to->thresholds);
  Take(from.min_iteration_duration, &to->min_iteration_duration);
  Take(from.summary_trend_stats, &to->summary_trend_stats);
  Take(from.summary_time_unit, &to->summary_time_unit);
  Take(from.system_tags, &to->system_tags);
  Take(from.tags, &to->tags);
  Take(from.metric_samples_buffer_size, &to->metric_samples_buffer_size);
  Take(from.console_output, &to->console_output);
  Take(from.cloud, &to->cloud);
  Take(from.ext, &to->ext);
}

}  // namespace

ParsedOptions MergeTiers(const std::vector<OptionsTier>& tiers) {
  ParsedOptions merged;
  for (const OptionsTier& tier : tiers) {
    TakeExecution(tier, &merged);
    TakeHttp(tier.options, &merged.options);
    TakeRun(tier.options, &merged.options);
  }
  return merged;
}

}  // namespace lockstep
