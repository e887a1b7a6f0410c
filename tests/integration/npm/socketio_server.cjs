// A server of Socket.IO 4 (or 2: `node socketio_server.cjs socket.io-2`), on a free port that it prints. At the end of its
// input it prints what it has counted.
const http = require('node:http');
const name = process.argv[2] || 'socket.io';
const options = { pingInterval: 200, pingTimeout: 5000, transports: (process.argv[3] || 'polling,websocket').split(',') };

const server = http.createServer((_, answer) => answer.writeHead(404).end('not here'));
const io = name === 'socket.io' ? new (require('socket.io').Server)(server, options) : require(name)(server, options);
const counts = { connections: 0, received: 0, sent: 0, transports: {}, pongs: 0 };

const serve = (socket) => {
  counts.connections += 1;
  const emit = (...args) => { counts.sent += 1; socket.emit(...args); };
  const on = (event, handler) => socket.on(event, (...args) => { counts.received += 1; handler(...args); });
  socket.conn.on('packet', ({ type }) => { if (type === 'pong' || type === 'ping') counts.pongs += 1; });
  socket.on('disconnect', () => {
    const transport = socket.conn.transport.name;
    counts.transports[transport] = (counts.transports[transport] || 0) + 1;
  });
  on('echo', (...args) => {
    const ack = typeof args.at(-1) === 'function' ? args.pop() : undefined;
    emit('echo', ...args);
    if (ack) ack(...args);
  });
  on('who', (ack) => ack({ auth: socket.handshake.auth, query: socket.handshake.query.room, key: socket.handshake.headers['x-key'],
    transport: socket.conn.transport.name }));
  on('silent', () => {});
  on('ask me', (ack) => socket.emit('question', 7, (answer) => { counts.sent += 1; ack(answer); }));
  on('kick', () => socket.disconnect(true));
  on('leave', () => socket.disconnect());
  on('cut', () => socket.conn.close());
  on('join', async (room, ack) => {
    await socket.join(room);
    ack(socket.nsp.adapter.rooms.get(room).size);
  });
  on('say', (room, text) => { counts.sent += 1; socket.nsp.to(room).emit('said', text); });
};
io.on('connection', serve);
io.of('/chat').on('connection', serve);
io.of('/private').use((_, next) => next(Object.assign(new Error('members only'), { data: { code: 7 } })));

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on('end', () => { console.log(JSON.stringify(counts)); process.exit(0); });
