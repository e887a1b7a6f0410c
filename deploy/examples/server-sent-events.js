// Server-sent events: a question is posted, and the answer comes piece by piece, as language models answer.
import { EventSource } from 'lockstep/sse';
import http from 'k6/http';
import { check } from 'k6';

const target = __ENV.TARGET || 'http://127.0.0.1:8080';

export const options = {
  scenarios: { ask: { executor: 'per-vu-iterations', vus: 5, iterations: 2 } },
  thresholds: {
    checks: ['rate==1'],
    sse_time_to_first_event: ['p(95)<500'],
    sse_time_between_events: ['p(95)<200'],
    'sse_events{event:tick}': ['count==50'],
  },
};

export default async function () {
  const source = new EventSource(`${target}/events/5/10`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ question: 'how much?' }),
  });
  const pieces = [];
  for await (const event of source) {
    if (event.type === 'tick') pieces.push(JSON.parse(event.data).n);
  }
  check(pieces, { 'all pieces came in order': (all) => all.join() === '1,2,3,4,5' });

  // Any other body can be read while it comes, too.
  const answer = http.get(`${target}/chunked`, { responseType: 'stream' });
  let bytes = 0;
  for await (const piece of answer.body) bytes += piece.length;
  check(bytes, { 'the whole body came': (all) => all === 11 });
}
