// Ramping VUs: more and more users, who each wait for an answer before they go on, as people do.
import http from 'k6/http';
import { check, sleep } from 'k6';

const target = __ENV.TARGET || 'http://127.0.0.1:8080';
const stage = __ENV.DURATION || '30s';

export const options = {
  scenarios: {
    visitors: {
      executor: 'ramping-vus',
      startVUs: 0,
      stages: [
        { target: 20, duration: stage }, // from 0 to 20 users
        { target: 20, duration: stage }, // 20 users all the time
        { target: 0, duration: stage }, // they leave
      ],
      gracefulRampDown: '5s', // who leaves may finish the current iteration
    },
  },
  thresholds: { http_req_failed: ['rate<0.01'] },
};

export default function () {
  const page = http.get(`${target}/delay/20`); // a page that takes 20 ms
  check(page, { 'the page is there': (r) => r.status === 200 });
  sleep(0.1 + Math.random() * 0.2); // somebody reads it
}
