// setup() and teardown() happen once in the whole test; groups give the steps of an iteration a name; checks count what is
// right and wrong without ending the iteration.
import http from 'k6/http';
import { check, group, fail, sleep } from 'k6';

const target = __ENV.TARGET || 'http://127.0.0.1:8080';

export const options = {
  vus: 3,
  duration: __ENV.DURATION || '30s',
  thresholds: {
    checks: ['rate>0.99'],
    // The time that a group took, everything in it included.
    'group_duration{group:::sign in}': ['p(95)<1000'],
  },
};

// What it returns is handed to each iteration, and to teardown().
export function setup() {
  const response = http.post(`${target}/echo`, JSON.stringify({ token: 'secret' }));
  if (response.status !== 200) {
    fail('the system under test is not there'); // no iteration starts: exit code 107
  }
  return { token: response.json('token') };
}

export default function (data) {
  const params = { headers: { Authorization: `Bearer ${data.token}` } };
  group('sign in', () => {
    const response = http.get(`${target}/request`, params);
    check(response, {
      'signed in': (r) => r.status === 200,
      'the token is sent': (r) => r.body.includes('Bearer secret'),
    });
  });
  group('look around', () => {
    const pages = http.batch([`${target}/`, `${target}/status/200`]); // both at once
    check(pages, { 'both pages are there': (p) => p.every((page) => page.status === 200) });
  });
  sleep(0.1);
}

export function teardown(data) {
  http.del(`${target}/status/200?token=${data.token}`);
}
