import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { Counter, Trend } from 'k6/metrics';
import exec from 'k6/execution';

// lockstep run -e BASE_URL=https://test.example.com -e DURATION=5m THIS_FILE
const BASE_URL = __ENV.BASE_URL || 'http://127.0.0.1:8080';
const DURATION = __ENV.DURATION || '30s';

// Metrics of your own: they are in the summary, and thresholds can be set on them.
const orders = new Counter('orders');
const orderTime = new Trend('order_time', true);

export const options = {
  scenarios: {
    // A number of users who come and go; each does one thing after another.
    visitors: {
      executor: 'ramping-vus',
      exec: 'visit',
      startVUs: 0,
      stages: [
        { duration: DURATION, target: 5 },
        { duration: '5s', target: 0 },
      ],
      gracefulStop: '5s',
    },
    // A number of orders a second, however long each takes.
    orders: {
      executor: 'constant-arrival-rate',
      exec: 'order',
      rate: 2,
      timeUnit: '1s',
      duration: DURATION,
      preAllocatedVUs: 5,
      maxVUs: 20,
    },
  },
  thresholds: {
    checks: ['rate>0.99'],
    http_req_failed: ['rate<0.01'],
    'http_req_duration{scenario:orders}': ['p(95)<500'],
    // Not only of the whole test: of every 10 seconds of it.
    http_req_duration: [{ threshold: 'p(99)<2000 over 10s', abortOnFail: true, delayAbortEval: '10s' }],
  },
};

// Once, before all else; what it returns is handed to the functions of the scenarios.
export function setup() {
  const res = http.get(`${BASE_URL}/`);
  if (res.status !== 200) {
    exec.test.abort(`${BASE_URL} is not there: ${res.error || res.status}`);
  }
  return { product: 'book' };
}

export function visit(data) {
  group('front page', () => {
    const res = http.get(`${BASE_URL}/`);
    check(res, { 'front page: status is 200': (r) => r.status === 200 });
  });
  sleep(Math.random() + 0.5);
  group('search', () => {
    // One name for all URLs, so that they are one line in the results.
    const res = http.get(`${BASE_URL}/?q=${data.product}`, { tags: { name: 'search' } });
    check(res, { 'search: status is 200': (r) => r.status === 200 });
  });
  sleep(1);
}

export function order(data) {
  const res = http.post(`${BASE_URL}/`, JSON.stringify({ product: data.product, number: exec.scenario.iterationInTest }), {
    headers: { 'Content-Type': 'application/json' },
  });
  check(res, { 'order: status is 200': (r) => r.status === 200 });
  orders.add(1);
  orderTime.add(res.timings.duration);
}

// Once, after all else.
export function teardown(data) {
  console.log(`ordered: ${data.product}`);
}
