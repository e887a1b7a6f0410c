import data from './data.json' with { type: 'json' };

interface Data {
  n: number;
}

export default function (): void {
  const typed: Data = data;
  console.log('@R ' + JSON.stringify(typed.n));
}
