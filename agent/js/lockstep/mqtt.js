// `lockstep/mqtt` as JavaScript, made from what mqtt.cc provides. Evaluates to (native) => ({ connect, connectAsync,
// MqttClient, default }); native: Emitter (emitter.js), open, publish, subscribe, unsubscribe, close, dropped, decode,
// warn, after, cancel, and iteration, which returns another number in each.
(function (native) {
  'use strict';

  const OPTIONS = ['ca', 'cert', 'clean', 'clientId', 'connectTimeout', 'keepalive', 'key', 'passphrase', 'password',
    'properties', 'protocolVersion', 'reconnectPeriod', 'rejectUnauthorized', 'resubscribe', 'tags', 'username', 'will'];

  const PUBLISH_OPTIONS = ['dup', 'properties', 'qos', 'retain'];
  const SUBSCRIBE_OPTIONS = ['nl', 'properties', 'qos', 'rap', 'rh'];
  const checkNames = (what, options, known) => {
    for (const name of Object.keys(options)) {
      if (!known.includes(name)) throw new TypeError(`${what}: unknown option "${name}"; there are ${known.join(', ')}`);
    }
  };

  // Bytes that show themselves as text, as those of mqtt.js do.
  class Payload extends Uint8Array {
    static get [Symbol.species]() { return Uint8Array; }
    toString() { return native.decode(this); }
    toJSON() { return this.toString(); }
  }

  // What a function without a callback is: a promise.
  const orPromise = (callback, start) => {
    if (callback !== undefined) {
      if (typeof callback !== 'function') throw new TypeError(`a callback must be a function, got ${typeof callback}`);
      start(callback);
      return undefined;
    }
    return new Promise((resolve, reject) => start((error, value) => (error ? reject(error) : resolve(value))));
  };

  // A failure that nobody asked to hear of.
  const orWarn = (error) => {
    if (error) native.warn(error.message);
  };

  class MqttClient extends native.Emitter {
    #url;
    #number = 0;
    #connected = false;
    #ended = false;
    #everConnected = false;
    #iteration = native.iteration();
    #timer;
    #waiting = [];  // what was asked for without a connection
    #calls = new Map();  // unanswered, by number
    #filters = new Map();  // subscribed to, with their options

    constructor(url, options = {}) {
      super();
      if (typeof url !== 'string' && !(typeof url === 'object' && url !== null && 'href' in url)) {
        throw new TypeError('mqtt.connect(): the URL of a broker is expected, such as mqtt://host:1883');
      }
      if (options === null || typeof options !== 'object') throw new TypeError('mqtt.connect(): the options must be an object');
      checkNames('mqtt.connect()', options, OPTIONS);
      const { reconnectPeriod = 0 } = options;
      if (typeof reconnectPeriod !== 'number' || !(reconnectPeriod >= 0)) {
        throw new TypeError(`mqtt.connect(): reconnectPeriod: milliseconds are expected, 0 for never, got ${String(reconnectPeriod)}`);
      }
      this.#url = String(url);
      this.options = { reconnectPeriod: 1000, resubscribe: true, ...options };
      this.#open();
    }
    get connected() { return this.#connected && !this.#stale; }
    get reconnecting() { return !this.#connected && !this.disconnecting && this.#everConnected; }
    get disconnecting() { return this.#ended || this.#stale; }

    publish(topic, message, options, callback) {
      if (typeof options === 'function') [options, callback] = [undefined, options];
      this.publishAsync(topic, message, options, callback ?? orWarn);
      return this;
    }
    publishAsync(topic, message, options, callback) {
      return orPromise(callback, (done) => this.#ask(done, () => {
        if (typeof options === 'object' && options !== null) checkNames('publish()', options, PUBLISH_OPTIONS);
        return native.publish(this.#number, topic, message, options ?? {});
      }, true));
    }
    subscribe(filters, options, callback) {
      if (typeof options === 'function') [options, callback] = [undefined, options];
      this.subscribeAsync(filters, options, callback ?? orWarn);
      return this;
    }
    // Filters may be a text, a list of texts, or an object with the QoS of each.
    subscribeAsync(filters, options, callback) {
      const groups = new Map();
      const add = (filter, how) => {
        if (how !== null && typeof how !== 'object') throw new TypeError('subscribe(): the options must be an object');
        checkNames('subscribe()', how ?? {}, SUBSCRIBE_OPTIONS);
        const kind = JSON.stringify(how ?? {});
        if (!groups.has(kind)) groups.set(kind, { how: how ?? {}, list: [] });
        groups.get(kind).list.push(String(filter));
      };
      if (typeof filters === 'string' || Array.isArray(filters)) {
        for (const filter of [filters].flat()) add(filter, options ?? null);
      } else if (filters !== null && typeof filters === 'object') {
        for (const [filter, given] of Object.entries(filters)) add(filter, given ?? null);
      } else {
        throw new TypeError('subscribe(): a filter, a list of filters, or an object with filters is expected');
      }
      if (groups.size === 0) throw new TypeError('subscribe(): at least one filter is expected');
      return orPromise(callback, (done) => {
        const granted = [];
        let left = groups.size;
        let failed;
        for (const { how, list } of groups.values()) {
          this.#ask((error, codes) => {
            failed ??= error;
            for (const [i, filter] of list.entries()) {
              granted.push({ topic: filter, qos: codes?.[i] ?? 128 });
              if (codes?.[i] < 128) this.#filters.set(filter, how); else failed ??= new Error(`the broker refused the subscription to ${filter}`);
            }
            left -= 1;
            if (left === 0) done(failed ?? null, granted);
          }, () => native.subscribe(this.#number, list, how));
        }
      });
    }
    unsubscribe(filters, callback) {
      this.unsubscribeAsync(filters, callback ?? orWarn);
      return this;
    }
    unsubscribeAsync(filters, callback) {
      const list = [filters].flat().map(String);
      return orPromise(callback, (done) => this.#ask((error) => {
        for (const filter of list) this.#filters.delete(filter);
        done(error);
      }, () => native.unsubscribe(this.#number, list)));
    }
    // After what was asked for is answered; `force`: at once, without a goodbye, so that the broker publishes the will.
    end(force, callback) {
      if (typeof force === 'function') [force, callback] = [false, force];
      this.endAsync(force, callback ?? orWarn);
      return this;
    }
    endAsync(force = false, callback = undefined) {
      return orPromise(callback, (done) => {
        if (this.#stale) {
          done(null);
          return;
        }
        if (this.#number === 0) {
          if (this.#timer !== undefined) native.cancel(this.#timer);
          this.#timer = undefined;
          if (!this.#ended) this.#end(new Error('connection closed'));
          done(null);
          return;
        }
        this.once('end', () => done(null));
        this.#ended = true;
        if (force === true || this.#connected || this.#waiting.length === 0) native.close(this.#number, force === true);
      });
    }

    // An iteration that is cut takes its connections with it, and no event tells of that.
    get #stale() { return this.#iteration !== native.iteration(); }
    // Asks now or when there is a connection; `done` gets what it is answered.
    #ask(done, ask, publication = false) {
      if (this.#stale) {
        if (publication) native.dropped(this.#url, 1);
        done(new Error('the connection has ended with its iteration: each iteration makes its own'));
        return;
      }
      if (this.#ended) {
        done(new Error('client disconnecting'));
        return;
      }
      const start = () => {
        let number;
        try {
          number = ask();
        } catch (error) {
          done(error);
          return;
        }
        this.#calls.set(number, done);
      };
      if (this.#connected) start(); else this.#waiting.push({ start, done, publication });
    }
    #open() {
      this.#number = native.open(this.#url, { ...this.options }, (...event) => this.#on(...event));
    }
    #on(what, first, ...rest) {
      switch (what) {
        case 'connect':
          this.#connected = true;
          if (this.#everConnected && this.options.resubscribe && !first && !this.#ended) this.#resubscribe();
          this.#everConnected = true;
          for (const { start } of this.#waiting.splice(0)) start();
          this.tell('connect', { cmd: 'connack', sessionPresent: first });
          if (this.#ended) native.close(this.#number, false);
          break;
        case 'message': {
          const [payload, packet] = rest;
          const bytes = new Payload(payload);
          this.tell('message', first, bytes, { cmd: 'publish', topic: first, payload: bytes, ...packet });
          break;
        }
        case 'answer': {
          const [error, value] = rest;
          const done = this.#calls.get(first);
          this.#calls.delete(first);
          done?.(error === '' ? null : new Error(error), value);
          break;
        }
        default:
          this.#closed(first);
      }
    }
    #resubscribe() {
      for (const [filter, how] of this.#filters) this.#ask(orWarn, () => native.subscribe(this.#number, [filter], how));
    }
    #closed(why) {
      this.#connected = false;
      const lost = new Error(why === '' ? 'connection closed' : why);
      const calls = [...this.#calls.values()];
      this.#calls.clear();
      const { reconnectPeriod } = this.options;
      try {
        for (const done of calls) done(lost);
        if (why !== '' && !this.tell('error', lost)) native.warn(why);
        this.tell('close');
        if (!this.#ended && reconnectPeriod > 0) this.tell('offline');
      } finally {
        this.#number = 0;  // not before: whoever ends the client in one of these events hears its end after them
      }
      if (!this.#ended && reconnectPeriod > 0) {
        this.#timer = native.after(Number(reconnectPeriod), () => {
          this.#timer = undefined;
          if (this.#ended) return;
          this.tell('reconnect');
          if (!this.#ended) this.#open();
        });
        return;
      }
      this.#end(lost);
    }
    // What still waits for a connection will not get any.
    #end(why) {
      this.#ended = true;
      const waiting = this.#waiting.splice(0);
      native.dropped(this.#url, waiting.filter(({ publication }) => publication).length);
      for (const { done } of waiting) done(why);
      this.tell('end');
    }
  }

  const connect = (url, options) => new MqttClient(url, options);
  // Settles with the first attempt: there is no other if that fails.
  const connectAsync = (url, options = {}) => new Promise((resolve, reject) => {
    const client = connect(url, options);
    const failed = (error) => {
      client.end(true);
      reject(error);
    };
    client.once('error', failed);
    client.once('connect', () => {
      client.off('error', failed);
      resolve(client);
    });
  });
  return { connect, connectAsync, MqttClient, default: { connect, connectAsync, MqttClient } };
})
