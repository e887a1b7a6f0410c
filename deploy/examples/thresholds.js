// Thresholds decide whether a run has passed: exit code 0, or 99 if one of them has failed.
import http from 'k6/http';
import { sleep } from 'k6';

const target = __ENV.TARGET || 'http://127.0.0.1:8080';

export const options = {
  vus: 5,
  duration: __ENV.DURATION || '30s',
  thresholds: {
    // Fewer than 1% of all requests fail (status 400 and above, or no response at all).
    http_req_failed: ['rate<0.01'],
    // Several conditions for one metric; times are in milliseconds.
    http_req_duration: ['p(95)<500', 'max<2000'],
    // Only the requests with this tag.
    'http_req_duration{name:front page}': ['p(99)<400'],
    // Beyond k6: in each window of ten seconds, not only over the whole run. A run that fails ends at once, but not in its
    // first ten seconds, when caches are still cold.
    'http_req_duration{name:search}': [
      { threshold: 'p(90)<300 over 10s', abortOnFail: true, delayAbortEval: '10s' },
    ],
  },
};

export default function () {
  http.get(`${target}/`, { tags: { name: 'front page' } });
  http.get(`${target}/status/200?q=shoes`, { tags: { name: 'search' } });
  sleep(0.2);
}
