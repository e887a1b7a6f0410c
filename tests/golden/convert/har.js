// Made by `lockstep new --from-har session.har` of a HAR 1.2 of Browser 1.
// Run it: lockstep run THIS_FILE; more of it: lockstep help run
//
// Not converted:
// - entry 2: wss://shop.test/live is a WebSocket
import http from 'k6/http';
import { check, group, sleep } from 'k6';

const BASE_URL = __ENV.BASE_URL || 'https://shop.test';

export const options = {
  vus: 1,
  iterations: 1,
  thresholds: {
    checks: ['rate>0.99'],
    http_req_failed: ['rate<0.01'],
  },
};

export default function () {
  let res;

  group('Shop\'s front', () => {
    // GET https://shop.test/
    res = http.get(`${BASE_URL}/?a=1`, {
      headers: {
        Accept: 'text/html',
      },
    });
    check(res, { 'GET https://shop.test/: status is 200': (r) => r.status === 200 });
  });
  sleep(1);

  group('Login', () => {
    // POST https://shop.test/login
    res = http.post(`${BASE_URL}/login`, JSON.stringify({
      "user": "ada"
    }), {
      headers: {
        'Content-Type': 'application/json',
      },
    });
    check(res, { 'POST https://shop.test/login: status is 201': (r) => r.status === 201 });
    // GET https://shop.test/me
    // correlate: 'secret-token-1' was in the answer of POST https://shop.test/login: res.json('session.token')
    res = http.get(`${BASE_URL}/me`, {
      headers: {
        'X-Token': 'secret-token-1',
      },
      redirects: 0,
    });
    check(res, { 'GET https://shop.test/me: status is 302': (r) => r.status === 302 });
  });
}
