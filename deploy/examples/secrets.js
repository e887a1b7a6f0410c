// A token that stands neither in the script nor in the log:
//   lockstep run --secret-source=mock=api-token=s3cret secrets.js
// In earnest, --secret-source=file=PATH or url=urlTemplate=URL; see deploy/docs/modules.md.
import http from 'k6/http';
import secrets from 'k6/secrets';
import { check } from 'k6';

const TARGET = __ENV.TARGET || 'http://127.0.0.1:8080';

export const options = {
  vus: 2,
  iterations: 6,
  thresholds: { checks: ['rate==1'] },
};

export default async function () {
  const token = await secrets.get('api-token'); // asked for once, however many agents and VUs there are
  const response = http.get(`${TARGET}/request`, { headers: { Authorization: `Bearer ${token}` } });
  check(response, { 'the server has seen the token': (r) => r.body.includes(`Authorization: Bearer ${token}`) });
  console.log(`signed in with ${token}`); // prints: signed in with ***SECRET_REDACTED***
}
