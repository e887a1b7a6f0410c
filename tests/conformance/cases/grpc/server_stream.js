import grpc from 'k6/net/grpc';
const out = (name, value) => console.log(`@${name} ${JSON.stringify(value)}`);
const client = new grpc.Client();
client.load(['p'], 'suite.proto');
export default function () {
  client.connect(__ENV.T_GRPC, { plaintext: true });
  const texts = [];
  const stream = new grpc.Stream(client, 'suite.Desk/Count');
  stream.on('data', (message) => texts.push(message.text));
  stream.on('error', (e) => out('e', e));
  stream.on('end', () => { out('t', texts); client.close(); });
  stream.write({ name: 'ada', times: 3 });
}
