// Evaluates to the function (native) => { Client, Stream }, the classes of `k6/net/grpc`. `native` is what
// GrpcModule::MakeExports makes; it has a handle for each client, a number for each stream, and bindMethods (bound_methods.js).
(function (native) {
  'use strict';

  class Client {
    #handle = native.newClient();

    static handleOf(client) {
      return client !== null && typeof client === 'object' && #handle in client ? client.#handle : undefined;
    }
    load(importPaths, ...files) { return native.load(this.#handle, importPaths, files); }
    loadProtoset(path) { return native.loadProtoset(this.#handle, path); }
    connect(address, params) { return native.connect(this.#handle, address, params); }
    invoke(method, request, params) { return native.invoke(this.#handle, method, request, params); }
    asyncInvoke(method, request, params) {
      try {
        return native.asyncInvoke(this.#handle, method, request, params);
      } catch (error) {
        return Promise.reject(error);
      }
    }
    healthCheck(service, params) { return native.healthCheck(this.#handle, service, params); }
    close() { return native.close(this.#handle); }
  }
  const { handleOf } = Client;
  delete Client.handleOf;

  const EVENTS = ['data', 'error', 'end', 'status', 'metadata'];

  class Stream {
    #number;
    #handlers = {};

    constructor(client, method, params) {
      const handle = handleOf(client);
      if (handle === undefined) {
        throw new TypeError('invalid GRPC Stream\'s client: a Client of k6/net/grpc is expected');
      }
      this.#number = native.openStream(handle, method, params, (...event) => this.#emit(...event));
    }
    on(event, handler) {
      if (!EVENTS.includes(event)) {
        throw new TypeError(`unknown GRPC stream's event type: ${event}; there are ${EVENTS.join(', ')}`);
      }
      if (typeof handler !== 'function') {
        throw new TypeError(`handler for "${event}" event isn't a callable function`);
      }
      (this.#handlers[event] ??= []).push(handler);
    }
    write(message) { native.write(this.#number, message); }
    end() { native.end(this.#number); }

    // Whether anybody listens.
    #emit(event, ...values) {
      const handlers = this.#handlers[event] ?? [];
      for (const handler of handlers) handler(...values);
      return handlers.length > 0;
    }
  }

  native.bindMethods(Client);
  native.bindMethods(Stream);
  return { Client, Stream };
})
