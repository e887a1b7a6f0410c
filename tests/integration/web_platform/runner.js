// Runs files of the web-platform-tests: a VU each, with the harness of the project. Prints a line for each test:
// "WPT [file, name, status, message]", with the harness' numbers: 0 is a pass.
import * as streams from 'k6/experimental/streams';

const { files, data } = JSON.parse(open(__ENV.LIST));
export const options = {
  scenarios: { files: { executor: 'per-vu-iterations', vus: files.length, iterations: 1, maxDuration: '5m' } },
};
const texts = new Map(files.flatMap(({ scripts }) => scripts).map((path) => [path, open(`./${path}`)]));
const documents = new Map(Object.entries(data).map(([name, path]) => [name, open(path)]));
const harness = open('./resources/testharness.js');

// What the tests may use, which scripts have that name it: WebAssembly, at, hasOwn, findLast, findLastIndex.
const tell = (...row) => console.log(`WPT ${JSON.stringify(row)}`);

export default async function () {
  const { file, scripts } = files[__VU - 1];
  const fetched = globalThis.fetch;
  const alive = setInterval(() => {}, 1000);  // what signals wait for does not keep an iteration from ending
  Object.assign(globalThis, streams.default ?? streams, {
    self: globalThis,
    GLOBAL: { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false },
    location: { href: 'http://web-platform.test/', pathname: '/', search: '' },
    // Of the files beside the tests.
    fetch: (url, ...more) => {
      const known = documents.get(String(url).split('/').pop());
      return known === undefined ? fetched(url, ...more) : Promise.resolve({ json: async () => JSON.parse(known) });
    },
  });
  (0, eval)(harness);
  const finished = new Promise((resolve) => add_completion_callback((tests) => resolve(tests)));
  (0, eval)(scripts.map((path) => texts.get(path)).join('\n;\n'));
  done();
  for (const { name, status, message } of await finished) tell(file, name, status, message && String(message));
  clearInterval(alive);
}
