// Metrics of your own: a Counter adds up, a Gauge keeps the last value, a Rate is the share of what is true, a Trend has
// percentiles. All agents add to the same ones.
import http from 'k6/http';
import { sleep } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

const target = __ENV.TARGET || 'http://127.0.0.1:8080';

// In the init code, so that they are known before the test starts.
const orders = new Counter('orders');
const queueLength = new Gauge('queue_length');
const cacheHits = new Rate('cache_hits');
const itemsPerOrder = new Trend('items_per_order');
const checkoutTime = new Trend('checkout_time', true); // true: a time in milliseconds

export const options = {
  vus: 3,
  duration: __ENV.DURATION || '30s',
  summaryTrendStats: ['avg', 'med', 'p(95)', 'p(99)', 'max', 'count'],
  thresholds: {
    orders: ['count>0'],
    cache_hits: ['rate>=0.5'],
    'checkout_time{payment:card}': ['p(95)<500'],
  },
};

export default function () {
  const payment = __ITER % 2 === 0 ? 'card' : 'invoice';
  const response = http.post(`${target}/echo`, JSON.stringify({ items: 1 + (__ITER % 3), waiting: __VU }));
  const order = response.json();

  orders.add(1);
  queueLength.add(order.waiting);
  cacheHits.add(__ITER % 4 !== 3);
  itemsPerOrder.add(order.items);
  checkoutTime.add(response.timings.duration, { payment }); // with a tag, for thresholds and outputs
  sleep(0.05);
}
