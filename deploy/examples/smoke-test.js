// A smoke test: does the system answer at all? One virtual user, a few iterations; run it before anything larger.
import http from 'k6/http';
import { check, sleep } from 'k6';

const target = __ENV.TARGET || 'http://127.0.0.1:8080';

export const options = {
  vus: 1,
  iterations: 3,
  // Without a threshold, failed checks are only shown. With this one, a single failure fails the run (exit code 99).
  thresholds: { checks: ['rate==1'] },
};

export default function () {
  const response = http.get(`${target}/`);
  check(response, {
    'the status is 200': (r) => r.status === 200,
    'the page says hello': (r) => r.body.includes('hello'),
  });
  sleep(0.1); // seconds
}
