// gRPC: one call that waits for its answer, several side by side, and a stream. Needs a server with the service of
// desk.proto: scripts/serve --grpc-port 50051
import { Client, Stream, StatusOK, StatusNotFound } from 'k6/net/grpc';
import { check } from 'k6';

const address = __ENV.GRPC_TARGET || '127.0.0.1:50051';
const client = new Client();
client.load([], 'desk.proto');

export const options = {
  scenarios: { desk: { executor: 'per-vu-iterations', vus: 5, iterations: 4 } },
  thresholds: {
    checks: ['rate==1'],
    'grpc_req_duration{method:Greet}': ['p(95)<200'],
    grpc_streams_msgs_received: ['count==60'],
  },
};

export default async function () {
  if (__ITER === 0) {
    client.connect(address, { plaintext: true }); // the connection stays for the VU's other iterations
  }

  const greeting = client.invoke('suite.Desk/Greet', { name: 'ada', times: 1 }, { metadata: { 'x-client': 'example' } });
  check(greeting, {
    'a greeting': (r) => r.status === StatusOK && r.message.text === 'hello ada',
    'the metadata came back': (r) => r.headers['x-srv'][0] === 'example',
  });

  const answers = await Promise.all(
    ['grace', 'nobody'].map((name) => client.asyncInvoke('suite.Desk/Greet', { name, times: 1 })),
  );
  check(answers, { 'a status is a result': ([, nobody]) => nobody.status === StatusNotFound && nobody.error.message !== '' });

  await new Promise((resolve) => {
    const stream = new Stream(client, 'suite.Desk/Chat');
    stream.on('data', (message) => check(message, { 'an answer each': (m) => m.text.startsWith('re:') }));
    stream.on('error', (error) => console.error(`the stream failed: ${error.message}`));
    stream.on('end', resolve);
    for (const name of ['one', 'two', 'bye']) {
      stream.write({ name });
    }
    stream.end();
  });
}
