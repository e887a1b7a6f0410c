// handleSummary() replaces the text at the end of the test: return what goes to the console, and files by their names.
import http from 'k6/http';
import { check } from 'k6';

const target = __ENV.TARGET || 'http://127.0.0.1:8080';

export const options = {
  vus: 2,
  iterations: 20,
  thresholds: { http_req_duration: ['p(95)<500'] },
};

export default function () {
  check(http.get(`${target}/`), { 'the page is there': (r) => r.status === 200 });
}

// Runs once, whatever the number of agents, with the metrics of all of them.
export function handleSummary(data) {
  const { http_reqs: requests, http_req_duration: duration, checks } = data.metrics;
  const failed = Object.entries(data.metrics)
    .filter(([, metric]) => Object.values(metric.thresholds || {}).some((threshold) => !threshold.ok))
    .map(([name]) => name);
  const text = [
    `${requests.values.count} requests, ${checks.values.passes} checks passed`,
    `95% of the requests took at most ${duration.values['p(95)'].toFixed(1)} ms`,
    failed.length === 0 ? 'all thresholds passed' : `thresholds failed: ${failed.join(', ')}`,
  ].join('\n');
  return {
    stdout: `${text}\n`,
    'summary.json': JSON.stringify(data, null, 2), // in the working directory
  };
}
