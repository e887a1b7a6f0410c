// The class Client of `k6/x/redis`. Evaluates to (native) => ({ Client }); native: open(options), which returns a number,
// command(client, words, key), which returns the promise of a reply: null, a text, a number or an array of these, and
// bindMethods (bound_methods.js).
((native) => {
  // Buffers are texts, as certificates in PEM are.
  const plain = (key, value) => {
    if (value instanceof ArrayBuffer) value = new Uint8Array(value);
    return ArrayBuffer.isView(value)
      ? Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), (byte) => String.fromCharCode(byte)).join('')
      : value;
  };
  const wordOf = (value, index) => {
    if (typeof value === 'string') return value;
    if (typeof value === 'boolean') return value ? '1' : '0';
    if (typeof value === 'number') return String(value);
    throw new TypeError(`unsupported type for argument at index ${index}; supported types are string, number, and boolean`);
  };
  // An array in the place of a list of arguments is one, too.
  const flat = (values) => values.flat(1);
  const there = (reply) => {
    if (reply === null) throw new Error('redis: nil');
    return reply;
  };
  const yes = (reply) => reply === 1;
  const object = (reply) => {
    const result = {};
    for (let i = 0; i + 1 < reply.length; i += 2) result[reply[i]] = reply[i + 1];
    return result;
  };
  // Which word of other commands is the key is a question that Redis answers itself; mostly the first behind the name.
  const keyOf = (words) => {
    const name = words[0].toUpperCase();
    if (['EVAL', 'EVALSHA', 'EVAL_RO', 'EVALSHA_RO', 'FCALL', 'FCALL_RO'].includes(name)) return Number(words[2]) > 0 ? 3 : undefined;
    if (['XREAD', 'XREADGROUP'].includes(name)) return words.findIndex((word) => word.toUpperCase() === 'STREAMS') + 1 || undefined;
    if (['OBJECT', 'XGROUP', 'XINFO', 'MEMORY', 'BITOP'].includes(name)) return 2;
    return words.length > 1 ? 1 : undefined;
  };

  // After these a connection sends what nobody has asked for, which would be taken for the reply to another command.
  const refuseListening = (words) => {
    const name = words[0].toUpperCase();
    if (['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'MONITOR', 'SYNC', 'PSYNC'].includes(name) ||
        (name === 'CLIENT' && words[1]?.toUpperCase() === 'REPLY')) {
      throw new Error(`redis: ${name} is not supported: every command must have one reply`);
    }
  };

  class Client {
    #number;
    constructor(options) {
      if (typeof options !== 'string' && (typeof options !== 'object' || options === null)) {
        throw new TypeError('redis: a URL or an object with options is expected');
      }
      this.#number = native.open(typeof options === 'string' ? options : JSON.stringify(options, plain), typeof options === 'string');
    }
    async #do(words, key = 1) {
      return native.command(this.#number, words.map(wordOf), key);
    }
    async set(key, value, expiration = 0) {
      const seconds = Number(expiration);
      if (Number.isNaN(seconds)) throw new TypeError(`redis: expiration: a number of seconds is expected, got ${String(expiration)}`);
      return this.#do(['SET', key, value, ...(seconds > 0 ? ['PX', Math.round(seconds * 1000)] : [])]);
    }
    async get(key) { return there(await this.#do(['GET', key])); }
    async getSet(key, value) { return there(await this.#do(['GETSET', key, value])); }
    async del(...keys) { return this.#do(['DEL', ...flat(keys)]); }
    async getDel(key) { return there(await this.#do(['GETDEL', key])); }
    async exists(...keys) { return this.#do(['EXISTS', ...flat(keys)]); }
    async incr(key) { return this.#do(['INCR', key]); }
    async incrBy(key, increment) { return this.#do(['INCRBY', key, increment]); }
    async decr(key) { return this.#do(['DECR', key]); }
    async decrBy(key, decrement) { return this.#do(['DECRBY', key, decrement]); }
    async randomKey() { return there(await native.command(this.#number, ['RANDOMKEY'])); }
    async mget(...keys) { return this.#do(['MGET', ...flat(keys)]); }
    async expire(key, seconds) { return yes(await this.#do(['EXPIRE', key, seconds])); }
    async ttl(key) { return this.#do(['TTL', key]); }
    async persist(key) { return yes(await this.#do(['PERSIST', key])); }
    async lpush(key, ...values) { return this.#do(['LPUSH', key, ...flat(values)]); }
    async rpush(key, ...values) { return this.#do(['RPUSH', key, ...flat(values)]); }
    async lpop(key) { return there(await this.#do(['LPOP', key])); }
    async rpop(key) { return there(await this.#do(['RPOP', key])); }
    async lrange(key, start, stop) { return this.#do(['LRANGE', key, start, stop]); }
    async lindex(key, index) { return there(await this.#do(['LINDEX', key, index])); }
    async lset(key, index, element) { return this.#do(['LSET', key, index, element]); }
    async lrem(key, count, value) { return this.#do(['LREM', key, count, value]); }
    async llen(key) { return this.#do(['LLEN', key]); }
    async hset(key, field, value) { return this.#do(['HSET', key, field, value]); }
    async hsetnx(key, field, value) { return yes(await this.#do(['HSETNX', key, field, value])); }
    async hget(key, field) { return there(await this.#do(['HGET', key, field])); }
    async hdel(key, ...fields) { return this.#do(['HDEL', key, ...flat(fields)]); }
    async hgetall(key) { return object(await this.#do(['HGETALL', key])); }
    async hkeys(key) { return this.#do(['HKEYS', key]); }
    async hvals(key) { return this.#do(['HVALS', key]); }
    async hlen(key) { return this.#do(['HLEN', key]); }
    async hincrby(key, field, increment) { return this.#do(['HINCRBY', key, field, increment]); }
    async sadd(key, ...members) { return this.#do(['SADD', key, ...flat(members)]); }
    async srem(key, ...members) { return this.#do(['SREM', key, ...flat(members)]); }
    async sismember(key, member) { return yes(await this.#do(['SISMEMBER', key, member])); }
    async smembers(key) { return this.#do(['SMEMBERS', key]); }
    async srandmember(key) { return there(await this.#do(['SRANDMEMBER', key])); }
    async spop(key) { return there(await this.#do(['SPOP', key])); }
    async sendCommand(command, ...args) {
      const words = [command, ...args].map(wordOf);
      refuseListening(words);
      return there(await native.command(this.#number, words, keyOf(words)));
    }
  }
  native.bindMethods(Client);
  return { Client };
})
