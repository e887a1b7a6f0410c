import { helper } from './lib/helper.js';

const text = open('./data.txt');

export const options = { iterations: 3, vus: 1 };

export default function () {
  console.log('@R ' + JSON.stringify([helper, text, __ENV.WHO]));
}
