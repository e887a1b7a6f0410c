// To try a new fleet with: nine VUs at a steady pace. TARGET is the server to load; without one, the VUs only sleep.
import http from 'k6/http';
import { check, sleep } from 'k6';

export const options = {
  scenarios: {
    steady: { executor: 'constant-vus', vus: 9, duration: __ENV.DURATION || '20s', gracefulStop: '5s' },
  },
  thresholds: { checks: ['rate>0.99'] },
};

export default function () {
  if (__ENV.TARGET) {
    check(http.get(__ENV.TARGET), { 'status is 200': (response) => response.status === 200 });
  } else {
    check(1, { 'one is one': (x) => x === 1 });
  }
  sleep(0.1);
}
