// The script of the README: two scenarios at once, checks, a metric of its own, thresholds.
//
//   scripts/serve            in one terminal
//   scripts/run tests/data/quickstart.js
import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { Trend } from 'k6/metrics';

const target = __ENV.TARGET || 'http://127.0.0.1:8080';
const orderSize = new Trend('order_size');

export const options = {
  scenarios: {
    browse: { executor: 'constant-vus', vus: 5, duration: '3s', exec: 'browse' },
    order: {
      executor: 'constant-arrival-rate', rate: 20, timeUnit: '1s', duration: '3s', preAllocatedVUs: 5, exec: 'order',
    },
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate<0.01'],
    http_req_duration: ['p(95)<500'],
    order_size: ['avg>1'],
    'http_req_duration{scenario:order}': ['max<2000'],
  },
};

export function setup() {
  return { customer: 'ada' };
}

export function browse(data) {
  group('catalogue', () => {
    const page = http.get(`${target}/status/200?customer=${data.customer}`, { tags: { name: 'catalogue' } });
    check(page, { 'catalogue answers': (r) => r.status === 200 });
  });
  sleep(0.1);
}

export function order(data) {
  const items = 1 + (__ITER % 5);
  const reply = http.post(`${target}/echo`, JSON.stringify({ customer: data.customer, items }), {
    headers: { 'Content-Type': 'application/json' },
    tags: { name: 'order' },
  });
  check(reply, {
    'order is taken': (r) => r.status === 200,
    'order comes back whole': (r) => r.json('items') === items,
  });
  orderSize.add(items);
}
