// Events and who listens to them, as Node.js has them; sockets and clients of modules derive from it. Evaluates to () => Emitter.
(function () {
  'use strict';

  const mustBeFunction = (what, value) => {
    if (typeof value !== 'function') throw new TypeError(`${what}: a function is expected, got ${value === null ? 'null' : typeof value}`);
  };

  return class Emitter {
    #listeners = new Map();
    on(event, listener) {
      mustBeFunction(`on("${event}")`, listener);
      this.#listeners.set(event, [...this.listeners(event), listener]);
      return this;
    }
    once(event, listener) {
      mustBeFunction(`once("${event}")`, listener);
      const first = (...args) => {
        this.off(event, first);
        listener.apply(this, args);
      };
      first.listener = listener;
      return this.on(event, first);
    }
    off(event, listener) {
      if (event === undefined) {
        this.#listeners.clear();
      } else if (listener === undefined) {
        this.#listeners.delete(event);
      } else {
        this.#listeners.set(event, this.listeners(event).filter((each) => each !== listener && each.listener !== listener));
      }
      return this;
    }
    addEventListener(event, listener) { return this.on(event, listener); }
    removeEventListener(event, listener) { return this.off(event, listener); }
    removeListener(event, listener) { return this.off(event, listener); }
    removeAllListeners(event) { return this.off(event); }
    listeners(event) { return this.#listeners.get(event) ?? []; }
    hasListeners(event) { return this.listeners(event).length > 0; }
    // Whether anybody listens.
    tell(event, ...args) {
      const listeners = this.listeners(event);
      for (const listener of listeners) listener.apply(this, args);
      return listeners.length > 0;
    }
  };
})
