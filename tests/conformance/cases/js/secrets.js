import secrets from 'k6/secrets';

export default async function () {
  const cool = await secrets.get('cool');
  const other = await (await secrets.source('another')).get('cool');
  let gone = '';
  try {
    await secrets.get('gone');
  } catch (error) {
    gone = error instanceof Error;
  }
  console.log('@R ' + JSON.stringify([cool === 'c' + 'ool secret', other.length, gone]));
  console.log('it is ' + cool + ' and ' + other);
}
