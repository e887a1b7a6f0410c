// What scripts/bench http runs: VUs that ask for a small page as fast as they can.
import http from 'k6/http';

export const options = {
  vus: Number(__ENV.BENCH_VUS || 50),
  duration: __ENV.BENCH_DURATION || '5s',
};

const url = __ENV.BENCH_URL;

export default function () {
  http.get(url);
}
