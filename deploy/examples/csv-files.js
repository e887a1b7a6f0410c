// A CSV file that an agent holds in memory once, for all its VUs: as an array, and read piece by piece.
import http from 'k6/http';
import exec from 'k6/execution';
import { check } from 'k6';
import csv from 'k6/experimental/csv';
import { open, SeekMode } from 'k6/experimental/fs';

const target = __ENV.TARGET || 'http://127.0.0.1:8080';

const file = await open('users.csv');
const users = await csv.parse(file, { asObjects: true }); // the first line has the names of the columns

export const options = {
  scenarios: { sign_in: { executor: 'shared-iterations', vus: 3, iterations: 6 } },
  thresholds: { checks: ['rate==1'] },
};

export default async function () {
  const user = users[exec.scenario.iterationInTest % users.length];
  const response = http.post(`${target}/echo`, { user: user.name, password: user.password });
  check(response, { 'the user is known': (r) => r.body.includes(`user=${user.name}`) });

  await file.seek(0, SeekMode.Start);
  const start = new Uint8Array(4);
  await file.read(start);
  check(start, { 'the file begins with the columns': (bytes) => String.fromCharCode(...bytes) === 'name' });
}
