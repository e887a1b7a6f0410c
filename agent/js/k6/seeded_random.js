// Replaces Math.random of this context by Go's generator, which k6 has. Evaluates to the function (buffer) that does; `buffer` is
// the generator's state. In JavaScript, as the optimiser inlines it, which it could not do with a function of ours.
(function (buffer) {
  const words = new Int32Array(buffer);  // the low and the high half of each number
  let tap = 0, feed = 334;
  const next = () => {
    tap = tap === 0 ? 606 : tap - 1;
    feed = feed === 0 ? 606 : feed - 1;
    const low = (words[2 * feed] >>> 0) + (words[2 * tap] >>> 0);
    const high = words[2 * feed + 1] + words[2 * tap + 1] + (low > 4294967295 ? 1 : 0);
    words[2 * feed] = low;
    words[2 * feed + 1] = high;
    return ((high & 2147483647) * 4294967296 + (low >>> 0)) / 9223372036854775808;
  };
  Math.random = () => {
    let number = next();
    while (number === 1) number = next();  // rounded up
    return number;
  };
})
