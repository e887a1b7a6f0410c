// Scenarios: several kinds of load in one test, each with a function, a start, variables and tags of its own.
import http from 'k6/http';
import { sleep } from 'k6';
import exec from 'k6/execution';

const target = __ENV.TARGET || 'http://127.0.0.1:8080';
const duration = __ENV.DURATION || '30s';

export const options = {
  scenarios: {
    browsing: {
      executor: 'constant-vus',
      exec: 'browse',
      vus: 5,
      duration,
    },
    ordering: {
      executor: 'constant-arrival-rate',
      exec: 'order',
      rate: 10,
      duration,
      preAllocatedVUs: 5,
      startTime: '1s', // after the start of the test
      env: { ARTICLE: '17' }, // __ENV of this scenario
      tags: { kind: 'write' },
    },
    report: {
      executor: 'per-vu-iterations',
      exec: 'report',
      vus: 1,
      iterations: 1,
      maxDuration: '10s',
    },
  },
  thresholds: {
    'http_req_duration{scenario:browsing}': ['p(95)<500'],
    'http_req_duration{kind:write}': ['p(95)<800'],
  },
};

export function browse() {
  http.get(`${target}/`);
  sleep(0.1);
}

export function order() {
  http.post(`${target}/echo`, { article: __ENV.ARTICLE });
}

export function report() {
  http.get(`${target}/bytes/100000`);
  console.log(`${exec.scenario.name} was made by VU ${exec.vu.idInTest}`);
}
