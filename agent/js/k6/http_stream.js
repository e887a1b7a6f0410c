// The body of a response with `responseType: 'stream'`: what a script needs of the web's ReadableStream. Evaluates to the
// function (native) => (number) => stream; native: read(number), a promise of the next ArrayBuffer or of undefined, and
// stop(number).
(function (native) {
  'use strict';

  class ReadableStream {
    #number;
    #locked = false;
    constructor(number) { this.#number = number; }
    get locked() { return this.#locked; }
    getReader() {
      if (this.#locked) throw new TypeError('the stream is locked to another reader');
      this.#locked = true;
      let released = false;
      const mine = (what) => {
        if (released) throw new TypeError(`${what}(): the reader has released its lock`);
      };
      return {
        read: async () => {
          mine('read');
          return this.#read();
        },
        cancel: async () => {
          mine('cancel');
          native.stop(this.#number);
        },
        releaseLock: () => {
          this.#locked &&= released;
          released = true;
        },
      };
    }
    async cancel() {
      if (this.#locked) throw new TypeError('cancel(): the stream is locked to a reader');
      native.stop(this.#number);
    }
    // Leaving the loop early ends the stream.
    async* [Symbol.asyncIterator]() {
      if (this.#locked) throw new TypeError('the stream is locked to another reader');
      this.#locked = true;
      try {
        for (;;) {
          const { value, done } = await this.#read();
          if (done) return;
          yield value;
        }
      } finally {
        native.stop(this.#number);
        this.#locked = false;
      }
    }
    get [Symbol.toStringTag]() { return 'ReadableStream'; }

    async #read() {
      const bytes = await native.read(this.#number);
      return bytes === undefined ? { value: undefined, done: true } : { value: new Uint8Array(bytes), done: false };
    }
  }

  return (number) => new ReadableStream(number);
})
