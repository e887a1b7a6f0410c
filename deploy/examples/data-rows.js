// Rows of a file as test data. Beyond k6: `unique` gives each row to one iteration only, over all VUs of all agents.
import http from 'k6/http';
import { check } from 'k6';
import { Rows } from 'lockstep/data';

const target = __ENV.TARGET || 'http://127.0.0.1:8080';

const users = new Rows({
  file: './users.csv', // beside this script; the first line has the names of the columns
  order: 'unique', // or 'queue', 'vu', 'random'
  atEnd: 'null', // what next() does after the last row; or 'throw', 'wrap'
});

export const options = {
  scenarios: { sign_in: { executor: 'per-vu-iterations', vus: 3, iterations: 4 } },
  thresholds: { checks: ['rate==1'] },
};

export default function () {
  const user = users.next();
  if (user === null) {
    return; // all rows are used
  }
  const response = http.post(`${target}/echo`, { user: user.name, password: user.password });
  check(response, { 'the user is known': (r) => r.body.includes(`user=${user.name}`) });
  console.log(`${user.name} has signed in`);
}
