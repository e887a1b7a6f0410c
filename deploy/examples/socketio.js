// Socket.IO: each user joins a room, says something and waits until it comes back. The server is
// tests/integration/npm/socketio_server.cjs, or any that knows these events.
import { io } from 'lockstep/socketio';
import { check } from 'k6';
import exec from 'k6/execution';

const target = __ENV.SOCKETIO_TARGET || 'http://127.0.0.1:3000';

export const options = {
  scenarios: { chat: { executor: 'per-vu-iterations', vus: 5, iterations: 2 } },
  thresholds: {
    checks: ['rate==1'],
    'socketio_ack_duration{event:join}': ['p(95)<500'],
    'socketio_msgs_received{event:said}': ['count==10'],
  },
};

export default async function () {
  const room = `room ${exec.vu.idInTest}-${__ITER}`;
  const socket = io(`${target}/chat`, { auth: { token: 'secret' } });
  socket.on('connect_error', (error) => console.error(`no connection: ${error.message}`));

  const members = await socket.timeout(5000).emitWithAck('join', room);
  check(members, { 'nobody else is in the room': (count) => count === 1 });

  const said = new Promise((resolve) => socket.on('said', resolve));
  socket.emit('say', room, 'hello');
  check(await said, { 'what was said comes back': (text) => text === 'hello' });
  socket.disconnect();
}
