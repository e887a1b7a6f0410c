// WebSockets: a chat in which each user says something and waits for the echo. The iteration ends when the socket closes.
import { WebSocket } from 'k6/websockets';
import { check } from 'k6';
import { Trend } from 'k6/metrics';

const target = (__ENV.TARGET || 'http://127.0.0.1:8080').replace('http', 'ws');
const roundTrip = new Trend('message_round_trip', true); // true: a time in milliseconds

export const options = {
  scenarios: { chat: { executor: 'per-vu-iterations', vus: 5, iterations: 2 } },
  thresholds: {
    checks: ['rate==1'],
    message_round_trip: ['p(95)<200'],
    ws_sessions: ['count==10'],
  },
};

export default function () {
  const socket = new WebSocket(`${target}/ws`);
  let sent;
  let answers = 0;

  socket.addEventListener('open', () => {
    sent = Date.now();
    socket.send('hello');
  });

  socket.addEventListener('message', (event) => {
    roundTrip.add(Date.now() - sent);
    check(event.data, { 'the echo is what was said': (text) => text === 'hello' });
    answers += 1;
    if (answers === 3) {
      socket.close();
    } else {
      sent = Date.now();
      socket.send('hello');
    }
  });

  socket.addEventListener('error', (event) => {
    console.error(`the socket failed: ${event.error}`);
  });
}
