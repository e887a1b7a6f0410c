// A server of WebSockets and of Socket.IO that answers each message with the same, on a free port that it prints. At the end of
// its input it prints what it has counted. The packages are those of tests/integration/npm.
const http = require('node:http');
const { createRequire } = require('node:module');
const peers = createRequire(`${__dirname}/../integration/npm/package.json`);

const counts = { sessions: 0, most: 0, received: 0, sent: 0 };
let open = 0;
const joined = () => {
  counts.sessions += 1;
  open += 1;
  counts.most = Math.max(counts.most, open);
};
const left = () => { open -= 1; };

const server = http.createServer();
const sockets = new (createRequire(peers.resolve('engine.io'))('ws').WebSocketServer)({ noServer: true });
const io = new (peers('socket.io').Server)(server, { transports: ['websocket'], destroyUpgrade: false });
server.on('upgrade', (request, socket, head) => {
  if (request.url !== '/ws') return;
  sockets.handleUpgrade(request, socket, head, (session) => {
    joined();
    session.on('close', left);
    session.on('message', (data, binary) => {
      counts.received += 1;
      counts.sent += 1;
      session.send(data, { binary });
    });
  });
});
io.on('connection', (session) => {
  joined();
  session.on('disconnect', left);
  session.on('echo', (text) => {
    counts.received += 1;
    counts.sent += 1;
    session.emit('echo', text);
  });
});

server.listen(0, '127.0.0.1', 10000, () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on('end', () => { console.log(JSON.stringify(counts)); process.exit(0); });
