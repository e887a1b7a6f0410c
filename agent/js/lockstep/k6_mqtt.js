// `k6/x/mqtt` as JavaScript, made from what mqtt.cc provides. Evaluates to (native) => ({ Client, QoS }); native: Emitter (emitter.js), open,
// known, publish, subscribe, unsubscribe, wait, close, unknown, warn.
(function (native) {
  'use strict';

  const QoS = Object.freeze({ AtMostOnce: 0, AtLeastOnce: 1, ExactlyOnce: 2 });
  // What may be waited for, besides the answer to a request.
  const CONNECTED = 0;
  const CLOSED = -1;
  const REFUSED = 128;  // from here on, of what a broker grants a subscription

  class MQTTError extends Error {
    constructor(method, message) {
      super(message);
      Object.defineProperty(this, 'name', { value: 'MQTTError', configurable: true });
      this.method = method;
    }
  }

  const CLIENT = ['clientId', 'client_id', 'credentials_provider', 'password', 'tags', 'username', 'will'];
  const CONNECT = ['clean_session', 'connect_timeout', 'keepalive', 'servers', 'tags'];
  const CREDENTIALS = ['password', 'username'];
  const PUBLISH = ['qos', 'retain', 'tags'];
  const SUBSCRIBE = ['qos', 'tags'];
  const WILL = ['payload', 'qos', 'retain', 'topic'];
  const EVENTS = ['connect', 'end', 'error', 'message', 'reconnect'];

  // k6 takes no notice of names that it does not know, so that they are not errors.
  const warnOfUnknown = (where, what, names, known) => {
    for (const name of names) if (!known.includes(name)) native.unknown(`k6/x/mqtt: ${where}`, what, name, known);
  };
  const optionsOf = (where, options, known) => {
    if (options === undefined || options === null) return {};
    if (typeof options !== 'object') throw new TypeError(`${where}: the options must be an object, got ${typeof options}`);
    warnOfUnknown(where, 'option', Object.keys(options), known);
    return options;
  };
  // Without any, a broker may let the client in as somebody else.
  const credentialsOf = (given) => {
    if (typeof given === 'object' && given !== null && typeof given.then !== 'function') return optionsOf('credentials_provider()', given, CREDENTIALS);
    throw new TypeError(`credentials_provider must return an object with username and password, got ${typeof given?.then === 'function' ? 'a promise' : typeof given}`);
  };
  const withScheme = (url) => (String(url).includes('://') ? String(url) : `mqtt://${url}`);
  const withoutNothing = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null));
  const refusalIn = (filters, granted) => filters.find((_, i) => !(granted?.[i] < REFUSED));

  const whyNot = (refusal, why, granted) => {
    const refused = why === '' ? refusal?.(granted) : undefined;
    return refused === undefined ? why : `the broker refused the subscription to ${refused}`;
  };

  class Client extends native.Emitter {
    #options;
    #plan;  // the broker's URLs and the options of the last connect()
    #session;  // of the connection that there is, or is being made
    #connected = false;
    #ended = [];  // called when the connection has ended

    constructor(options) {
      super();
      this.#options = optionsOf('new Client()', options, CLIENT);
      if (typeof this.#options.will === 'object') optionsOf('new Client(): will', this.#options.will, WILL);
    }
    on(event, listener) {
      warnOfUnknown('on()', 'event', [String(event)], EVENTS);
      return super.on(event, listener);
    }
    get connected() {
      this.#live();
      return this.#connected;
    }

    // Waits for the connection; the event comes later.
    connect(url, options) {
      const alone = typeof url === 'object' && url !== null;
      const given = optionsOf('connect()', alone ? url : options, CONNECT);
      const urls = [...(alone || url === undefined ? [] : [url]), ...(given.servers ?? [])].map(withScheme);
      if (urls.length === 0) throw new TypeError('connect(): the URL of a broker is expected, such as mqtt://host:1883');
      this.#plan = { urls, given };
      this.#dial('connect');
    }
    reconnect() {
      if (this.#plan === undefined) throw new MQTTError('reconnect', 'there was no connection before');
      if (this.connected) this.end();
      this.tell('reconnect');
      this.#dial('reconnect');
    }
    subscribe(topics, options) {
      const filters = [topics].flat().map(String);
      this.#wait('subscribe', (number) => native.subscribe(number, filters, optionsOf('subscribe()', options, SUBSCRIBE)),
        (granted) => refusalIn(filters, granted));
    }
    subscribeAsync(topics, options) {
      const filters = [topics].flat().map(String);
      return this.#promise('subscribeAsync', (number) => native.subscribe(number, filters, optionsOf('subscribeAsync()', options, SUBSCRIBE)),
        (granted) => refusalIn(filters, granted));
    }
    unsubscribe(topics) {
      this.#wait('unsubscribe', (number) => native.unsubscribe(number, [topics].flat().map(String)));
    }
    unsubscribeAsync(topics) {
      return this.#promise('unsubscribeAsync', (number) => native.unsubscribe(number, [topics].flat().map(String)));
    }
    publish(topic, payload, options) {
      this.#wait('publish', (number) => native.publish(number, topic, payload, optionsOf('publish()', options, PUBLISH)));
    }
    publishAsync(topic, payload, options) {
      return this.#promise('publishAsync', (number) => native.publish(number, topic, payload, optionsOf('publishAsync()', options, PUBLISH)));
    }
    end() {
      const session = this.#leave();
      if (session !== undefined) this.#closed(session, native.wait(session.number, CLOSED)[0]);
    }
    endAsync() {
      return new Promise((resolve) => {
        if (this.#leave() === undefined) resolve(); else this.#ended.push(resolve);
      });
    }

    // The connection that there is, or is being made. That an iteration's end has cut one is not an event of the script's.
    #live() {
      if (this.#session !== undefined && !native.known(this.#session.number)) {
        this.#session = undefined;
        this.#connected = false;
        this.#ended = [];
      }
      return this.#session;
    }
    // The connection that is to end, which goes on until what is under way has arrived.
    #leave() {
      const session = this.#live();
      if (session !== undefined && !session.leaving) {
        session.leaving = true;
        native.close(session.number, false);
      }
      this.#connected = false;
      return session;
    }
    // Whoever listens to errors gets it; otherwise it is thrown.
    #fail(method, message) {
      const error = new MQTTError(method, message);
      if (!this.tell('error', error)) throw error;
    }
    #dial(method) {
      if (this.#live() !== undefined) {
        this.#fail(method, 'the client has a connection already');
        return;
      }
      const { client_id: clientId = this.#options.clientId, username, password, credentials_provider: provider, will, tags } = this.#options;
      const { urls, given } = this.#plan;
      const credentials = provider === undefined ? { username, password } : credentialsOf(provider());
      const options = withoutNothing({
        client_id: clientId, will, ...credentials, tags: { ...tags, ...given.tags }, keepalive: given.keepalive,
        connect_timeout: given.connect_timeout, clean_session: given.clean_session,
      });
      let why = '';
      for (const url of urls) {
        const session = { calls: new Map(), leaving: false };
        session.number = native.open(url, options, (...event) => this.#on(session, ...event));
        this.#session = session;
        [why] = native.wait(session.number, CONNECTED);
        if (why === '') {
          this.#connected = true;
          return;
        }
        this.#session = undefined;
      }
      this.#fail(method, why);
    }
    // The number of a request. What the script has written wrongly is thrown as it is.
    #ask(ask, failed) {
      if (!this.connected) {
        failed('the client has no connection');
        return undefined;
      }
      try {
        return ask(this.#session.number);
      } catch (error) {
        if (error instanceof TypeError) throw error;
        failed(error.message);
        return undefined;
      }
    }
    // Asks for something and waits until it is answered. `refusal` finds in an answer what was refused.
    #wait(method, ask, refusal) {
      const id = this.#ask(ask, (why) => this.#fail(method, why));
      if (id === undefined) return;
      const why = whyNot(refusal, ...native.wait(this.#session.number, id));
      if (why !== '') this.#fail(method, why);
    }
    #promise(method, ask, refusal) {
      return new Promise((resolve, reject) => {
        const failed = (why) => reject(new MQTTError(method, why));
        const id = this.#ask(ask, failed);
        if (id === undefined) return;
        this.#session.calls.set(id, (...answer) => {
          const why = whyNot(refusal, ...answer);
          if (why === '') resolve(); else failed(why);
        });
      });
    }
    #on(session, what, first, ...rest) {
      switch (what) {
        case 'connect':
          if (session === this.#session) this.tell('connect');
          break;
        case 'message':
          this.tell('message', first, rest[0]);
          break;
        case 'answer': {
          const done = session.calls.get(first);
          session.calls.delete(first);
          done?.(...rest);
          break;
        }
        default:
          this.#closed(session, first);
      }
    }
    #closed(session, why) {
      if (session !== this.#session) return;  // its end has been told already
      this.#session = undefined;
      this.#connected = false;
      for (const done of session.calls.values()) done(why === '' ? 'connection closed' : why);
      if (why !== '' && !this.tell('error', new MQTTError('connect', why))) native.warn(why);
      this.tell('end');
      for (const done of this.#ended.splice(0)) done();
    }
  }

  return { Client, QoS };
})
