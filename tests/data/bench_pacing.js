// What scripts/bench pacing runs: one small GET an iteration, at a constant or a ramping arrival rate.
import http from 'k6/http';

const rate = Number(__ENV.BENCH_RATE);
const seconds = Number(__ENV.BENCH_SECONDS);
const vus = { preAllocatedVUs: Number(__ENV.BENCH_VUS), maxVUs: Number(__ENV.BENCH_VUS), gracefulStop: '5s' };

export const options = {
  scenarios: {
    paced: __ENV.BENCH_SHAPE === 'ramp'
      ? { executor: 'ramping-arrival-rate', startRate: 0, stages: [{ target: rate, duration: `${seconds}s` }], ...vus }
      : { executor: 'constant-arrival-rate', rate, duration: `${seconds}s`, ...vus },
  },
};

export default function () {
  http.get(__ENV.BENCH_URL);
}
