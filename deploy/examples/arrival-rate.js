// Arrival rate: iterations start at the rate that you ask for, however slowly the system answers. Use it to ask "can it take
// 50 orders a second?"; with a fixed number of VUs, a slow system would be asked less, and look better than it is.
import http from 'k6/http';
import { check } from 'k6';

const target = __ENV.TARGET || 'http://127.0.0.1:8080';
const hold = __ENV.DURATION || '30s';

export const options = {
  scenarios: {
    orders: {
      executor: 'ramping-arrival-rate',
      startRate: 10, // iterations ...
      timeUnit: '1s', // ... per second
      stages: [
        { target: 50, duration: '2s' }, // up to 50 a second
        { target: 50, duration: hold }, // and stay there
      ],
      preAllocatedVUs: 50, // the rate times the longest time that an iteration may take, here a second
      maxVUs: 100, // if that was not enough
    },
  },
  thresholds: {
    // A start that finds no free VU is dropped and counted. Then the load was less than asked for: do not believe the rest.
    dropped_iterations: ['count==0'],
    http_req_duration: ['p(95)<500'],
  },
};

export default function () {
  const response = http.post(`${target}/echo`, JSON.stringify({ article: 17 }), {
    headers: { 'Content-Type': 'application/json' },
  });
  check(response, { 'the order is taken': (r) => r.status === 200 });
}
