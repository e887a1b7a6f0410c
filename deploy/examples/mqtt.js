// MQTT: each device listens to its commands and sends a reading, which a command answers here. It needs a broker, such as
// mosquitto: mosquitto -p 1883
import mqtt from 'lockstep/mqtt';
import { check } from 'k6';
import exec from 'k6/execution';

const target = __ENV.MQTT_TARGET || 'mqtt://127.0.0.1:1883';

export const options = {
  scenarios: { devices: { executor: 'per-vu-iterations', vus: 5, iterations: 2 } },
  thresholds: {
    checks: ['rate==1'],
    'mqtt_publish_duration{qos:1}': ['p(95)<500'],
    'mqtt_msgs_received{qos:1}': ['count==10'],
  },
};

export default async function () {
  const topic = `lockstep/${exec.vu.idInTest}/${__ITER}`; // __VU counts anew on each agent
  const client = await mqtt.connectAsync(target);
  const heard = new Promise((resolve) => client.on('message', (_, payload) => resolve(JSON.parse(payload))));

  const [granted] = await client.subscribeAsync(`${topic}/#`, { qos: 1 });
  check(granted, { 'the subscription was granted': ({ qos }) => qos === 1 });

  await client.publishAsync(`${topic}/readings`, JSON.stringify({ celsius: 21.5 }), { qos: 1 });
  check(await heard, { 'the reading came back': ({ celsius }) => celsius === 21.5 });
  await client.endAsync();
}
