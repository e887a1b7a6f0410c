// Blob and File for scripts. Evaluates to (native) => ({ Blob, File, isBlob, isFile, bytesOf, copyOf, fileOf, bodyOf }); native: Host,
// a class whose objects structuredClone asks about; encode(text) and decode(bytes), to and from UTF-8; streams(), which returns the
// exports of k6/experimental/streams; and bindMethods (bound_methods.js).
((native) => {
  'use strict';

  const bytesOf = (part) => {
    if (isBlob(part)) return part.content();
    if (part instanceof ArrayBuffer) return new Uint8Array(part.slice(0));
    if (ArrayBuffer.isView(part)) return new Uint8Array(part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength));
    return new Uint8Array(native.encode(String(part)));
  };
  const join = (parts) => {
    if (typeof parts !== 'object') throw new TypeError(`Blob: an array of parts is expected, got a ${typeof parts}`);
    const pieces = Array.from(parts, bytesOf);
    const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  };
  // Bytes that a new Blob may keep as they are: nobody writes to those of another.
  class Shared {
    constructor(bytes) { this.bytes = bytes; }
  }

  // What is not a type, as it has a line break, say, is none. Its case is kept, as k6's Blob keeps it.
  const normalType = (type) => (/^[\x20-\x7e]*$/.test(type) ? type : '');

  class Blob extends native.Host {
    #bytes;
    #type;
    constructor(parts = [], options = {}) {
      super();
      this.#bytes = parts instanceof Shared ? parts.bytes : join(parts);
      this.#type = normalType(String((options && options.type) || ''));
    }
    content() { return this.#bytes; }
    get size() { return this.#bytes.length; }
    get type() { return this.#type; }
    async arrayBuffer() { return this.#bytes.slice().buffer; }
    async bytes() { return this.#bytes.slice(); }
    async text() { return native.decode(this.#bytes).replace(/^\ufeff/, ''); }
    // One chunk, if there are bytes.
    stream() {
      const bytes = this.#bytes.slice();
      const { ReadableStream } = native.streams();
      return new ReadableStream({
        type: 'bytes',
        start(controller) {
          if (bytes.length > 0) controller.enqueue(bytes);
          controller.close();
        },
      });
    }
    slice(start, end, type) { return new Blob(new Shared(this.#bytes.slice(start, end)), { type }); }
    static is(value) { return typeof value === 'object' && value !== null && #bytes in value; }
  }
  const isBlob = Blob.is;
  delete Blob.is;

  class File extends Blob {
    #name;
    #lastModified;
    constructor(parts, name, options = {}) {
      if (arguments.length < 2) throw new TypeError('File: parts and a name are expected');
      super(parts, options);
      const { lastModified } = options ?? {};
      this.#name = String(name);
      this.#lastModified = lastModified === undefined ? Date.now() : Math.trunc(Number(lastModified)) || 0;
    }
    get name() { return this.#name; }
    get lastModified() { return this.#lastModified; }
    get webkitRelativePath() { return ''; }
    static is(value) { return typeof value === 'object' && value !== null && #name in value; }
  }
  const isFile = File.is;
  delete File.is;

  for (const type of [Blob, File]) {
    Object.defineProperty(type.prototype, Symbol.toStringTag, { value: type.name, configurable: true });
  }
  Object.setPrototypeOf(Blob.prototype, Object.prototype);  // as in browsers; what makes an instance is found by the class
  native.bindMethods(Blob);

  // Another Blob or File of the same bytes; undefined of other values.
  const copyOf = (value) => {
    if (!isBlob(value)) return undefined;
    const bytes = new Shared(value.content());
    const { type } = value;
    return isFile(value) ? new File(bytes, value.name, { type, lastModified: value.lastModified }) : new Blob(bytes, { type });
  };
  // The same as a File, under another name if that is given.
  const fileOf = (blob, name = isFile(blob) ? blob.name : 'blob') =>
    new File(new Shared(blob.content()), name, { type: blob.type, lastModified: isFile(blob) ? blob.lastModified : undefined });
  // What a Blob is as a body or as a field of a form; undefined of other values.
  const bodyOf = (value) =>
    isBlob(value) ? { bytes: value.content(), type: value.type, filename: isFile(value) ? value.name : 'blob' } : undefined;

  return { Blob, File, isBlob, isFile, bytesOf, copyOf, fileOf, bodyOf };
})
